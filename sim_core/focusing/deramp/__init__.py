"""Focusing at any PRF: the reference's history taken out, then a non-uniform FFT."""
