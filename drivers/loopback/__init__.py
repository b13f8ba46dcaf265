"""A device in software: what is played is recorded, through a model of an RF chain."""

from drivers.loopback.settings import LoopbackSettings

__all__ = ["LoopbackSettings"]
