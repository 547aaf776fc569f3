"""The duel: hide patches until the prediction flips, against orders that a map or a rule gives."""

from .widget import Duel, duel

__all__ = ["Duel", "duel"]
