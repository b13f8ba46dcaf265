"""Simulated generators of Keysight."""
