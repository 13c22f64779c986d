"""WavTokenizer: audio to tokens and back, in plain tensors."""
