"""Simulated digitizers, one module for each dialect."""
