"""Discrete diffusion: filling masked tokens, in plain tensors."""
