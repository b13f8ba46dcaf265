"""Configurations: what an experiment is, written by people and checked key by key."""

from testbed.config.configuration import Configuration, load_configuration
from testbed.errors import ConfigError, locate_errors

__all__ = ["ConfigError", "Configuration", "load_configuration", "locate_errors"]
