"""Generators of Rohde & Schwarz."""
