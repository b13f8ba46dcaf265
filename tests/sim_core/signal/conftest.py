"""What the tests of the signals share: delay histories of a chosen course, without an ephemeris."""

from collections.abc import Callable, Sequence

import numpy as np
import pytest
from numpy.polynomial import chebyshev as cheb

from sim_core.geometry.delay_history import DelayHistory
from sim_core.geometry.epoch import Epoch

HistoryMaker = Callable[..., DelayHistory]


@pytest.fixture(scope="session")
def make_history() -> HistoryMaker:
    """Make a history from the power series of its delay in transmit time: tau(t) = sum c_k t^k."""

    def make(
        powers: Sequence[float], start_s: float = -100.0, stop_s: float = 100.0
    ) -> DelayHistory:
        # Expanded in t itself first: the fit's argument is x = t / 100 s for the default span.
        half_s, middle_s = 0.5 * (stop_s - start_s), 0.5 * (start_s + stop_s)
        reference_s = round(powers[0] * 2.0**20) / 2.0**20
        about = np.polynomial.Polynomial([powers[0] - reference_s, *powers[1:]])
        scaled = about(np.polynomial.Polynomial([middle_s, half_s]))
        delay = np.zeros(10)
        series = cheb.poly2cheb(scaled.coef)
        delay[: series.size] = series
        rate, acceleration = np.zeros(10), np.zeros(10)
        rate[:-1] = cheb.chebder(delay) / half_s
        acceleration[:-2] = cheb.chebder(delay, 2) / half_s**2
        return DelayHistory(
            epoch=Epoch(2451949.5, 6652.8),
            start_s=start_s,
            stop_s=stop_s,
            reference_delay_s=reference_s,
            coefficients=np.stack((delay, rate, acceleration))[:, None, :],
            downlink_coefficients=0.5 * delay[None, :],
            error_s=0.0,
            noise_s=0.0,
        )

    return make
