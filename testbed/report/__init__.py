"""The report of a run: machine-readable, as a page, as figures."""
