"""Waveform, spectrogram and overview on one time axis."""
