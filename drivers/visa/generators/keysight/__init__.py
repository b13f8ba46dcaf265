"""Generators of Keysight."""
