"""Rows of the claims ledger that rest on the tables of `make claims`, and the figures that texts repeat."""

from __future__ import annotations

import lesson_files
import pytest
from claims import LEDGER

from vitcourse.experiments import read_table
from vitcourse.experiments.slopes import fitted_slope


def text_of(lesson: str) -> str:
    """A lesson's source as one line of words, without the comment signs of its Markdown."""
    path = next((lesson_files.ROOT / "lessons").glob(f"{lesson}_*.py"))
    return " ".join(path.read_text(encoding="utf-8").replace("\n# ", " ").split())


def said(claim: str, lesson: str, *, ledger: list[str], texts: list[str]) -> None:
    """The ledger's row and the lesson say these figures, as they were just computed from the table."""
    row = next(line for line in LEDGER.read_text(encoding="utf-8").splitlines() if line.startswith(f"| {claim} |"))
    assert [text for text in ledger if text not in row] == []
    assert [text for text in texts if text not in text_of(lesson)] == []


# Of the data regime, those that the ledger's row names: augmentation, number of images.
WHERE = ((1, 100), (1, 1000), (1, 60_000), (0, 100), (0, 60_000))


def percent(value: float) -> str:
    return f"{100 * value:.1f}"


def accuracies(name: str, **where) -> list[float]:
    """The accuracy of each seed in the rows with these values."""
    table = read_table(name)
    for column, value in where.items():
        table = table[table[column] == value]
    assert len(table) >= 5
    return list(table["accuracy"])


def mean(values: list[float]) -> float:
    return sum(values) / len(values)


def test_p3_patch_size():
    table = read_table("patch_size")
    assert set(table.groupby("patch_size").size()) == {5}
    by = table.groupby("patch_size").mean(numeric_only=True)
    gap = by["train_accuracy"] - by["accuracy"]
    right = by["accuracy"]
    assert list(by.index) == [2, 4, 7, 14]
    times = by["milliseconds"][2] / by["milliseconds"][14]
    assert gap.idxmax() == 2
    assert gap.min() > 0.02
    assert right.idxmin() == 2
    assert right.idxmax() == 7
    assert by["train_accuracy"].idxmin() == 2
    lost = percent(right[7] - right[14])
    said(
        "P3",
        "01",
        ledger=[
            ", ".join(map(percent, right)),
            ", ".join(map(percent, gap)),
            f"14 loses {lost} points",
            f"cost {times:.0f} times the largest",
        ],
        texts=[f"loses only {lost} points to 7 x 7", f"take {times:.0f} times as long as the largest"],
    )


def test_p6_positions():
    runs = {kind: accuracies("tokens", position=kind, pool="cls", size=28) for kind in ENCODINGS}
    for better, worse in (("sincos", "learned"), ("learned", "relative"), ("relative", "none")):
        assert min(runs[better]) > max(runs[worse])  # every seed
    learned, sines, relative, none = (mean(runs[kind]) for kind in ENCODINGS)
    said(
        "P6",
        "03",
        ledger=[
            f"2-D sines {percent(sines)} %, learned {percent(learned)} %, relative {percent(relative)} %",
            f"none {percent(none)} %",
        ],
        texts=[f"here {percent(sines - learned)} points better", f"that {100 * none:.0f} % are not"],
    )


ENCODINGS = ("learned", "sincos", "relative", "none")


def test_p9_class_token_and_mean():
    runs = {
        (p, q): accuracies("tokens", position=p, pool=q, size=28) for p in ("learned", "none") for q in ("cls", "mean")
    }
    spread = max(runs["learned", "cls"]) - min(runs["learned", "cls"])
    bought = mean(runs["learned", "cls"]) - mean(runs["learned", "mean"])
    assert 0 < bought < spread
    assert abs(mean(runs["none", "cls"]) - mean(runs["none", "mean"])) < 0.01
    figures = {pair: percent(mean(of)) for pair, of in runs.items()}
    said(
        "P9",
        "04",
        ledger=[f"{figures['learned', 'cls']} % against {figures['learned', 'mean']} %"],
        texts=[f"They buy {percent(bought)} points here"],
    )


