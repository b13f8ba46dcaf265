"""Simulated instruments on loopback addresses: for tests, for trying out, for other drivers."""
