// What has been written for transmission, by tick, until nothing can receive it any more.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <vector>

#include "ticks.hpp"

namespace moonecho {

// One complex sample of the native format, CS16.
struct Sample {
    std::int16_t i;
    std::int16_t q;
};
static_assert(sizeof(Sample) == 4);

// Memory is taken for bursts alone and not for the silence between them: a delay of 2.7 s costs
// what is under way in it. Blocks of one size are used again, which spares the page faults of new
// memory.
class SampleMemory {
  public:
    static constexpr std::size_t kBlockSamples = 4096;
    using Block = std::array<Sample, kBlockSamples>;

    // A run of samples that lies in one block. Holding it keeps the block.
    struct Piece {
        std::shared_ptr<Block> block;
        std::size_t offset;
        Tick first;
        std::size_t count;

        Tick end() const { return first + static_cast<Tick>(count); }
        const Sample* data() const { return block->data() + offset; }
    };

    SampleMemory();

    // Room for samples that begin at a tick, which must not lie before the end of what is here. The
    // pieces are to be filled, and then given to `append`. Needs no lock of the caller's, so that
    // samples are copied outside it.
    std::vector<Piece> allocate(Tick first, std::size_t count);
    void append(std::vector<Piece> pieces);

    // Pieces that have samples in [first, end), cut to it, in rising order.
    std::vector<Piece> find(Tick first, Tick end) const;

    // Makes silence of what the pieces have in [first, end).
    static void silence(const std::vector<Piece>& pieces, Tick first, Tick end);

    void clear() { pieces_.clear(); }
    void erase_before(Tick tick);
    void erase_from(Tick tick);
    void erase_between(Tick first, Tick end);

  private:
    struct Pool {
        std::mutex mutex;
        std::vector<std::unique_ptr<Block>> spare;
    };

    std::shared_ptr<Block> take_block();

    std::shared_ptr<Pool> pool_;  // shared with the blocks, which may outlive the memory
    std::deque<Piece> pieces_;    // in rising order, none overlapping
};

}  // namespace moonecho
