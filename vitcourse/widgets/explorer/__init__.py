"""The attention explorer: hover a patch of an image and see, in every layer and head, where it looks."""

from .widget import Explorer, explorer

__all__ = ["Explorer", "explorer"]
