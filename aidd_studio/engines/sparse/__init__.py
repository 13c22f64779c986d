"""Sparse models: A-SPAIN-L."""
