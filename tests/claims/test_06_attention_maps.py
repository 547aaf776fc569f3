"""Lesson 06's rows of the claims ledger: the tables of five models, and what its text says of the shipped ones."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import lesson_files
import pytest
import torch
from claims import LEDGER
from torch import Tensor

from vitcourse import VisionTransformer, patchify, record_attention, unpatchify
from vitcourse.data import Split, load, photograph
from vitcourse.data.pairs import twin_of
from vitcourse.experiments import read_table
from vitcourse.maps import attention_distance, class_attention_map, gradient_rollout, rollout
from vitcourse.training import load_checkpoint

GRID, EQUAL = (7, 7), 3.61  # mean distance of two patches on the grid
PATCH, TOKENS = 4, 50


@pytest.fixture(scope="module")
def digits() -> Split:
    return load("mnist", download=False).test[:200]


def mnist_model() -> Any:
    return load_checkpoint("mnist").requires_grad_(False)


def maps_of(model: VisionTransformer, images: Tensor) -> list[Tensor]:
    with torch.no_grad(), record_attention(model) as maps:
        model(images)
    return list(maps)


def distances(model: VisionTransformer, images: Tensor) -> Tensor:
    """(layers, heads), in patches."""
    return torch.stack([attention_distance(A, GRID).mean(dim=0) for A in maps_of(model, images)])


def test_m1_layers_do_not_look_farther_and_farther(digits: Split):
    """No trend from near to far, no local head; the untrained model lies on the distance of equal weights."""
    trained = distances(mnist_model(), digits.images)
    assert not (trained.mean(dim=1).diff() > 0).all()
    assert trained.min() > 0.8 * EQUAL
    assert trained.max() < 1.2 * EQUAL

    torch.manual_seed(0)
    untrained = VisionTransformer(**mnist_model().config).eval()
    assert (distances(untrained, digits.images).mean(dim=1) - EQUAL).abs().max() < 0.1

    # A head that looks at all ink from everywhere comes down to less than the heads do, without a look at neighbors.
    ink = (patchify(digits.images, PATCH).amax(dim=-1) > 0).float()
    to_ink = torch.zeros(len(ink), 1, TOKENS, TOKENS)
    to_ink[..., 1:] = ink[:, None, None]
    assert attention_distance(to_ink, GRID).mean() < trained.min() + 0.1

    equal = torch.full((1, 1, TOKENS, TOKENS), 1 / TOKENS)
    assert attention_distance(equal, GRID).item() == pytest.approx(EQUAL, abs=0.005)


def local_head() -> Tensor:
    """A head that looks at each patch itself, at those next to it, and at the class token, all alike."""
    places = torch.cartesian_prod(torch.arange(7.0), torch.arange(7.0))
    local = torch.zeros(1, 1, TOKENS, TOKENS)
    local[0, 0, 1:, 1:] = (torch.cdist(places, places) < 1.1).float()
    local[0, 0, :, 0] = 1.0
    return local / local.sum(dim=-1, keepdim=True)


def test_a_local_first_layer_would_be_seen():
    """The measure of M1 does tell near from far."""
    assert attention_distance(local_head(), GRID).item() < 0.8


@pytest.fixture(scope="module")
def boards() -> Split:
    return load("pairs", download=False).test[:500]


def found_with(boards: Split, forbid: Callable[[Tensor], Tensor] | None) -> float:
    """Share of the tiles of the pair that the pair model finds when each may not look at one other tile."""
    model, twin = load_checkpoint("pairs").requires_grad_(False), twin_of(boards.labels)
    has_twin = twin >= 0
    bias = torch.zeros(len(twin), 1, 9, 9)
    if forbid is not None:
        board, tile = has_twin.nonzero(as_tuple=True)
        bias[board, 0, tile, forbid(twin)[board, tile]] = -torch.inf
    tokens = model.embed(boards.images)
    for block in model.blocks:
        tokens = block(tokens, bias)
    said = model.head(model.norm(tokens)).squeeze(-1) > 0
    return said[has_twin].float().mean().item()


def another_tile(twin: Tensor) -> Tensor:
    """For each tile one that is neither itself nor its twin."""
    tile = torch.arange(9).expand_as(twin)
    options = torch.rand(*twin.shape, 9, generator=torch.Generator().manual_seed(0))
    return options.scatter(2, tile[..., None], 0).scatter(2, twin.clamp(min=0)[..., None], 0).argmax(dim=-1)


def test_a_tile_of_the_pair_looks_at_its_twin_and_needs_to(boards: Split):
    twin = twin_of(boards.labels)
    A = maps_of(load_checkpoint("pairs"), boards.images)[-1].mean(dim=1)
    strongest = A.masked_fill(torch.eye(9, dtype=torch.bool), 0).argmax(dim=-1)
    assert (strongest == twin)[twin >= 0].float().mean() > 0.5  # by chance 0.125

    before = found_with(boards, None)
    assert found_with(boards, lambda twin: twin) < 0.4 * before
    assert found_with(boards, another_tile) > 0.9 * before


def test_hiding_patches_goes_as_the_lesson_says(digits: Split):
    """Ink does as well as any map of the model; rollout and gradient lie well below chance."""
    model, images = mnist_model(), digits.images[:100]
    with record_attention(model, gradients=True) as maps:
        logits = model(images.clone().requires_grad_())
        answers = logits.argmax(dim=-1)[:, None]
        logits.gather(1, answers).sum().backward()
    patches = patchify(images, PATCH)
    scores = dict(
        raw=maps[-1].mean(dim=1)[:, 0, 1:],
        rollout=rollout(maps)[:, 0, 1:],
        gradient=gradient_rollout(maps, maps.gradients)[:, 0, 1:],
        ink=patches.sum(dim=-1),
        chance=torch.rand(len(images), 49, generator=torch.Generator().manual_seed(0)),
    )

    def area(score: Tensor) -> float:
        rank = score.argsort(dim=1, descending=True).argsort(dim=1)
        hidden = [unpatchify(patches * (rank >= k)[:, :, None], PATCH, 28) for k in range(0, 50, 7)]
        return torch.cat([model(x).softmax(dim=-1).gather(1, answers) for x in hidden]).mean().item()

    areas = {name: area(score) for name, score in scores.items()}
    assert areas["ink"] < min(areas["raw"], areas["rollout"], areas["gradient"]) + 0.02
    assert max(areas["rollout"], areas["gradient"]) < areas["chance"] - 0.05


@pytest.fixture(scope="module")
def looked_at(digits: Split) -> tuple[list[Tensor], Tensor]:
    """Maps of one digit of each class, and which patches have ink: what the lesson's explorer shows."""
    examples = torch.stack([digits.images[digits.labels == digit][0] for digit in range(10)])
    return maps_of(mnist_model(), examples), patchify(examples, PATCH).amax(dim=-1) > 0


