"""What a model costs: parameters, multiply-adds, memory and time, from formulas, counted, and measured.

Papers write G for billions of *multiply-adds*: one multiplication and the addition after it count as one. PyTorch's
counter counts both, so that FLOPs = 2 x multiply-adds. Names here say which of the two is meant.
"""

from .counted import count_flops, count_parameters, parameters_by_part
from .formulas import ViTCost, vit_cost
from .measured import Timing, measure_time, peak_memory

__all__ = [
    "Timing",
    "ViTCost",
    "count_flops",
    "count_parameters",
    "measure_time",
    "parameters_by_part",
    "peak_memory",
    "vit_cost",
]
