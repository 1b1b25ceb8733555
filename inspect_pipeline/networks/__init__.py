"""Torch modules of the method: tensors in, tensors out. Symbols follow the SDIC paper."""
