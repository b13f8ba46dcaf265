"""Generators of Tektronix."""