def test_p10_interpolation():
    def right(kind: str, change: str, size: int) -> list[float]:
        return accuracies("tokens", position=kind, pool="cls", change=change, size=size)

    for size in (40, 56):
        assert min(right("learned", "scaled", size)) > max(right("learned", "padded", size)) + 0.1
        assert min(right("learned", "scaled", size)) > max(right("sincos", "scaled", size)) + 0.4
        assert mean(right("learned", "scaled", size)) > mean(right("relative", "scaled", size))
    at_56 = [mean(right(kind, "padded", 56)) for kind in ENCODINGS]
    assert max(at_56) < 0.25
    figures = [percent(mean(right("learned", change, size))) for change in ("scaled", "padded") for size in (40, 56)]
    sines = [percent(mean(right("sincos", "scaled", size))) for size in (40, 56)]
    twice = 100 * mean(right("learned", "scaled", 56))
    said(
        "P10",
        "03",
        ledger=[
            f"read {figures[0]} and {figures[1]} %",
            f"{figures[2]} and {figures[3]} % of padded ones",
            f"{sines[0]} and {sines[1]} % of scaled ones",
        ],
        texts=[f"and {twice:.0f} % are still read at twice the size"],
    )


def fits(part: str, figure: str):
    table = read_table("scaling").query("part == @part and tokens >= 256")
    return fitted_slope(list(table["tokens"]), list(table[figure]))


def test_a7_what_grows_how():
    textbook, fused = "scores and sum, textbook", "scores and sum, fused"
    assert fits(textbook, "flops").exponent == pytest.approx(2, abs=0.01)
    assert fits(textbook, "peak_bytes").exponent == pytest.approx(2, abs=0.05)
    assert 2 < fits(textbook, "milliseconds").exponent < 3
    assert fits(fused, "peak_bytes").exponent < 1.3
    assert fits(fused, "milliseconds").exponent > 1.6
    for part in ("projections", "MLP"):
        assert fits(part, "flops").exponent == pytest.approx(1, abs=0.01)
        assert fits(part, "milliseconds").exponent < 1.2
    said(
        "A7",
        "02",
        ledger=[
            f"{fits(textbook, 'milliseconds').exponent:.2f} in time",
            f"fused {fits(fused, 'milliseconds').exponent:.2f} in time and {fits(fused, 'peak_bytes').exponent:.2f}",
        ],
        texts=["Memory is $O(h N^2)$ in the textbook form only"],
    )


def test_t2_warm_up():
    runs = {(r, w): accuracies("warmup", lr=r, warmup=w) for r in (0.001, 0.003, 0.01, 0.03) for w in (0.0, 0.05, 0.2)}
    assert abs(mean(runs[0.001, 0.0]) - mean(runs[0.001, 0.2])) < 0.002
    assert 0.003 < mean(runs[0.003, 0.2]) - mean(runs[0.003, 0.0]) < 0.01
    assert max(runs[0.003, 0.0]) >= max(runs[0.003, 0.2])  # the best seeds need none
    for rate in (0.01, 0.03):
        assert min(runs[rate, 0.2]) > max(runs[rate, 0.0]) + 0.05  # every seed
    best = max(runs, key=lambda key: mean(runs[key]))
    assert best[0] == 0.003
    without, with_it = mean(runs[0.01, 0.0]), mean(runs[0.01, 0.2])
    gained = mean(runs[0.003, 0.2]) - mean(runs[0.003, 0.0])
    said(
        "T2",
        "05",
        ledger=[
            ", ".join(percent(mean(runs[rate, w])) for w in (0.0, 0.05, 0.2)) for rate in (0.001, 0.003, 0.01, 0.03)
        ],
        texts=[
            f"it adds {percent(gained)} points on average",
            f"the worst ends at {percent(min(runs[0.003, 0.2]))} % instead of {percent(min(runs[0.003, 0.0]))} %",
            f"ends at {percent(without)} %, with it at {percent(with_it)} %",
        ],
    )


def test_t5_muon():
    table = read_table("muon").pivot_table(index=["lr", "updates", "seed"], columns="optimizer", values="accuracy")
    assert len(table) == 45
    assert (table["muon"] > table["adamw"]).all()
    means = table.groupby(["lr", "updates"]).mean()
    rates = means.groupby("lr").mean()
    assert rates["muon"].idxmax() == rates["adamw"].idxmax() == 0.003
    at = means.loc[0.003]
    assert abs(at["muon"][235] - at["adamw"][469]) < 0.002
    seconds = read_table("muon").groupby(["updates", "optimizer"])["seconds"].median().unstack()
    longer = seconds["muon"] / seconds["adamw"]
    assert 1.1 < longer.min() < longer.max() < 1.4
    both = [f"{percent(at['adamw'][updates])} / {percent(at['muon'][updates])}" for updates in (235, 469, 938)]
    said("T5", "05", ledger=both, texts=[f"reach what AdamW reaches in 469: {percent(at['muon'][235])} %"])