def test_in_layer_1_one_head_looks_at_ink_and_one_beside_it(looked_at: tuple[list[Tensor], Tensor]):
    maps, ink = looked_at
    near = torch.nn.functional.max_pool2d(ink.float().view(-1, 1, *GRID), 3, 1, 1).flatten(1) > 0
    places = {"ink": ink, "beside": near & ~ink, "far": ~near}
    first, third = ({name: maps[0][:, h, 0, 1:][at].mean() for name, at in places.items()} for h in (0, 2))
    assert third["ink"] > 3 * third["beside"]
    assert first["beside"] > 1.5 * first["ink"] > first["far"]


def test_in_the_last_layer_it_matters_little_who_asks(looked_at: tuple[list[Tensor], Tensor]):
    """Many patches look most at the same patch, in the mean of heads; in layer 1 few do."""
    maps, _ = looked_at

    def agree(A: Tensor) -> float:
        """Share of the patches whose strongest is the most frequent one, mean over digits."""
        strongest = A.mean(dim=1)[:, 1:].argmax(dim=-1)
        return sum(row.bincount().max().item() for row in strongest) / strongest.numel()

    assert agree(maps[-1]) > 0.5
    assert agree(maps[0]) < 0.3


def test_blank_patches_are_looked_at_in_layer_1_alone(looked_at: tuple[list[Tensor], Tensor]):
    maps, ink = looked_at

    def blank_to_ink(A: Tensor) -> float:
        received = A.mean(dim=1)[:, 1:, 1:].mean(dim=1)
        return (received[~ink].mean() / received[ink].mean()).item()

    assert blank_to_ink(maps[0]) > 0.8
    assert blank_to_ink(maps[-1]) < 0.25


def test_before_training_no_patch_gets_much(looked_at: tuple[list[Tensor], Tensor], digits: Split):
    torch.manual_seed(0)
    untrained = maps_of(VisionTransformer(**mnist_model().config).eval(), digits.images[:20])

    def strongest(maps: list[Tensor]) -> float:
        """The class token's strongest patch in equal shares, mean over images, largest of the layers."""
        return max((A.mean(dim=1)[:, 0, 1:].amax(dim=-1) * TOKENS).mean().item() for A in maps)

    assert strongest(untrained) < 2
    assert strongest(looked_at[0]) > 10
    assert (rollout(untrained)[:, 0, 1:] * TOKENS).max() < 1.2


