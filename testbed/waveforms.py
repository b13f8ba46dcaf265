"""The transmitted pulse that a configuration describes."""

import numpy as np
import numpy.typing as npt

from sim_core.signal.nonlinear_fm import nonlinear_chirp
from sim_core.signal.phase_code import code_phases, phase_coded_pulse
from sim_core.signal.sampled_pulse import sampled_pulse
from sim_core.signal.tapered_pulse import tapered_pulse
from sim_core.signal.waveform import LinearChirp, Waveform
from sim_core.signal.window import Window
from testbed.config import Configuration
from testbed.config.sections.window import Window as WindowSettings
from testbed.errors import ConfigError, locate_errors
from testbed.input_files import InputFiles

Samples = npt.NDArray[np.complex128]


def build_waveform(configuration: Configuration, inputs: InputFiles) -> Waveform:
    """Build the pulse of a configuration.

    Parameters
    ----------
    configuration : Configuration
        The experiment.
    inputs : InputFiles
        Where its files are read.

    Returns
    -------
    Waveform

    Raises
    ------
    ConfigError
        If there is no such pulse: the key to blame is named.
    """
    settings = configuration.radar.waveform
    with locate_errors(configuration, "radar.waveform"):
        waveform = _untapered(configuration, inputs)
        if settings.taper.name == "none":
            return waveform
        return tapered_pulse(waveform, build_window(settings.taper))


def build_window(settings: WindowSettings) -> Window:
    """Return the taper of a configuration."""
    return Window(**settings.model_dump(exclude_none=True))


def read_samples(configuration: Configuration, inputs: InputFiles, key: str, name: str) -> Samples:
    """Read complex samples from a NumPy file.

    Parameters
    ----------
    configuration : Configuration
        The experiment.
    inputs : InputFiles
        Where its files are read.
    key, name : str
        The key that names the file, and its value.

    Returns
    -------
    ndarray of complex128, shape (samples,)

    Raises
    ------
    ConfigError
        If the file holds no such thing.
    """
    path = inputs.read(configuration, key, name)
    try:
        samples = np.load(path, allow_pickle=False)
        problem = "" if samples.ndim == 1 and np.issubdtype(samples.dtype, np.number) else (
            f"holds an array of {samples.dtype} in {samples.ndim} dimensions"
        )  # fmt: skip
    except (OSError, ValueError, EOFError) as error:
        problem = f"is no NumPy file: {error}"
    if problem:
        source = configuration.source
        raise ConfigError(
            source.path,
            source.line(key),
            key,
            name,
            problem,
            "save one-dimensional complex samples with numpy.save",
        )
    return np.asarray(samples, dtype=np.complex128)


def _untapered(configuration: Configuration, inputs: InputFiles) -> Waveform:
    radar, settings = configuration.radar, configuration.radar.waveform
    match settings.kind:
        case "phase-code":
            # The configuration holds what each kind needs.
            assert settings.code is not None and settings.chip_s is not None
            return phase_coded_pulse(code_phases(settings.code), settings.chip_s)
        case "file":
            assert settings.path is not None and settings.sample_rate_hz is not None
            samples = read_samples(configuration, inputs, "radar.waveform.path", settings.path)
            return sampled_pulse(samples, settings.sample_rate_hz, settings.bandwidth_hz)
    assert radar.chirp_rate_hz_per_s is not None and radar.pulse_duration_s is not None
    chirp = LinearChirp(radar.chirp_rate_hz_per_s, radar.pulse_duration_s)
    if settings.kind == "linear-fm":
        return chirp
    assert settings.spectrum is not None
    return nonlinear_chirp(
        chirp.bandwidth_hz,
        chirp.duration_s,
        build_window(settings.spectrum),
        down=chirp.chirp_rate_hz_per_s < 0.0,
    )
