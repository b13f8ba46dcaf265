"""From received pulses to range-compressed ones, in one frame, of the delays that are kept."""
