"""A configuration: loaded from YAML, rebuilt from a recording, hashed for the record."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

from pydantic import PrivateAttr, ValidationError, model_validator

from testbed.config.consistency import inconsistencies
from testbed.config.models import ConfigurationValues
from testbed.config.problems import config_error, wrong_together
from testbed.config.yaml_source import YamlSource, read_yaml


class Configuration(ConfigurationValues):
    """A configuration that is right by itself, and knows where it was written.

    Two configurations are equal if all their values are; the file does not count.
    """

    _source: YamlSource = PrivateAttr(default=YamlSource(Path("configuration")))

    @model_validator(mode="after")
    def _goes_together(self) -> Self:
        problems = list(inconsistencies(self))
        if problems:
            raise wrong_together(problems)
        return self

    @property
    def source(self) -> YamlSource:
        """Where each key is written; see `testbed.errors.locate_errors`."""
        return self._source

    @property
    def has_adc(self) -> bool:
        """Whether the recording holds integer codes of an ADC (else complex floats)."""
        if self.device.name == "soapy":
            return self.device.soapy.stream_format == "CS16"
        if self.device.name == "visa":
            return False  # samples are mixed down and filtered after the ADC
        return self.device.loopback.adc_bits is not None

    def resolved(self) -> dict[str, Any]:
        """Return all values, defaults included, as plain data that JSON can hold."""
        return self.model_dump(mode="json")

    def sha256(self) -> str:
        """Return the SHA-256 of the canonical JSON of all values, in hexadecimal.

        The canonical JSON has sorted keys, no spaces, and floats in their shortest exact form; so
        two files with the same values, differently written or commented, have the same hash.
        """
        canonical = json.dumps(
            self.resolved(), sort_keys=True, separators=(",", ":"), allow_nan=False
        )
        return hashlib.sha256(canonical.encode()).hexdigest()

    @classmethod
    def from_values(cls, values: Mapping[str, Any], source: YamlSource) -> "Configuration":
        """Make a configuration from plain values.

        Parameters
        ----------
        values : mapping
            As YAML or JSON holds them.
        source : YamlSource
            Where they are written.

        Raises
        ------
        ConfigError
            If a value is wrong, or values do not go together: the first in the file.
        OptionError
            The same, where an option of the command line gave the value.
        """
        try:
            configuration = cls.model_validate(dict(values))
        except ValidationError as error:
            raise config_error(error, cls, source) from error
        configuration._source = source
        return configuration

    @classmethod
    def from_resolved(
        cls, values: Mapping[str, Any], path: str | Path = "configuration"
    ) -> "Configuration":
        """Rebuild a configuration from what `resolved` gave.

        Parameters
        ----------
        values : mapping
            All values.
        path : str or Path
            Where they were kept, for errors: the recording.

        Raises
        ------
        ConfigError
            If it is not a configuration of this version.
        """
        return cls.from_values(values, YamlSource(Path(path), {}, _texts(values)))

    def with_option(self, key: str, value: Any, option: str) -> "Configuration":
        """Return this configuration with one value overridden from the command line.

        Parameters
        ----------
        key : str
            Dotted path of the key, such as ``device.driver``.
        value : object
            Its new value.
        option : str
            The option to name in errors, such as ``--device``.

        Raises
        ------
        OptionError
            If the value is wrong.
        """
        values = self.resolved()
        *sections, name = key.split(".")
        section = values
        for one in sections:
            section = section[one]
        section[name] = value
        return self.from_values(values, self.source.overridden(key, value, option))


def load_configuration(path: str | Path) -> Configuration:
    """Load a configuration from YAML.

    Parameters
    ----------
    path : str or Path
        The file.

    Raises
    ------
    ConfigError
        If it cannot be read, or anything in it is wrong: one line with file, line, key, value, what
        is wrong and what would be right.
    """
    values, source = read_yaml(Path(path))
    return Configuration.from_values(values, source)


def _texts(values: Mapping[str, Any]) -> dict[str, object]:
    """Return the value of every dotted key of plain data."""
    texts: dict[str, object] = {}

    def note(value: Any, key: str) -> None:
        texts[key] = value
        if isinstance(value, Mapping):
            for name, inner in value.items():
                note(inner, f"{key}.{name}" if key else str(name))
        elif isinstance(value, (list, tuple)):
            for index, inner in enumerate(value):
                note(inner, f"{key}[{index}]")

    note(values, "")
    return texts
