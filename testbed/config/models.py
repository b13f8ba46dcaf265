"""All keys of a configuration, put together from its sections.

Names carry their units; degrees are for people and end here. The description of each field is the
documentation of its key: ``docs/configuration.md`` is made from them.
"""

import math
from typing import Annotated

from pydantic import AfterValidator, Field

from testbed.config.problems import wrong_value
from testbed.config.sections.base import Section, Text, Whole
from testbed.config.sections.device import Calibration, Device, Receiver
from testbed.config.sections.focusing import Focusing
from testbed.config.sections.geometry import Geometry
from testbed.config.sections.limits import Limits
from testbed.config.sections.media import Media, Tides
from testbed.config.sections.radar import Radar
from testbed.config.sections.scene import Scene


def _name(text: str) -> str:
    if not text or len(text) > 64 or text[0] in "-." or not _name_characters(text):
        raise wrong_value(
            "is no name for a folder",
            "use up to 64 letters, digits, '-', '_' and '.', beginning with none of '-' and '.'",
        )
    return text


def _name_characters(text: str) -> bool:
    return all(one.isascii() and (one.isalnum() or one in "-_.") for one in text)


class ConfigurationValues(Section):
    """All keys of a configuration."""

    name: Annotated[Text, AfterValidator(_name)] = Field(
        description="Name of the experiment; its results go to runs/NAME unless --out says "
        "otherwise.",
        json_schema_extra={"form": "a name of letters, digits, '-', '_' and '.'", "quote": True},
    )
    seed: Whole = Field(
        0,
        ge=0,
        le=(1 << 63) - 1,
        description="Seed of all that is random. The same seed gives the same samples.",
    )
    geometry: Geometry = Field(description="Moon, Earth, time and pointing.")
    tides: Tides = Field(Tides(), description="Tides of the Earth.")
    media: Media = Field(Media(), description="Air and electrons.")
    radar: Radar = Field(description="What the radar transmits.")
    scene: Scene = Field(Scene(), description="What reflects.")
    receiver: Receiver = Field(description="The sample clock and the receive windows.")
    device: Device = Field(Device(), description="What plays and records.")
    calibration: Calibration = Field(Calibration(), description="What is known of the chain.")
    focusing: Focusing = Field(Focusing(), description="From the recording to the image.")
    limits: Limits = Field(description="The verdict: the worst that passes.")


def pulse_samples(pulse_duration_s: float, receiver: Receiver) -> int:
    """Return the whole samples that a pulse takes, and one for where between ticks it begins."""
    # The tiny factor keeps a duration of a whole number of ticks from growing by its rounding.
    return math.ceil(pulse_duration_s * receiver.sample_rate_hz * (1.0 - 1e-12)) + 1
