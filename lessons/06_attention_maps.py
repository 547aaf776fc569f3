# %% [markdown] tags=["core"]
# # 06 Attention maps
#
# ## What you will be able to do
#
# 8 minutes. After this lesson you can
#
# - record the attention maps of a model, and lay them over an image;
# - check a map where the truth is known;
# - compute rollout, a gradient-weighted map, and how far a head looks;
# - test what a map says, by hiding patches, and name what such a test leaves open.
#
# Lesson 05 trained a model and counted its mistakes. That does not say how it decides. Does its attention?

# %% tags=["core"]
from collections.abc import Sequence

import pandas as pd
import torch
from torch import Tensor
from torch.testing import assert_close

import vitcourse as vc
from vitcourse import maps as map_tools
from vitcourse.data import load, photograph
from vitcourse.data.pairs import twin_of
from vitcourse.exercises import check, hint, progress, quiz, solution  # noqa: F401
from vitcourse.experiments import measured_on, read_table
from vitcourse.maps import deletion
from vitcourse.plots import map_figures, map_tables
from vitcourse.plots import maps as plots
from vitcourse.plots.layer_maps import layer_maps
from vitcourse.plots.pipeline import pipeline_strip
from vitcourse.training import load_checkpoint
from vitcourse.widgets import cell, choices, drawing, explorer, live, picture, predict, slider
from vitcourse.widgets.duel import duel

weights = "mnist"  # or "my_mnist.safetensors", which lesson 05 saves
model = load_checkpoint(weights).requires_grad_(False)
depth, grid, patch_size = len(model.blocks), model.grid, model.config["patch_size"]
rows, cols = grid
pairs, digits = load("pairs").test[:1000], load("mnist")
test = digits.test[:300]
on_mnist = digits.name == "mnist"  # else other digits stand in: what is measured on them is no point of the tables

image = test.images[:1]
stages = dict(image=image, patches=vc.patchify(image, patch_size), embed=model.embed(image))
stages["encoder"] = model.encode(stages["embed"])
stages["pool"] = model.pool(stages["encoder"])
stages["head"] = model.head(stages["pool"])
shapes: dict[str, object] = {name: tuple(x.shape[1:]) for name, x in stages.items()}
picture(
    pipeline_strip("maps", shapes | dict(prediction=f"a {int(stages['head'].argmax())}", depth=depth)),
    alt="You are here: the attention within the encoder blocks, this time of trained models.",
)

# %% [markdown] tags=["core"]
# ## Predict
#
# Lock your guesses; measurements are laid over them further down.

# %% tags=["core"]
finds = predict(
    "A model has learned to spot the pair: which two of nine tiles show the same digit? For a tile of the pair: how "
    "often is the other tile that it looks at most its twin? (By chance: 12.5 %.)",
    low=0,
    high=100,
    step=1,
    unit="%",
)
finds

# %% tags=["core"]
blanks = predict(
    "Of an MNIST digit, most patches are blank. How much of the class token's attention in the last layer goes to "
    "blank patches?",
    low=0,
    high=100,
    step=1,
    unit="%",
)
blanks

# %% tags=["core"]
trend = predict(
    "From layer to layer of the trained MNIST model: how far do patches look, on average over heads?",
    choices=["farther with every layer", "nearer with every layer", "neither"],
)
trend

# %% tags=["core"]
falls = predict(
    "Patches of a digit are hidden one after the other, in a random order. How does the probability of the model's first "
    "answer fall, on average?",
    x=(0, rows * cols),
    low=0,
    high=1,
    x_label="patches hidden",
    y_label="probability",
)
falls

# %% [markdown] tags=["core"]
# ## Recording
#
# Layer $l$, head $h$ has a map $A^{(l,h)}$. Entry $A^{(l,h)}_{ij}$ is how much token $i$ takes from token $j$; rows sum
# to 1. The fused kernel of lesson 02 never stores it. `record_attention` computes it beside, from the same queries and
# keys, while the model runs.

# %% tags=["core", "nbval-check-output"]
pair_model = load_checkpoint("pairs").requires_grad_(False)  # two layers; the nine tiles are its tokens

with vc.record_attention(pair_model) as pair_maps:
    pair_logits = pair_model(pairs.images)  # one number for each tile: is it of the pair?
print("logits", tuple(pair_logits.shape))
print("maps  ", [tuple(A.shape) for A in pair_maps])  # (boards, heads, tiles that look, tiles looked at)
assert_close(pair_maps[0].sum(dim=-1), torch.ones(pair_maps[0].shape[:-1]))

# %% [markdown] tags=["core"]
# ## A map whose truth is known
#
# In *spot the pair*, a tile of the pair can only be told by its twin: that is where it has to look. Lesson 02 wrote such
# weights by hand. These are learned, from pixels.
#
# ### Touch: ask from a tile
#
# Click a tile of the pair. Compare layer 1 with layer 2, and the heads with one another.


