"""How simulated instruments are reached: HiSLIP and plain sockets, and faults on the way."""
