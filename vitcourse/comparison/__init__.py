"""What tells a Vision Transformer from a convolutional network, as numbers."""

from .attention_as_convolution import attention_as_convolution, neighbor_bias
from .equivariance import equivariance_error, translate
from .receptive_field import receptive_field, share_within

__all__ = [
    "attention_as_convolution",
    "equivariance_error",
    "neighbor_bias",
    "receptive_field",
    "share_within",
    "translate",
]