# %% tags=["core"]
twin = twin_of(pairs.labels)  # (boards, 9): where the twin is; -1 for a tile without
has_twin = twin >= 0


@live(
    alt="A board of nine digits, tinted by the attention of one tile, the whole map of a head, and the probability of "
    "each tile to be one of the pair. Board, layer, head and tile can be chosen.",
    size=(760, 310),
    board=slider(1, 20, value=1),
    layer=slider(1, 2, value=2),
    head=choices({"mean of all": None} | {f"{h + 1}": h for h in range(pair_maps[0].shape[1])}),
    tile=cell(3, 3, value=divmod(int(has_twin[0].nonzero()[0]), 3)),
)
def ask(figure):
    draw = plots.pair_explorer(figure, pairs.images[0, 0])

    def update(board, layer, head, tile):
        asking = 3 * tile[0] + tile[1]
        A = pair_maps[layer - 1][board - 1]  # (heads, 9, 9)
        A = A.mean(dim=0) if head is None else A[head]
        draw(pairs.images[board - 1, 0], asking, A, pair_logits[board - 1].sigmoid())
        other = int(A[asking].index_fill(0, torch.tensor(asking), 0).argmax())
        truth = int(twin[board - 1, asking])
        return f"tile {asking} looks most at tile {other} (itself left out); " + (
            f"its twin is tile {truth}" if truth >= 0 else "it has no twin"
        )

    return update


ask

# %% [markdown] tags=["core"]
# ## Measure: does a tile find its twin?

# %% tags=["core"]
itself = torch.eye(9, dtype=torch.bool)


def share_found(A):
    """How often the strongest other tile of a tile of the pair is its twin; A is (boards, 9, 9)."""
    return (A.masked_fill(itself, 0).argmax(dim=-1) == twin)[has_twin].float().mean().item()


print("share of strongest other tiles that are the twin (chance 12.5%)")
for layer, A in enumerate(pair_maps, start=1):
    heads = "  ".join(f"{share_found(A[:, h]):4.0%}" for h in range(A.shape[1]))
    print(f"layer {layer}:  each head {heads}   mean of heads {share_found(A.mean(dim=1)):4.0%}")

twins_weight = pair_maps[-1].mean(dim=1).gather(2, twin.clamp(min=0)[:, :, None])[has_twin].mean().item()
finds.reveal(
    round(100 * share_found(pair_maps[-1].mean(dim=1))),
    note=f"Last layer, mean of heads. The twin's weight is {twins_weight:.2f} on average; an equal share is 0.11.",
)

# %% [markdown] tags=["core"]
# The map points the right way. Is it also what the model *uses*? Forbid it: a bias of $-\infty$ on one score makes one
# weight zero (lesson 02). We take away each tile's look at its twin, and, for comparison, its look at one other tile.

# %% tags=["core"]
torch.manual_seed(0)
others = torch.rand(len(twin), 9, 9).masked_fill(itself, 0).scatter(2, twin.clamp(min=0)[:, :, None], 0)
boards, tiles = has_twin.nonzero(as_tuple=True)

for name, hidden in {"nothing": None, "another tile": others.argmax(dim=-1), "the twin": twin}.items():
    bias = torch.zeros(len(twin), 1, 9, 9)  # for each board, the same in all heads
    if hidden is not None:
        bias[boards, 0, tiles, hidden[boards, tiles]] = -torch.inf
    tokens = pair_model.embed(pairs.images)
    for block in pair_model.blocks:
        tokens = block(tokens, bias)
    said = pair_model.head(pair_model.norm(tokens)).squeeze(-1) > 0
    print(f"forbidden: {name:13} tiles of the pair that are found {said[has_twin].float().mean():4.0%}")

# %% [markdown] tags=["core"]
# That is evidence: without this one weight, most answers are gone. A picture of a map is not yet evidence.
#
# ## MNIST, a hard case
#
# Here nobody knows the true map. The prediction is read off the class token, so its row is the first to look at. The
# class token is token 0, and $c^{(l,h)}_j = A^{(l,h)}_{0j}$ for the patches $j = 1, \dots, N$ is laid out on the grid.

# %% tags=["core", "nbval-check-output"]
with vc.record_attention(model) as maps:
    logits = model(test.images)

c = map_tools.class_attention_map(maps[-1], grid)  # row 0, without the class token's look at itself
print("last map", tuple(maps[-1].shape[1:]), "-> class token's map", tuple(c.shape[1:]))

# %% [markdown] tags=["core"]
# ### Touch: all layers, all heads
#
# Move over the patches: where does each look? Hold Shift: who looks at it? Weights are in multiples of an equal share,
# $1 / (N + 1)$.
#
# 1. Layer 1, the class token: which head looks at the stroke, which one beside it?
# 2. Last layer, mean of heads: move over the whole digit. How much does it matter who asks?
# 3. Shift over a blank patch: is it looked at in layer 1? In the last layer?

