"""Random numbers that are a function of their keys, and of nothing else.

A generator gives its numbers in sequence, so what an image gets depends on all that was drawn before it: on the
batch, on the process, on where a run was resumed. A hash of (seed, epoch, index) depends on these three alone.
The mixing function is that of SplitMix64 (Steele, Lea and Flood 2014, "Fast splittable pseudorandom number
generators"). It is whole-number arithmetic, so a CPU and a GPU give the same bits.
"""

from __future__ import annotations

import torch
from jaxtyping import Int64
from torch import Tensor

_MASK = (1 << 64) - 1
_STEP = 0x9E3779B97F4A7C15  # 2^64 / golden ratio: consecutive indices land far apart
_MULTIPLY_1, _MULTIPLY_2 = 0xBF58476D1CE4E5B9, 0x94D049BB133111EB


def _signed(number: int) -> int:
    """The 64 bits of ``number`` as torch.int64 holds them."""
    number &= _MASK
    return number - (1 << 64) if number >> 63 else number


def _mix_number(z: int) -> int:
    z = ((z ^ (z >> 30)) * _MULTIPLY_1) & _MASK
    z = ((z ^ (z >> 27)) * _MULTIPLY_2) & _MASK
    return z ^ (z >> 31)


def _shift_right(z: Tensor, bits: int) -> Tensor:
    """Logical shift: torch shifts copies of the sign in, which are masked out."""
    return (z >> bits) & ((1 << (64 - bits)) - 1)


def _mix(z: Tensor) -> Tensor:
    z = (z ^ _shift_right(z, 30)) * _signed(_MULTIPLY_1)  # int64 wraps around, as the algorithm wants
    z = (z ^ _shift_right(z, 27)) * _signed(_MULTIPLY_2)
    return z ^ _shift_right(z, 31)


def random_bits(indices: Int64[Tensor, "n"], *keys: int) -> Int64[Tensor, "n"]:
    """64 random bits for each index under these keys (a seed, an epoch, a number for the purpose)."""
    key = 0
    for number in keys:
        key = _mix_number(((key + _STEP) & _MASK) ^ _mix_number(number & _MASK))
    return _mix(_mix(indices * _signed(_STEP) + _signed(key)) ^ _signed(key))


def random_integers(indices: Int64[Tensor, "n"], below: int, *keys: int) -> Int64[Tensor, "n"]:
    """For each index a whole number in 0 .. below - 1 (``below`` at most 2^31: the bias stays under 2^-31)."""
    return _shift_right(random_bits(indices, *keys), 1) % below


def permutation(n: int, *keys: int) -> Int64[Tensor, "n"]:
    """The numbers 0 .. n - 1 in random order, on the CPU."""
    return random_bits(torch.arange(n), *keys).argsort(stable=True)
