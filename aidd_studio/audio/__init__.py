"""Samples in and out: clips, files, resampling, peaks, spectrograms."""

from aidd_studio.audio.clip import Clip, Patch, Samples, Source

__all__ = ["Clip", "Patch", "Samples", "Source"]
