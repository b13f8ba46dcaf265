"""Simulated generators of Rohde & Schwarz."""
