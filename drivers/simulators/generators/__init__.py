"""Simulated generators, one module for each dialect."""
