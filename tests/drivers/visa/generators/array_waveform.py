"""A waveform of arrays, walked through in chunks of any length."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from drivers.visa.instrument import WaveformChunk


class ArrayWaveform:
    """Samples and markers that lie in memory."""

    def __init__(
        self,
        samples: NDArray[np.complex64] | NDArray[np.float32],
        markers: NDArray[np.uint8] | None = None,
        chunk: int = 1 << 16,
    ) -> None:
        self._samples = samples
        self._markers = np.zeros(len(samples), np.uint8) if markers is None else markers
        self._chunk = chunk
        self.walks = 0

    @property
    def samples(self) -> int:
        return len(self._samples)

    @property
    def is_complex(self) -> bool:
        return bool(np.iscomplexobj(self._samples))

    def chunks(self) -> Iterator[WaveformChunk]:
        self.walks += 1
        for first in range(0, len(self._samples), self._chunk):
            part = slice(first, first + self._chunk)
            yield WaveformChunk(self._samples[part], self._markers[part])


def random_waveform(samples: int, seed: int = 0, chunk: int = 1 << 16) -> ArrayWaveform:
    """Samples within full scale, with markers that change at random."""
    random = np.random.default_rng(seed)
    values = random.uniform(-1.0, 1.0, (samples, 2)).astype(np.float32)
    markers = random.integers(0, 4, samples).astype(np.uint8)
    return ArrayWaveform(values.view(np.complex64)[:, 0], markers, chunk)
