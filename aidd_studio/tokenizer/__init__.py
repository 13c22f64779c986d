"""WavTokenizer: audio to tokens and back, in plain tensors.

`aidd_studio.tokenizer.config` has the sizes, `aidd_studio.tokenizer.model` the model (imports torch).
"""
