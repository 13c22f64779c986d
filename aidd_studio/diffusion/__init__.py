"""Discrete diffusion: filling masked tokens, in plain tensors.

`noise`, `graph` and `score_model` say what the process is, `masking`, `losses` and `ema` how it is learned,
`sampling` how tokens are drawn. All of them import torch, but for the names of the samplers.
"""
