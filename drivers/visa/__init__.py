"""Generators and digitizers by way of PyVISA, which is imported only where a link is opened."""
