"""A generator and a digitizer as one device: schedules in, windows of complex baseband out."""
