"""Simulated oscilloscopes of Keysight."""
