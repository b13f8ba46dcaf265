"""Simulated generators of Tektronix."""
