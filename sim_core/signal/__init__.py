"""The waveform, the schedule of pulses and the echoes of a scene."""