# %% tags=["core"]
examples = torch.stack([test.images[test.labels == digit][0] for digit in range(10)])  # one of each class
view = explorer(
    model,
    examples,
    labels=torch.arange(10),
    image=2,
    preload=10,
    alt="A digit tinted by where the class token looks, and the maps of all layers and heads. Any patch can ask.",
)
view

# %% [markdown] tags=["core"]
# <details><summary>What to see in the model that comes with the course</summary>
#
# 1. Head 3 looks at ink, head 1 just beside it.
# 2. Little: many patches look most at the same one.
# 3. In layer 1 about as much as an inked one, in the last layer a fifth as much, or less.
#
# </details>
#
# ### Touch: your own digit
#
# Draw: prediction and the class token's maps follow the pen. The explorer above takes your digit over, for you to hover.


# %% tags=["core"]
@live(
    alt="A drawn digit under the class token's map of each layer, mean of heads, and the probability of each class. The "
    "digit can be drawn.",
    size=(480, 330),
    digit=drawing(28, start=examples[4, 0], center=True),
)
def draw_one(figure):
    draw = layer_maps(figure, examples[4, 0], grid, depth, "0123456789")
    explored = view

    def update(digit):
        image = torch.from_numpy(digit)[None, None]
        with vc.record_attention(model) as maps:
            probabilities = model(image).softmax(dim=-1)[0]
        looks = [map_tools.class_attention_map(A, grid)[0].mean(dim=0) for A in maps]
        draw(image[0, 0], torch.stack(looks), probabilities)
        if not torch.equal(image[0], examples[4]):
            explored.show(image)
        return f"read as {int(probabilities.argmax())}, probability {probabilities.max():.0%}"

    return update


draw_one

# %% [markdown] tags=["core"]
# ## Measure: looking at nothing

# %% tags=["core"]
blank = vc.patchify(test.images, patch_size).amax(dim=-1) == 0  # (images, N): no ink in it
on_blank = [(A[:, :, 0, 1:].mean(dim=1) * blank).sum(dim=-1).mean().item() for A in maps]
print(f"blank patches: {blank.float().mean():.0%}")
for layer, share in enumerate(on_blank, start=1):
    print(f"layer {layer}: {share:.0%} of the class token's attention goes to blank patches")

blanks.reveal(
    round(100 * on_blank[-1]),
    note=f"If all tokens had the same weight, blank patches would get {blank.float().mean() * rows * cols / (rows * cols + 1):.0%}.",
)

# %% [markdown] tags=["core"]
# A share below that of equal weights means: the model prefers ink. Looking elsewhere need not be a mistake. A blank patch
# has a position, and from layer 2 on what it has collected. But much weight there makes a map a poor picture of *where
# the evidence is*.
#
# ## Measure: how far do heads look?
#
# The **mean attention distance** of a head is the distance between a patch and the patches that it looks at, weighted:
#
# $$\bar d = \frac{1}{N} \sum_{i=1}^{N} \sum_{j=1}^{N} \tilde a_{ij} \, \lVert p_i - p_j \rVert$$
#
# $p_i$ is the place of patch $i$ on the grid, and $\tilde a_{ij}$ are its weights without the class token, brought
# to sum 1.

# %% tags=["core", "nbval-check-output"]
d = map_tools.attention_distance(maps[0], grid)  # (images, heads), in patches
same = torch.full_like(maps[0][:1, :1], 1 / maps[0].shape[-1])  # a head that looks at all tokens alike
equal = map_tools.attention_distance(same, grid).item()
print("distances", tuple(d.shape[1:]), f"  equal weights look {equal:.2f} patches far")

# %% tags=["core"]
torch.manual_seed(0)
untrained = vc.VisionTransformer(**model.config).eval().requires_grad_(False)
far = torch.stack([map_tools.attention_distance(A, grid).mean(dim=0) for A in maps])  # (layers, heads)

local = torch.zeros_like(same)  # a head that looks at a patch itself and at those next to it
places = torch.cartesian_prod(torch.arange(float(rows)), torch.arange(float(cols)))
local[..., 1:, 1:] = (torch.cdist(places, places) < 1.1).float()

of_vit = read_table("distances").query("family == 'vit'")  # five models, before and after training
heads, alike = of_vit.query("layer > 0"), of_vit.query("layer == 0").groupby("state")["distance"].mean()
levels = {
    "equal weights": alike["equal"],
    "equal weights\non inked patches": alike["equal on ink"],
    "itself and\nits neighbors": map_tools.attention_distance(local, grid).item(),
}
now = pd.DataFrame(
    [dict(state="trained", layer=layer, distance=d) for layer, row in enumerate(far.tolist(), start=1) for d in row]
)
picture(
    map_tables.distance_bands(heads, levels, now=now if on_mnist else None),
    alt="Mean attention distance over the layers, heads of five models. Untrained they lie on the line of equal weights, "
    "trained a little below it, near the line of equal weights on inked patches; far above a head that looks at neighbors.",
)

