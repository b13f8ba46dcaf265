#include "sample_memory.hpp"

#include <algorithm>
#include <utility>

namespace moonecho {

namespace {

// More than this many spare blocks (64 MiB) are given back to the system.
constexpr std::size_t kMostSpareBlocks = 4096;

}  // namespace

SampleMemory::SampleMemory() : pool_(std::make_shared<Pool>()) {}

std::shared_ptr<SampleMemory::Block> SampleMemory::take_block() {
    std::unique_ptr<Block> block;
    {
        const std::lock_guard<std::mutex> lock(pool_->mutex);
        if (!pool_->spare.empty()) {
            block = std::move(pool_->spare.back());
            pool_->spare.pop_back();
        }
    }
    if (!block) block.reset(new Block);
    return {block.release(), [pool = pool_](Block* used) {
                std::unique_ptr<Block> spare(used);
                const std::lock_guard<std::mutex> lock(pool->mutex);
                if (pool->spare.size() < kMostSpareBlocks) pool->spare.push_back(std::move(spare));
            }};
}

std::vector<SampleMemory::Piece> SampleMemory::allocate(Tick first, std::size_t count) {
    std::vector<Piece> pieces;
    pieces.reserve((count + kBlockSamples - 1) / kBlockSamples);
    while (count > 0) {
        const std::size_t taken = std::min(count, kBlockSamples);
        pieces.push_back({take_block(), 0, first, taken});
        first += static_cast<Tick>(taken);
        count -= taken;
    }
    return pieces;
}

void SampleMemory::append(std::vector<Piece> pieces) {
    for (Piece& piece : pieces) {
        // Short writes in a row share a block, lest each should hold one of its own.
        if (!pieces_.empty() && piece.first == pieces_.back().end()) {
            Piece& last = pieces_.back();
            const std::size_t used = last.offset + last.count;
            if (used + piece.count <= kBlockSamples) {
                std::copy_n(piece.data(), piece.count, last.block->data() + used);
                last.count += piece.count;
                continue;
            }
        }
        pieces_.push_back(std::move(piece));
    }
}

std::vector<SampleMemory::Piece> SampleMemory::find(Tick first, Tick end) const {
    std::vector<Piece> found;
    auto it = std::lower_bound(pieces_.begin(), pieces_.end(), first,
                               [](const Piece& piece, Tick tick) { return piece.end() <= tick; });
    for (; it != pieces_.end() && it->first < end; ++it) {
        const Tick from = std::max(first, it->first);
        const Tick to = std::min(end, it->end());
        found.push_back({it->block, it->offset + static_cast<std::size_t>(from - it->first), from,
                         static_cast<std::size_t>(to - from)});
    }
    return found;
}

void SampleMemory::silence(const std::vector<Piece>& pieces, Tick first, Tick end) {
    for (const Piece& piece : pieces) {
        const Tick from = std::max(first, piece.first);
        const Tick to = std::min(end, piece.end());
        if (from >= to) continue;
        Sample* samples = piece.block->data() + piece.offset;
        std::fill(samples + (from - piece.first), samples + (to - piece.first), Sample{0, 0});
    }
}

void SampleMemory::erase_before(Tick tick) {
    while (!pieces_.empty() && pieces_.front().end() <= tick) pieces_.pop_front();
}

void SampleMemory::erase_from(Tick tick) {
    while (!pieces_.empty() && pieces_.back().first >= tick) pieces_.pop_back();
    if (!pieces_.empty() && pieces_.back().end() > tick) {
        pieces_.back().count = static_cast<std::size_t>(tick - pieces_.back().first);
    }
}

void SampleMemory::erase_between(Tick first, Tick end) {
    const auto begins_before = [](const Piece& piece, Tick tick) { return piece.first < tick; };
    const auto from = std::lower_bound(pieces_.begin(), pieces_.end(), first, begins_before);
    auto to = from;
    while (to != pieces_.end() && to->end() <= end) ++to;
    pieces_.erase(from, to);
}

}  // namespace moonecho
