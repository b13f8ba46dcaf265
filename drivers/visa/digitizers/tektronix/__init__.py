"""Oscilloscopes of Tektronix."""