# %% tags=["core"]
print(measured_on("distances"))
steps = far.mean(dim=1).diff()  # from each layer to the next
found = (
    "farther with every layer" if (steps > 0).all() else "nearer with every layer" if (steps < 0).all() else "neither"
)
trend.reveal(
    found,
    note=f"Layers: {', '.join(f'{d:.2f}' for d in far.mean(dim=1))} patches. Heads: {far.min():.2f} to {far.max():.2f}. "
    f"Equal weights: {equal:.2f}.",
)

# %% [markdown] tags=["core"]
# Bands: all heads of five models trained as in lesson 05. Marks: this lesson's model.
#
# Often stated as: *early layers look near, deep layers look far*. Published for large models is something weaker: in
# early layers some heads look near and some far, in deep layers nearly all look far (Dosovitskiy et al. 2021, figure
# 7). Our small models go the other way, a little: 3.46 patches in layer 1, 3.19 in layer 4 on average, and less in layer
# 4 in each of the five. The ink lies in the middle: who looks at all of it, from everywhere, has the distance of the
# middle line. To be below equal weights is thus no sign of looking at neighbors.
#
# Do heads *specialize: local, global, object*? Of these 40 none is local; more below.
#
# ## Through all layers
#
# After one layer, a token is a mixture. Weight on token $j$ in the last layer is not weight on *patch* $j$ of the image.
#
# **Rollout** follows the mixtures down. Each layer counts as half skip connection, half attention; layers are
# multiplied:
#
# $$R^{(0)} = I, \qquad R^{(l)} = \left(\tfrac12 I + \tfrac12 \bar A^{(l)}\right) R^{(l-1)}$$
#
# $\bar A^{(l)}$ is the mean over heads and $I$ the identity. Values, norms and MLPs are left out.

# %% tags=["core", "nbval-check-output"]
R = map_tools.rollout(maps)  # (images, tokens, tokens)
print("R", tuple(R.shape[1:]), " each row sums to", round(R.sum(dim=-1).mean().item(), 3))

# %% [markdown] tags=["core"]
# **Gradient-weighted** maps ask about one answer. Let $L$ be the logit of the predicted class. A weight counts if
# raising it raises $L$; $\odot$ multiplies entry by entry, $[\cdot]_+$ sets negative numbers to 0, $E_h$ is the mean over
# heads:
#
# $$R^{(l)} = R^{(l-1)} + E_h\left[\frac{\partial L}{\partial A^{(l)}} \odot A^{(l)}\right]_+ R^{(l-1)}$$


# %% tags=["core", "nbval-check-output"]
def explain(images):
    """For each image a score of each patch, (images, N): three ways to read the model, and one that never saw it."""
    with vc.record_attention(model, gradients=True) as maps:
        logits = model(images.clone().requires_grad_())
        logits.amax(dim=-1).sum().backward()  # L, for all images at once
    return {
        "last layer": maps[-1].mean(dim=1)[:, 0, 1:],
        "rollout": map_tools.rollout(maps)[:, 0, 1:],
        "gradient": map_tools.gradient_rollout(maps, maps.gradients)[:, 0, 1:],
        "ink": vc.patchify(images, patch_size).sum(dim=-1),  # no model at all
    }


scores = explain(examples)
print({name: tuple(score.shape) for name, score in scores.items()})

# %% tags=["core"]
shown = {name: score[3].unflatten(0, grid) for name, score in scores.items()}
picture(
    map_figures.maps_beside(examples[3, 0], shown, grid),
    alt="A three under four maps: the class token's row in the last layer, rollout, the gradient-weighted map, and the "
    "amount of ink in each patch.",
)

# %% [markdown] tags=["core"]
# ### Touch: the duel
#
# Each map orders the patches. Play against them: hide patches, as few as you can, until the prediction flips to another
# class. Hidden pixels are 0. Three more play: *ink*, the patches with most ink first; *chance*; and a *search* that tries
# every patch left before each step. One digit cannot be played: the model sees it in a blank image, too.

# %% tags=["core"]
duel(
    model,
    examples,
    scores,
    alt="A game: hide patches of a digit until the model's prediction flips. Without a kernel, a round with the digit 0: how "
    "many patches each order needed, and which.",
)

# %% [markdown] tags=["core"]
# You and the search saw the answer after each patch, and could go back. The maps had one try, in a fixed order.
#
# ## Measure: hiding, over many digits

# %% tags=["core"]
some = test.images[:100]
scores_100 = explain(some) | {"random": deletion.random_scores(100, rows * cols)}
counts = [0, 4, 8, 16, 32, rows * cols]
curves = {
    name: deletion.deletion_curves(model, some, score, counts, patch_size).mean(dim=0)
    for name, score in (scores_100 | {"last layer, lowest first": -scores_100["last layer"]}).items()
}

print("mean probability of the first answer, from no patch hidden to all")
for name, curve in curves.items():
    print(f"{name:26} {torch.trapezoid(curve, torch.tensor(counts)) / counts[-1]:.2f}")

