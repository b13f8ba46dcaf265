"""Drawings of the reproduction, made of values alone."""
