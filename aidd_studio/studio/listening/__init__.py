"""Playback, transport and comparison."""