# %% [markdown] tags=["core"]
# Now the five models and 1,000 digits. Bands: least to most. Marks: the model above, 8 patches hidden.

# %% tags=["core"]
table = read_table("deletion")
hidden_all = table.query("family == 'vit' and among == 'all' and order != 'all layers'")
at_8 = pd.DataFrame(
    [dict(order=name, hidden=8, probability=curve[counts.index(8)].item()) for name, curve in curves.items()]
)
print(measured_on("deletion"))
picture(
    map_tables.hiding_bands(hidden_all, "probability of the first answer", now=at_8 if on_mnist else None),
    alt="Probability of the first answer over the number of hidden patches, five models. Ink makes it fall fastest, then "
    "rollout and the gradient-weighted map, then the last layer; chance and the last layer's lowest first are slowest.",
)

# %% tags=["core"]
falls.reveal(counts, curves["random"].tolist(), note="A random order, this lesson's model: a mean over 100 digits.")

# %% [markdown] tags=["core"]
# - An order well below *chance* knows something of what the answer needs: *rollout* and *gradient* do, in all five models.
# - The *last layer* is no reliable guide. Its mean probability is 0.45 to 0.65, that of chance 0.61 to 0.71. In two of the
#   five, hiding where it looks *least* does as much harm or more. In this lesson's model it does well: one model is no rule.
# - *Ink* has never seen the model and does better than every map, in all five. Hiding ink destroys the digit, so whatever
#   prefers ink does well here. The test measures damage; it does not prove that a map shows the model's reasons.
# - Images with holes are unlike the training images. That too may lower the curves.
#
# ## A photograph, and a model that knows nothing
#
# A map of a photograph convinces when it follows the objects. Here is one. The model behind it was never trained.

# %% tags=["core"]
photo = photograph(224)
torch.manual_seed(0)
random_model = vc.VisionTransformer(embed_dim=192, depth=4, num_heads=3, mlp_ratio=2.0, position="none")
with torch.no_grad(), vc.record_attention(random_model) as photo_maps:
    random_model(photo)
photo_map = map_tools.class_attention_map(photo_maps[2], random_model.grid)[0].mean(dim=0) * random_model.num_tokens

picture(
    map_figures.photograph_beside_maps(photo[0, :, ::2, ::2].permute(1, 2, 0), photo_map, highest=4.0),
    max_kb=50,
    alt="A photograph of a pavilion and the class token's map of an untrained model. With colors stretched between the "
    "smallest and the largest weight the building can be made out; with colors from 0 the map is flat.",
)

# %% tags=["core"]
brightness = vc.patchify(photo, 16).mean(dim=-1)[0]
r = torch.corrcoef(torch.stack([photo_map.flatten(), brightness]))[0, 1].item()
print(f"weights from {photo_map.min():.2f} to {photo_map.max():.2f} times an equal share")
print(f"correlation with the brightness of the patch: {r:.2f}")

# %% [markdown] tags=["core"]
# Random projections still depend on the patches, here on their brightness; stretched colors make a picture of it. (We
# show the best-looking layer of four. Another seed may prefer the sky.) So look at the scale of any map, and compare with
# an untrained model. Lesson 10 has models trained on photographs.
#
# ## Exercises
#
# ### Try it
#
# **1.** Forbid the look at the twin in one layer only: in the cell that forbids, give `bias` to one block and `None` to
# the other. Which layer does the work?
#
# <details><summary>What to expect</summary>
#
# Layer 2: without its look most answers are gone. Layer 1 does not need it: it was trained to name the digit on each tile,
# and layer 2 compares.
#
# </details>
#
# **2.** In `explain`, call `map_tools.rollout(maps, residual=0.9)`, then `0.1`. Which mean over the curve changes, and how much?
#
# <details><summary>What to expect</summary>
#
# Only rollout's. At 0.1 it rises: so much mixing makes the map even. At 0.9 it changes little. This share is a choice of
# the method, not a property of the model.
#
# </details>

# %% [markdown] tags=["deeper"]
# ### More exercises
#
# The functions that this lesson called. They are not on the 90-minute path.
#
# ### `class_attention_map`
#
# 3 minutes, difficulty ●○○
#
# The class token's map $c_j = A_{0j}$, for the patches $j = 1, \dots, N$, laid out on the grid.


# %% tags=["deeper", "exercise"]
def class_attention_map(attention: Tensor, grid: tuple[int, int]) -> Tensor:
    """Where the class token looks, laid out on the grid of patches.

    attention: (batch, heads, tokens, tokens), the weights: row i says what token i takes from each token, and sums to
    1. The class token is token 0, the patches follow row by row. grid: (rows, columns) of patches.
    Returns (batch, heads, rows, columns): the weights as they are, without the class token's look at itself.
    """
    raise NotImplementedError  # your code here


check(class_attention_map)  # hint(class_attention_map), solution(class_attention_map), progress()

