"""Oscilloscopes of Rohde & Schwarz."""
