"""Simulated oscilloscopes of Tektronix."""
