"""What maps say to arguments that do not fit."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from vitcourse.maps import attention_distance, class_attention_map, gradient_rollout, record_attention, rollout

MAP = torch.full((1, 2, 13, 13), 1 / 13)


def test_a_model_without_attention():
    with (
        pytest.raises(ValueError, match="model=Linear has no module with an attention_map"),
        record_attention(nn.Linear(2, 2)),
    ):
        pass


@pytest.mark.parametrize("turn", [rollout, lambda maps: gradient_rollout(maps, [])], ids=["rollout", "gradient"])
def test_no_map_at_all(turn):
    with pytest.raises(ValueError, match=r"maps is empty: .*inside its block"):
        turn([])


def test_a_gradient_that_was_never_computed():
    with pytest.raises(ValueError, match=r"gradients\[1\] is None: .*backward"):
        gradient_rollout([MAP, MAP], [MAP, None])


@pytest.mark.parametrize("grid", [(3, 5), (3, 3), (13, 1)])
def test_a_grid_that_is_not_the_maps(grid):
    with pytest.raises(ValueError, match=f"13 keys.*{grid[0] * grid[1] + 1}"):
        class_attention_map(MAP, grid)


def test_a_grid_with_more_cells_than_tokens():
    with pytest.raises(ValueError, match=r"grid=\(7, 2\).*13"):
        attention_distance(MAP, (7, 2))
