"""Token-based inpainting by discrete diffusion (AIDD)."""
