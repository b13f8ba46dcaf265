from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim_core.errors import FocusingError
from sim_core.signal.window import NO_TAPER, Window, band_quadrature


@pytest.mark.parametrize(
    ("window", "loss_db"),
    [
        # Published losses, printed to 0.01 dB.
        (NO_TAPER, 0.0),
        (Window("generalized-hamming", alpha=0.75), -0.23),
        (Window("hamming"), -1.34),
        (Window("hann"), -1.76),
        (Window("kaiser", beta=2.5), -0.36),
        (Window("kaiser", beta=4.0), -0.96),
        (Window("taylor", nbar=4, sidelobe_db=30.0), -0.69),
        (Window("taylor", nbar=5, sidelobe_db=-35.0), -0.93),
    ],
)
def test_tapers_cost_their_published_signal_to_noise(window: Window, loss_db: float) -> None:
    assert window.snr_loss_db == pytest.approx(loss_db, abs=0.006)


@given(
    window=st.sampled_from(
        [
            NO_TAPER,
            Window("hann"),
            Window("hamming"),
            Window("generalized-hamming", alpha=0.6),
            Window("kaiser", beta=7.0),
            Window("kaiser", beta=0.0),
            Window("taylor", nbar=6, sidelobe_db=40.0),
        ]
    ),
    position=st.floats(-0.5, 0.5),
)
def test_tapers_are_even_between_zero_and_one_and_one_at_the_centre(
    window: Window, position: float
) -> None:
    weight = window.weight([position, -position, 0.0, 0.5001])
    assert weight[0] == pytest.approx(weight[1], abs=1e-15)
    assert -1e-12 <= weight[0] <= 1.0 + 1e-12
    assert weight[2] == pytest.approx(1.0)
    assert weight[3] == 0.0


def test_quadrature_integrates_an_oscillation_of_two_cycles_a_panel() -> None:
    u, weight = band_quadrature(32)
    # 64.5 cycles over the band: sinc(64.5).
    assert np.sum(weight * np.cos(2 * np.pi * 64.5 * u)) == pytest.approx(np.sinc(64.5), abs=1e-12)


@pytest.mark.parametrize(
    ("make", "named"),
    [
        (lambda: Window("generalized-hamming", alpha=0.3), "0.3"),
        (lambda: Window("kaiser", beta=-1.0), "-1"),
        (lambda: Window("kaiser", beta=float("nan")), "nan"),
        (lambda: Window("taylor", nbar=0), "nbar = 0"),
        (lambda: Window("taylor", sidelobe_db=5.0), "5"),
    ],
)
def test_parameters_that_make_no_window_are_named(make: Callable[[], Window], named: str) -> None:
    with pytest.raises(FocusingError, match=named):
        make()


def test_an_unknown_window_is_told_the_known_ones() -> None:
    unknown: Any = "blackman"
    with pytest.raises(FocusingError, match=r"blackman.*kaiser"):
        Window(unknown)
