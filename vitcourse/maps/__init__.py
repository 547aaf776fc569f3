"""What a model attends to: recording the attention weights, and turning them into pictures and figures."""

from .explain import Explained, explain, relevance_shares
from .record import Geometry, RecordedMaps, TokenGrid, record_attention
from .reduce import (
    attention_distance,
    attention_entropy,
    class_attention_map,
    gradient_rollout,
    rollout,
)

__all__ = [
    "Explained",
    "Geometry",
    "RecordedMaps",
    "TokenGrid",
    "attention_distance",
    "attention_entropy",
    "class_attention_map",
    "explain",
    "gradient_rollout",
    "record_attention",
    "relevance_shares",
    "rollout",
]
