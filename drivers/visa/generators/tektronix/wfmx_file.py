"""Header of ``.wfmx``, the waveform file of Tektronix's AWG5200 and AWG70000.

A file is an XML header that tells its own length, then the samples as little-endian float32 of
which 1.0 is full scale, then one byte of markers a sample: bit 0 is marker 1, bit 1 is marker 2.
"""

from __future__ import annotations

_SCHEMA = r"http://www.tektronix.com file:///C:\Program%20Files\Tektronix\AWG70000\AWG\Schemas"
_OFFSET_DIGITS = 9


def wfmx_header(
    samples: int, *, markers: bool, timestamp: str, sample_rate_hz: float | None = None
) -> bytes:
    """Write the header that goes before the samples.

    Parameters
    ----------
    samples : int
        Of the waveform.
    markers : bool
        Whether a byte of markers for each sample follows behind the samples.
    timestamp : str
        ISO 8601 with milliseconds and time zone, ``2026-11-20T12:00:00.000+00:00``.
    sample_rate_hz : float or None
        That the waveform is meant for; the instrument only shows it.

    Returns
    -------
    bytes
        ASCII; its attribute ``offset`` is its length.
    """
    rate = "NaN" if sample_rate_hz is None else f"{sample_rate_hz:.15G}"
    lines = (
        f'<DataFile offset="{{offset:0{_OFFSET_DIGITS}d}}" version="0.1">',
        '<DataSetsCollection xmlns="http://www.tektronix.com"'
        ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
        rf' xsi:schemaLocation="{_SCHEMA}\awgDataSets.xsd">',
        '<DataSets version="1" xmlns="http://www.tektronix.com">',
        "<DataDescription>",
        f"<NumberSamples>{samples}</NumberSamples>",
        "<SamplesType>AWGWaveformSample</SamplesType>",
        f"<MarkersIncluded>{str(markers).lower()}</MarkersIncluded>",
        "<NumberFormat>Single</NumberFormat>",
        "<Endian>Little</Endian>",
        f"<Timestamp>{timestamp}</Timestamp>",
        "</DataDescription>",
        '<ProductSpecific name="">',
        f'<ReccSamplingRate units="Hz">{rate}</ReccSamplingRate>',
        '<ReccAmplitude units="Volts">NaN</ReccAmplitude>',
        '<ReccOffset units="Volts">NaN</ReccOffset>',
        "<SerialNumber />",
        "<SoftwareVersion>1.0.0917</SoftwareVersion>",
        "<UserNotes />",
        "<OriginalBitDepth>Floating</OriginalBitDepth>",
        "<Thumbnail />",
        '<CreatorProperties name="" />',
        "</ProductSpecific>",
        "</DataSets>",
        "</DataSetsCollection>",
        "<Setup />",
        "</DataFile>",
    )
    text = "\r\n".join(lines)
    # The number takes as many characters whatever it is, so that it can be its own length.
    length = len(text.format(offset=0))
    return text.format(offset=length).encode("ascii")