def test_c4_data_regime():
    table = read_table("data_regime")
    by_seed = table.pivot_table(index=["augment", "number", "seed"], columns="family", values="accuracy")
    ahead = (by_seed["cnn"] > by_seed["vit"]).groupby(["augment", "number"]).sum()
    assert ahead[0, 100] == 0
    assert set(ahead.drop((0, 100))) == {5}
    means = by_seed.groupby(["augment", "number"]).mean()
    points = 100 * (means["cnn"] - means["vit"])
    times = (1 - means["vit"]) / (1 - means["cnn"])
    gained = 100 * (means.loc[1, 100] - means.loc[0, 100])
    for family in ("vit", "cnn"):  # "neither gains much after 10,000 images"
        assert means[family][1, 60_000] - means[family][1, 10_000] < 0.005
    said(
        "C4",
        "07",
        ledger=[
            *(f"{percent(means['vit'][where])} / {percent(means['cnn'][where])}" for where in WHERE),
            f"{times[1, 60_000]:.1f} times as many errors at 60,000, {times[1, 100]:.1f} at 100",
        ],
        texts=[
            f"from 100 images on, by {points[1, 100]:.1f} points there",
            f"the ViT ahead, by {-points[0, 100]:.1f} points",
            f"add {gained['cnn']:.0f} points to the CNN and {gained['vit']:.0f} to the ViT",
            f"from {points[1, 100]:.1f} to {points[1, 60_000]:.1f}",
            f"{times[1, 100]:.1f} times as many at 100 images and {times[1, 60_000]:.1f} times as many at 60,000",
        ],
    )


def test_feature_maps_and_attention_maps():
    """C11's half about explanations: figures of the text, and that the CNN's map beats chance in every model."""
    table = read_table("deletion").query("among == 'all' and hidden == 8")
    kept = table.pivot_table(index="seed", columns=["family", "order"], values="kept")
    assert (kept["cnn", "class activation"] < kept["cnn", "random"]).all()
    mean_of = {name: f"{100 * kept[name].mean():.0f}" for name in kept}
    said(
        "C11",
        "07",
        ledger=[],
        texts=[
            f"{mean_of['cnn', 'class activation']} % of its answers stay, {mean_of['cnn', 'random']} % where chance",
            f"the ViT's answers, {mean_of['vit', 'last layer']} and {mean_of['vit', 'random']} %",
            f"Rollout does better, {mean_of['vit', 'rollout']} %",
            f"does best of all: {mean_of['cnn', 'ink']} and {mean_of['vit', 'ink']} %",
        ],
    )


def test_c6_convolution_and_attention():
    table = read_table("scaling")
    times = table.pivot(index="tokens", columns="part", values="milliseconds")
    counts = table.pivot(index="tokens", columns="part", values="flops")
    slower = times["layer"] > times["convolution 3 x 3"]
    assert not slower[64]
    assert slower[256:].all()
    assert list(counts["layer"] > counts["convolution 3 x 3"]) == [n > 2.5 * 192 for n in counts.index]
    factor = times["layer"][4096] / times["convolution 3 x 3"][4096]
    three = [", ".join(f"{times[part][n]:.2f}" for n in (64, 256, 4096)) for part in ("convolution 3 x 3", "layer")]
    said("C6", "07", ledger=three, texts=[f"attention takes {factor:.0f} times as long"])


def test_c8_robustness():
    def pair(kind: str, amount: int) -> tuple[list[float], list[float]]:
        vit, cnn = (accuracies("robustness", family=family, kind=kind, amount=amount) for family in ("vit", "cnn"))
        return vit, cnn

    vit, cnn = pair("moved", 4)
    assert min(cnn) > max(vit) + 0.2
    for kind, amount in (("shuffled", 4), ("hidden", 4), ("noise", 2)):
        vit, cnn = pair(kind, amount)
        assert min(vit) > max(cnn) + 0.03  # every seed
    whole = pair("moved", 0)
    said(
        "C8",
        "07",
        ledger=[
            f"{percent(mean(v))} against {percent(mean(c))} %"
            for v, c in (
                pair(*one) for one in (("moved", 0), ("moved", 4), ("shuffled", 4), ("hidden", 4), ("noise", 2))
            )
        ],
        texts=[f"starts {percent(mean(whole[1]) - mean(whole[0]))} points higher"],
    )
