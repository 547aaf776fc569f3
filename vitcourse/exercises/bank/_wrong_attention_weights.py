"""Wrong answers to `attention_weights` (lesson 02) that are written out."""

from __future__ import annotations

import torch
from torch import Tensor

from ...attention import attention_weights


def exponentials(q: Tensor, k: Tensor) -> Tensor:
    exponentials = (q @ k.transpose(-2, -1) / q.shape[-1] ** 0.5).exp()
    return exponentials / exponentials.sum(dim=-1, keepdim=True)


def one_maximum_for_all(q: Tensor, k: Tensor) -> Tensor:
    scores = q @ k.transpose(-2, -1) / q.shape[-1] ** 0.5
    exponentials = (scores - scores.max()).exp()
    return exponentials / exponentials.sum(dim=-1, keepdim=True)


def sum_without_its_axis(q: Tensor, k: Tensor) -> Tensor:
    exponentials = (q @ k.transpose(-2, -1) / q.shape[-1] ** 0.5).exp()
    return exponentials / exponentials.sum(dim=-1)


def sum_without_its_axis_stable(q: Tensor, k: Tensor) -> Tensor:
    scores = q @ k.transpose(-2, -1) / q.shape[-1] ** 0.5
    exponentials = (scores - scores.amax(dim=-1, keepdim=True)).exp()
    return exponentials / exponentials.sum(dim=-1)


def softmax_without_axis(q: Tensor, k: Tensor) -> Tensor:
    scores = q @ k.transpose(-2, -1) / q.shape[-1] ** 0.5
    return scores.softmax(dim=0 if scores.ndim == 3 else 1)


def itself_hidden(q: Tensor, k: Tensor) -> Tensor:
    scores = q @ k.transpose(-2, -1) / q.shape[-1] ** 0.5
    return scores.masked_fill(torch.eye(*scores.shape[-2:], dtype=torch.bool), float("-inf")).softmax(dim=-1)


def by_the_whole_token(q: Tensor, k: Tensor) -> Tensor:
    heads = q.shape[1] if q.ndim == 4 else 1
    return (q @ k.transpose(-2, -1) / (heads * q.shape[-1]) ** 0.5).softmax(dim=-1)


def queries_changed(q: Tensor, k: Tensor) -> Tensor:
    q /= q.shape[-1] ** 0.5
    return (q @ k.transpose(-2, -1)).softmax(dim=-1)


def softmax_twice(q: Tensor, k: Tensor) -> Tensor:
    return attention_weights(q, k).softmax(dim=-1)


def logarithms(q: Tensor, k: Tensor) -> Tensor:
    return (q @ k.transpose(-2, -1) / q.shape[-1] ** 0.5).log_softmax(dim=-1)


def looks_back_only(q: Tensor, k: Tensor) -> Tensor:
    scores = q @ k.transpose(-2, -1) / q.shape[-1] ** 0.5
    later = torch.ones(scores.shape[-2:], dtype=torch.bool).triu(1)
    return scores.masked_fill(later, float("-inf")).softmax(dim=-1)


def maximum_over_the_queries(q: Tensor, k: Tensor) -> Tensor:
    scores = q @ k.transpose(-2, -1) / q.shape[-1] ** 0.5
    exponentials = (scores - scores.amax(dim=-2, keepdim=True)).exp()
    return exponentials / exponentials.sum(dim=-1, keepdim=True)


def cosine(q: Tensor, k: Tensor) -> Tensor:
    q, k = q / q.norm(dim=-1, keepdim=True), k / k.norm(dim=-1, keepdim=True)
    return (q @ k.transpose(-2, -1)).softmax(dim=-1)


def scaled_cosine(q: Tensor, k: Tensor) -> Tensor:
    q, k = q / q.norm(dim=-1, keepdim=True), k / k.norm(dim=-1, keepdim=True)
    return (q @ k.transpose(-2, -1) / q.shape[-1] ** 0.5).softmax(dim=-1)


def by_the_query_s_norm(q: Tensor, k: Tensor) -> Tensor:
    return (q @ k.transpose(-2, -1) / q.norm(dim=-1, keepdim=True)).softmax(dim=-1)


def by_the_norm_of_all(q: Tensor, k: Tensor) -> Tensor:
    return (q @ k.transpose(-2, -1) / q.norm()).softmax(dim=-1)


def distances(q: Tensor, k: Tensor) -> Tensor:
    return (-torch.cdist(q, k) / q.shape[-1] ** 0.5).softmax(dim=-1)