def untrained_photograph_maps() -> tuple[VisionTransformer, list[Tensor], Tensor]:
    torch.manual_seed(0)
    model = VisionTransformer(embed_dim=192, depth=4, num_heads=3, mlp_ratio=2.0, position="none")
    photo = photograph(224)
    return model, maps_of(model, photo), patchify(photo, 16).mean(dim=-1)[0]


def test_heads_of_an_untrained_model_look_at_the_dark_or_the_bright_of_the_photograph():
    model, maps, brightness = untrained_photograph_maps()
    for layer, head, sign in ((2, 1, -1), (3, 3, -1), (4, 1, -1), (2, 2, 1)):
        row = maps[layer - 1][0, head - 1, 0, 1:]
        assert sign * torch.corrcoef(torch.stack([row, brightness]))[0, 1] > 0.7
        assert row.max() / row.min() > 1.5
    with torch.no_grad():
        probabilities = model(photograph(224)).softmax(dim=-1)
    assert probabilities.shape == (1, 1000)
    torch.testing.assert_close(probabilities, torch.full((1, 1000), 0.001))


def test_an_untrained_map_follows_the_photograph():
    model, maps, brightness = untrained_photograph_maps()
    seen = class_attention_map(maps[2], model.grid)[0].mean(dim=0) * model.num_tokens
    assert torch.corrcoef(torch.stack([seen.flatten(), brightness]))[0, 1].abs() > 0.5
    assert seen.min() > 0.7
    assert seen.max() < 1.5


# What the tables say of five models, and whether the lesson and the ledger say the same.


def said(claim: str, ledger: list[str], lesson: list[str]) -> None:
    row = next(line for line in LEDGER.read_text(encoding="utf-8").splitlines() if line.startswith(f"| {claim} |"))
    source = next((lesson_files.ROOT / "lessons").glob("06_*.py")).read_text(encoding="utf-8")
    text = " ".join(source.replace("\n# ", " ").split())
    assert [figure for figure in ledger if figure not in row] == []
    assert [figure for figure in lesson if figure not in text] == []


def span(values: Any, form: str = ".2f") -> str:
    """From the least to the most, as a text says it."""
    if form == "%":
        return f"{100 * values.min():.0f} to {100 * values.max():.0f} %"
    return f"{values.min():{form}} to {values.max():{form}}"


def left(family: str, among: str = "all") -> Any:
    """Mean probability of the first answer while patches are hidden: a column for each order, a row for each seed."""
    rows = read_table("deletion").query(f"family == '{family}' and among == '{among}' and hidden == 0")
    table = rows.pivot(index="seed", columns="order", values="area")
    assert len(table) == 5
    return table


def first_tile(figure: str) -> Any:
    """Of the boards, with one tile hidden: a column for each order, a row for each seed."""
    rows = read_table("deletion").query("family == 'pairs' and hidden == 1")
    return rows.pivot(index="seed", columns="order", values=figure)


def test_m1_five_models_look_no_farther_in_deep_layers():
    table = read_table("distances").query("family == 'vit'")
    heads, fresh = (table.query(f"state == '{state}'") for state in ("trained", "untrained"))
    alike = table.query("layer == 0").groupby("state")["distance"].mean()
    layers = heads.pivot_table(index="seed", columns="layer", values="distance")
    assert layers.shape == (5, 4)
    assert (layers[4] < layers[1]).all()
    assert list(layers.mean()) == sorted(layers.mean(), reverse=True)
    assert ((fresh["distance"] - alike["equal"]).abs() < 0.1).all()
    assert alike["equal on ink"] < layers.to_numpy().mean() < alike["equal"]
    means = [f"{value:.2f}" for value in layers.mean()]
    said(
        "M1",
        [
            ", ".join(means),
            f"40 heads {span(heads['distance'])}",
            f"untrained heads {span(fresh['distance'])}",
            f"equal weights {alike['equal']:.2f}",
            f"inked patches alone {alike['equal on ink']:.2f}",
        ],
        [f"{means[0]} patches in layer 1, {means[-1]} in layer 4 on average, and less in layer 4 in each of the five"],
    )