# %% [markdown] tags=["deeper"]
# ### `rollout`
#
# 5 minutes, difficulty ●●○
#
# $R^{(0)} = I$ and $R^{(l)} = \left(\tfrac12 I + \tfrac12 \bar A^{(l)}\right) R^{(l-1)}$: the skip connection counts for one
# half of each layer, the mean over heads for the other.


# %% tags=["deeper", "exercise"]
def rollout(maps: Sequence[Tensor]) -> Tensor:
    """Attention through all layers: how much of each token at the start is in each token at the end.

    maps: for each layer, first to last, its weights, (batch, heads, tokens, tokens). In each layer the skip connection
    counts for one half, attention for the other.
    Returns (batch, tokens, tokens), in the dtype and on the device of the maps: row i says what token i is a mixture of,
    and sums to 1. The maps stay as they are.
    """
    raise NotImplementedError  # your code here


check(rollout)  # hint(rollout), solution(rollout)

# %% [markdown] tags=["deeper"]
# ### `attention_distance`
#
# 7 minutes, difficulty ●●●
#
# $\bar d = \frac{1}{N} \sum_{i} \sum_{j} \tilde a_{ij} \, \lVert p_i - p_j \rVert$ for each head: the places $p_i$ are row and column of
# a patch, and $\tilde a_{ij}$ are the weights between patches, each row brought to sum 1 again.


# %% tags=["deeper", "exercise"]
def attention_distance(attention: Tensor, grid: tuple[int, int]) -> Tensor:
    """How far each head looks: the mean distance between a patch and the patches it looks at, weighted.

    attention: (batch, heads, tokens, tokens), the weights; the class token is token 0, the patches follow row by row.
    grid: (rows, columns) of patches.
    The class token is left out on both sides, as one that looks and as one looked at; each row that remains is divided
    by its sum. Distances are those of a straight line, in patches: a patch's right neighbor is 1 away.
    Returns (batch, heads), in the dtype and on the device of `attention`. The maps stay as they are.
    """
    raise NotImplementedError  # your code here


check(attention_distance)  # hint(attention_distance), solution(attention_distance)

# %% [markdown] tags=["deeper"]
# ### The same by hand
#
# What the calls above compute, folded: open it after the exercises.

# %% tags=["deeper", "hide-source", "nbval-check-output"]
assert_close(c, maps[-1][:, :, 0, 1:].unflatten(-1, grid))

I = torch.eye(maps[0].shape[-1], dtype=maps[0].dtype, device=maps[0].device)  # noqa: E741
by_hand = I
for A in maps:
    by_hand = (0.5 * I + 0.5 * A.mean(dim=1)) @ by_hand
assert_close(R, by_hand)

places = torch.cartesian_prod(torch.arange(float(rows)), torch.arange(float(cols))).to(maps[0])  # p
a = maps[0][:, :, 1:, 1:]
a = a / a.sum(dim=-1, keepdim=True)  # without the class token
assert_close(d, (a * torch.cdist(places, places)).sum(dim=-1).mean(dim=-1))
print("class token's map, rollout and distances: equal to float tolerance")

# %% [markdown] tags=["core"]
# ## Recap
#
# - Where the truth is known, a map can be checked: a twin looks at its twin, and without that look the answer is gone.
# - A token is not its patch: it holds a mixture. Rollout and gradient-weighted maps follow it through the layers.
# - A map needs its scale and comparisons: equal weights, an untrained model, a random order, a rule without a model.
#
# ## Quiz
#
# Click an answer: it says whether it is right, and why. Try the others, too.

# %% tags=["core"]
quiz("06")

# %% [markdown] tags=["deeper"]
# ## Deeper
#
# ### Touch: trained beside untrained
#
# The same model before its training, beside it. How many equal shares does the strongest patch get, in each of the two? Then
# choose *rollout*: it mixes what was nearly even already.

# %% tags=["deeper"]
explorer(
    {"trained": model, "untrained": untrained},
    examples,
    labels=torch.arange(10),
    image=2,
    alt="A digit in two explorers side by side. The maps of the untrained model are nearly even.",
)

# %% [markdown] tags=["deeper"]
# ### Touch: the photograph
#
# The untrained model from above: 196 patches, all layers and heads. Here colors begin at 0, and most maps are pale. In which
# heads can the building be made out nevertheless? (Its prediction says nothing: each of 1,000 classes gets 0.1 %.)
#
# <details><summary>What to see</summary>
#
# Layer 2, head 1, layer 3, head 3, and layer 4, head 1: more weight on what is dark. Layer 2, head 2: on what is bright.
# Nobody has taught them to.
#
# </details>

# %% tags=["deeper"]
explorer(
    random_model,
    photo,
    layer=1,
    alt="A photograph under a grid of 14 x 14 patches, and the nearly even maps of a model that was never trained.",
)

# %% [markdown] tags=["deeper"]
# ### Do heads specialize?
#
# The forty heads of the five models once more. Distance does not tell them apart. The class token's weight on inked patches
# does, a dot for each head:

