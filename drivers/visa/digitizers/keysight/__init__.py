"""Oscilloscopes of Keysight."""
