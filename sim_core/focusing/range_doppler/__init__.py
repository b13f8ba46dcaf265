"""Focusing by FFTs, with references of all places."""
