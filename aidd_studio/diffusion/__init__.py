"""Discrete diffusion: filling masked tokens, in plain tensors.

`noise`, `graph` and `score_model` say what the process is, `masking`, `losses` and `ema` how it is learned,
`samplers` how tokens are drawn. All of them import torch.
"""