# %% tags=["deeper"]
trained_heads, fresh_heads = heads.query("state == 'trained'"), heads.query("state == 'untrained'")
picture(
    map_tables.head_strips(
        trained_heads,
        "the class token's weight on inked patches",
        fresh_heads["finds"].mean(),
        "share of weight (dashed: mean before training)",
    ),
    alt="Share of the class token's weight on inked patches, a dot for each head, a row for each layer; nearly all heads "
    "are above the mean before training, and they lie far apart.",
)

# %% [markdown] tags=["deeper"]
# Most heads prefer ink, the *object* of a digit, from 35 to 97 % of their weight; they were at 28 to 52 % before training. In
# *spot the pair* the truth is known, so we can ask what each head does:

# %% tags=["deeper"]
pair_heads = read_table("distances").query("family == 'pairs' and state == 'trained'")
picture(
    map_tables.head_strips(
        pair_heads, "the tile looked at most is the twin", 1 / 8, "share of tiles of the pair (dashed: chance)"
    ),
    alt="How often a head's strongest other tile is the twin, a dot for each head of five models: chance in layer 1, "
    "between two thirds and more than nine tenths in layer 2.",
)

# %% [markdown] tags=["deeper"]
# The layers divide the labor, not the heads: in layer 1 none of the twenty heads finds twins (11 to 14 %), in layer 2 all
# of them do (67 to 93 %). Four heads doing the same are not four specialists. They do help each other: the mean of the
# four finds more twins (95 to 97 %) than any one of them. All this is of models with two or four heads a layer; larger
# models have been described otherwise.
#
# ### Hiding among inked patches only
#
# Chance wastes most of its moves on blank patches. A fairer contest: each order hides inked patches first. Then
# preferring ink over blank is no advantage any more. A digit has about 18 of them.

# %% tags=["deeper"]
inked = ~blank[:100]
scores_100["all layers"] = torch.stack([A[:100].mean(dim=1)[:, 0, 1:] for A in maps]).mean(dim=0)
inked_8 = {
    name: deletion.deletion_curves(model, some, score.masked_fill(~inked, -torch.inf), [8], patch_size).mean().item()
    for name, score in scores_100.items()
}
among_ink = table.query("family == 'vit' and among == 'ink' and hidden <= 24 and order != 'last layer, lowest first'")
picture(
    map_tables.hiding_bands(
        among_ink,
        "probability of the first answer",
        what="inked patches",
        now=pd.DataFrame([dict(order=n, hidden=8, probability=p) for n, p in inked_8.items()]) if on_mnist else None,
    ),
    max_kb=20,
    alt="Probability of the first answer over the number of hidden inked patches, five models. All orders lie nearer to one "
    "another; ink and the mean of all layers fall fastest, chance slowest.",
)

# %% tags=["deeper", "nbval-check-output"]
by_order = table.query("family == 'vit' and hidden == 0").groupby(["order", "among"])
print("mean probability while 0 to 32 patches are hidden (least and most of five models),")
print("and how many it takes until half of the answers have changed (mean of five models)")
print("order                           all patches              inked patches first")
for name in map_tables.ORDER_NAMES:
    line = f"{name:26}"
    for among in ("all", "ink"):
        runs = by_order.get_group((name, among))
        area, flips = runs["area"], runs["flips"].mean()
        line += f"   {area.mean():.2f} ({area.min():.2f} to {area.max():.2f}) {flips:4.0f}"
    print(line)

# %% [markdown] tags=["deeper"]
# Among inked patches the last layer is a little better than chance in four of the five models, and worse in one (0.36 against
# 0.33). Often stated as: *rollout follows information better than one layer's map*. On these digits it leaves less than the
# last layer in all five, if all patches count; among inked patches in four, with one tie. But it is not following through
# the layers that helps: the plain mean of all layers' maps leaves less than rollout in all five.
#
# ### Hiding tiles
#
# The same contest where the truth is known. A tile of the pair is asked; each order ranks the eight others, and the first
# ones become blank. How many answers about the asked tile stay? Five models, 1,000 boards each.

# %% tags=["deeper"]
of_boards = table.query("family == 'pairs' and hidden <= 4")
picture(
    map_tables.hiding_bands(of_boards, "answers kept", y="kept", what="tiles"),
    max_kb=20,
    alt="Share of answers kept over the number of hidden tiles. Hiding the tile that the last layer looks at most costs "
    "nearly all answers, as hiding the twin does; rollout's first tile costs far fewer.",
)

# %% tags=["deeper", "nbval-check-output"]
first_tile = of_boards[of_boards["hidden"] == 1].groupby("order", sort=False)[["twin", "kept"]]
print("first tile hidden              it is the twin         answers kept")
for name, of_order in first_tile:
    (twin_low, kept_low), (twin_high, kept_high) = of_order.min(), of_order.max()
    print(f"{name:26} {twin_low:8.0%} to {twin_high:4.0%} {kept_low:12.0%} to {kept_high:4.0%}")

