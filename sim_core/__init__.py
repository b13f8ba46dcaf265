"""Physics and signal processing of a radar on the Moon: no hardware, no printing."""
