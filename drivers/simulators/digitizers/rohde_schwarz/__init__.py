"""Simulated oscilloscopes of Rohde & Schwarz."""