# %% [markdown] tags=["deeper"]
# Here the last layer is right: it names the twin first in 95 to 97 % of the cases, and hiding that tile costs as many
# answers as hiding the twin. Rollout names the twin in 31 to 46 % and keeps 56 to 71 % of the answers: layer 1 finds no twins,
# and rollout mixes its maps in with equal rights. So the claim holds on the digits, where several layers collect, and fails
# on the boards, where one layer does the work.
#
# ### The head on every layer's tokens
#
# The last norm and the head read the class token after the last layer. Nothing stops us from applying them to any
# token after any layer. With language models this is called the *logit lens*. It asks: read by this head, what does the
# token say by now?

# %% tags=["deeper"]
tokens, after = model.embed(test.images), []
for layer in range(depth + 1):
    if layer:
        tokens = model.blocks[layer - 1](tokens)
    after.append(model.head(model.norm(tokens)))  # (images, tokens, classes)
    right = (after[-1].argmax(dim=-1) == test.labels[:, None]).float()
    print(f"after layer {layer}: right answers read off the class token {right[:, 0].mean():4.0%}, "
          f"off a patch token {right[:, 1:].mean():4.0%}")  # fmt: skip

# %% tags=["deeper"]
which = int((test.labels == 7).nonzero()[0])
lens = {
    f"after layer {layer}": logits[which, 1:].softmax(dim=-1)[:, 7].unflatten(0, grid)
    for layer, logits in enumerate(after)
    if layer
}
picture(
    map_figures.maps_beside(test.images[which, 0], lens, grid, highest=1.0),
    alt="A seven, tinted after each layer by the probability of the class seven that the head reads off each patch's "
    "token; from layer to layer more patches say seven.",
)

# %% [markdown] tags=["deeper"]
# Nobody trained the patch tokens to know the answer: the loss reads the class token alone. The answer spreads over
# them nevertheless, blank ones included.
#
# ### Attention sinks
#
# Some tokens receive attention from nearly everybody. In language models this is often the first token (Xiao et al. 2024);
# in large ViTs, some patches of the background, which the model uses as storage (Darcet et al. 2024: extra *register*
# tokens take over that task). And here? For each image and head we look for the patch that receives most. The
# columns: how many equal shares it gets, and the class token; how often it is blank; in which share of images it is the
# same place, for the steadiest head; how long its value is, the mean being 1.

# %% tags=["deeper"]
tokens = model.embed(test.images)
for layer, (A, block) in enumerate(zip(maps, model.blocks, strict=True), start=1):
    received = A.mean(dim=2) * A.shape[-1]  # (images, heads, tokens), in multiples of an equal share
    most, place = received[:, :, 1:].max(dim=-1)  # (images, heads)
    is_blank = blank[:, None].expand(-1, A.shape[1], -1).gather(2, place[:, :, None]).float().mean()
    same_place = max((place[:, h].bincount().max() / len(place)).item() for h in range(A.shape[1]))
    values = block.attention.queries_keys_values(block.norm1(tokens))[2].norm(dim=-1)  # (images, heads, tokens)
    length = (values[:, :, 1:].gather(2, place[:, :, None]).mean() / values.mean()).item()
    tokens = block(tokens)
    print(f"layer {layer}: {most.mean():5.1f} shares   class token {received[:, :, 0].mean():.1f}   blank {is_blank:4.0%}   "
          f"same place {same_place:4.0%}   value {length:.2f}")  # fmt: skip

# %% [markdown] tags=["deeper"]
# There are sinks here: patches that receive many times an equal share. Compare the columns. Are they background, as in
# large ViTs? Do they stand at one place, as in language models? In language models sinks often carry short values, so
# that looking at them changes little. Do they here?

# %% [markdown] tags=["deeper"]
# ## Papers
#
# - S. Abnar, W. Zuidema. *Quantifying Attention Flow in Transformers.* ACL 2020. arXiv:2005.00928. Rollout.
# - H. Chefer, S. Gur, L. Wolf. *Generic Attention-model Explainability for Interpreting Bi-Modal and Encoder-Decoder
#   Transformers.* ICCV 2021. arXiv:2103.15679. The gradient-weighted map.
# - A. Dosovitskiy et al. *An Image is Worth 16x16 Words.* ICLR 2021. arXiv:2010.11929. Attention distance: figure 7.
# - M. Raghu et al. *Do Vision Transformers See Like Convolutional Neural Networks?* NeurIPS 2021. arXiv:2108.08810.
#   Local heads appear with much training data.
# - S. Jain, B. C. Wallace. *Attention is not Explanation.* NAACL 2019. arXiv:1902.10186.
# - J. Adebayo et al. *Sanity Checks for Saliency Maps.* NeurIPS 2018. arXiv:1810.03292. Maps of untrained models.
# - G. Xiao et al. *Efficient Streaming Language Models with Attention Sinks.* ICLR 2024. arXiv:2309.17453.
# - T. Darcet et al. *Vision Transformers Need Registers.* ICLR 2024. arXiv:2309.16588.
