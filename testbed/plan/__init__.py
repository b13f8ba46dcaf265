"""Whether an experiment fits a device and this machine, and one that does where it does not."""
