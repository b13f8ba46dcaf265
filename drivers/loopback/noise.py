"""Receiver noise that depends on the seed and the pulse, and on nothing else."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

PULSES_PER_CHUNK = 16
"""Pulses that share a generator. Part of what a seed means: another number, another noise."""

# Word of the counter that says what the numbers are for, so that other random parts of the chain
# can draw from the same seed without meeting these.
_RECEIVER_NOISE = 1


class ReceiverNoise:
    """Complex white Gaussian noise for any range of pulses.

    Philox is a counter-based generator [1]_: any pair of keys gives a stream of its own at once.
    With the seed and the number of the chunk as keys, a pulse gets the same noise in whatever
    blocks, order or threads it is asked for.

    Parameters
    ----------
    rms : float
        Of the complex magnitude, in units of full scale.
    seed : int
        0 to 2^63 - 1.
    window_samples : int
        Length of a window.
    threads : int
        Threads to draw with.

    References
    ----------
    .. [1] J. K. Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC11 (2011).
    """

    def __init__(self, rms: float, seed: int, window_samples: int, threads: int) -> None:
        self._component_rms = np.float32(rms / np.sqrt(2.0))
        self._seed = seed
        self._window_samples = window_samples
        self._threads = threads

    def draw(self, first_pulse: int, pulses: int) -> NDArray[np.float32]:
        """Draw the noise of consecutive pulses.

        Parameters
        ----------
        first_pulse, pulses : int
            Which.

        Returns
        -------
        float32 array, shape (pulses, 2 * window_samples)
            In-phase and quadrature in turn, in units of full scale.
        """
        values = np.empty((pulses, 2 * self._window_samples), np.float32)
        end_pulse = first_pulse + pulses
        chunks = range(first_pulse // PULSES_PER_CHUNK, (end_pulse - 1) // PULSES_PER_CHUNK + 1)

        def fill(chunk: int) -> None:
            chunk_start = chunk * PULSES_PER_CHUNK
            start = max(chunk_start, first_pulse)
            stop = min(chunk_start + PULSES_PER_CHUNK, end_pulse)
            target = values[start - first_pulse : stop - first_pulse]
            if stop - start == PULSES_PER_CHUNK:
                self._fill_chunk(chunk, target)
            else:
                # The generator draws a varying number of words per value, so a chunk is always
                # drawn from its beginning.
                whole = np.empty((stop - chunk_start, 2 * self._window_samples), np.float32)
                self._fill_chunk(chunk, whole)
                target[:] = whole[start - chunk_start :]

        if self._threads > 1 and len(chunks) > 1:
            with ThreadPoolExecutor(self._threads) as pool:
                for _ in pool.map(fill, chunks):
                    pass
        else:
            for chunk in chunks:
                fill(chunk)
        return values

    def _fill_chunk(self, chunk: int, out: NDArray[np.float32]) -> None:
        philox = np.random.Philox(
            counter=np.array([0, 0, 0, _RECEIVER_NOISE], np.uint64),
            key=np.array([self._seed, chunk], np.uint64),
        )
        np.random.Generator(philox).standard_normal(dtype=np.float32, out=out)
        out *= self._component_rms
