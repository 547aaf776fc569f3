"""What the cost functions say to arguments that do not fit: what the model itself says to them."""

from __future__ import annotations

import pytest

from vitcourse import VisionTransformer
from vitcourse.cost import measure_time, peak_memory, vit_cost


@pytest.mark.parametrize(
    "changes",
    [
        dict(patch_size=15),
        dict(img_size=(224, 100)),
        dict(num_heads=5),
        dict(embed_dim=0),
        dict(depth=0),
        dict(in_channels=0),
        dict(num_classes=-1),
        dict(mlp_ratio=0.0),
        dict(pool="max"),
        dict(position="rotary"),
    ],
    ids=str,
)
def test_a_configuration_that_no_model_can_have(changes):
    with pytest.raises(ValueError) as models:  # noqa: PT011 - the message is compared
        VisionTransformer(**{"depth": 1, **changes})
    with pytest.raises(ValueError) as costs:  # noqa: PT011
        vit_cost(**{"depth": 1, **changes})
    assert str(costs.value) == str(models.value)


def test_a_device_that_keeps_no_record():
    with pytest.raises(ValueError, match="device='meta' must be one of 'cpu', 'cuda'"):
        peak_memory(lambda: None, device="meta")


@pytest.mark.parametrize("repeats", [0, -3, 2.5])
def test_runs_that_cannot_be_counted(repeats):
    with pytest.raises(ValueError, match=f"repeats={repeats}"):
        measure_time(lambda: None, repeats)
