import signal

import pytest

from drivers.errors import DeviceSettingsError, DriverError, SessionTerminated


def test_error_is_one_line_of_problem_and_remedy() -> None:
    error = DeviceSettingsError("adc_bits = 40", "use 2 to 16 bits")
    assert isinstance(error, DriverError)
    assert str(error) == "adc_bits = 40; use 2 to 16 bits"
    assert (error.problem, error.remedy) == ("adc_bits = 40", "use 2 to 16 bits")


def test_termination_is_handled_where_ctrl_c_is_and_not_where_errors_are() -> None:
    with pytest.raises(KeyboardInterrupt) as caught:
        raise SessionTerminated(signal.SIGTERM)
    assert isinstance(caught.value, SessionTerminated)
    assert not isinstance(caught.value, (DriverError, OSError, ValueError))
    assert caught.value.exit_code == 143
    assert str(caught.value) == "stopped by SIGTERM"