def test_a6_layers_specialize_and_heads_do_not():
    table = read_table("distances").query("layer > 0")
    digits, boards = (table.query(f"family == '{family}'") for family in ("vit", "pairs"))
    trained, fresh = (digits.query(f"state == '{state}'") for state in ("trained", "untrained"))
    local = attention_distance(local_head(), GRID).item()
    assert len(trained) == 40
    assert trained["distance"].min() > 3 * local  # no local head
    assert trained["finds"].mean() > fresh["finds"].mean() + 0.2
    first, second = (boards.query(f"state == 'trained' and layer == {layer}")["finds"] for layer in (1, 2))
    assert len(first) == len(second) == 20
    assert (first - 1 / 8).abs().max() < 0.03  # chance, each head
    assert second.min() > 5 / 8  # each head
    together = first_tile("twin")["last layer"]
    assert together.min() > second.max()
    ink, before = span(trained["finds"], "%"), span(fresh["finds"], "%")
    by_layer = span(first, "%"), span(second, "%")
    said(
        "A6",
        [f"{trained['distance'].min():.2f} patches or more", f"{local:.2f}", ink, before, *by_layer],
        [f"from {ink} of their weight", f"at {before} before", *by_layer, f"more twins ({span(together, '%')})"],
    )


def test_m2_the_last_layers_map_is_no_reliable_guide():
    of = left("vit")
    good = of[["all layers", "rollout", "gradient"]]
    assert (good.lt(of["random"] - 0.1, axis=0)).all(axis=None)  # each map, each model
    assert (of["last layer"] > of["random"]).any()
    assert (of["last layer, lowest first"] < of["last layer"] + 0.02).sum() == 2  # as much harm, or more
    assert (of["ink"] < good.min(axis=1) - 0.03).all()
    assert (of["last layer"] > good.max(axis=1)).all()
    low, chance = span(of["last layer"]), span(of["random"])
    said(
        "M2",
        [
            f"last layer's row {of['last layer'].mean():.2f} ({low})",
            f"lowest first {of['last layer, lowest first'].mean():.2f} ({span(of['last layer, lowest first'])})",
            f"chance {of['random'].mean():.2f} ({chance})",
            f"mean of all layers {of['all layers'].mean():.2f}",
            f"rollout {of['rollout'].mean():.2f}",
            f"gradient-weighted {of['gradient'].mean():.2f}",
            f"ink without any model {of['ink'].mean():.2f}",
        ],
        [f"Its mean probability is {low}, that of chance {chance}", "In two of the five"],
    )


def test_m2_on_boards_the_map_shows_the_twin():
    kept, twin = first_tile("kept"), first_tile("twin")
    assert (kept["last layer"] < 0.2).all()
    assert (kept["random"] > 0.8).all()
    assert ((kept["last layer"] - kept["the twin"]).abs() < 0.02).all()
    assert (twin["last layer"] > 0.9).all()
    said(
        "M2",
        [f"keeps {kept['last layer'].mean():.0%} of".replace("%", " %"), f"one {100 * kept['random'].mean():.0f} %"],
        [],
    )


def test_m3_rollout_is_better_on_digits_and_worse_on_boards():
    of, inked, boards = left("vit"), left("vit", "ink"), left("pairs")
    assert (of["rollout"] < of["last layer"] - 0.05).all()
    assert ((inked["rollout"] < inked["last layer"] - 0.01).sum(), len(inked)) == (4, 5)
    assert (inked["rollout"] < inked["last layer"]).all()  # one by a hair: a tie
    for table in (of, inked):
        assert (table["all layers"] < table["rollout"] - 0.005).all()
    worse = inked.index[inked["last layer"] > inked["random"]]
    assert len(worse) == 1
    assert (boards["rollout"] > boards["last layer"] + 0.1).all()
    kept, twin = first_tile("kept"), first_tile("twin")
    assert (kept["rollout"] > kept["last layer"] + 0.4).all()
    named, others = span(twin["rollout"], "%"), span(twin["last layer"], "%")
    pair = inked.loc[worse[0], ["last layer", "random"]]
    said(
        "M3",
        [
            f"{of['rollout'].mean():.2f} ({span(of['rollout'])})",
            f"{of['last layer'].mean():.2f} ({span(of['last layer'])})",
            f"{inked['rollout'].mean():.2f} against {inked['last layer'].mean():.2f}",
            f"all layers leaves {of['all layers'].mean():.2f}",
            f"{named} (last layer {others})",
            f"keeps {100 * kept['rollout'].mean():.0f} % of the answers ({100 * kept['last layer'].mean():.0f} %)",
        ],
        [
            f"in {others} of the cases",
            f"in {named} and keeps {span(kept['rollout'], '%')} of the answers",
            f"worse in one ({pair.iloc[0]:.2f} against {pair.iloc[1]:.2f})",
        ],
    )
