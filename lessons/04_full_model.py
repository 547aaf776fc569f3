# %% [markdown] tags=["core"]
# # 04 The full model
#
# ## What you will be able to do
#
# 8 minutes, 3 of them for an exercise. After this lesson you can
#
# - assemble a Vision Transformer from the parts of lessons 01 to 03;
# - count its parameters, multiply-adds and memory from five numbers;
# - say which check reveals which mistake in it.
#
# Lesson 03 ended with a block that adds to the residual stream. Now the blocks get a beginning and an end.

# %% tags=["core"]
from functools import partial
from typing import Any

import torch
import torch.nn.functional as F
import torchvision
from torch import Tensor, nn
from torch.testing import assert_close

import vitcourse as vc
from vitcourse.cost import count_flops, measure_time, parameters_by_part, peak_memory, vit_cost
from vitcourse.data import load
from vitcourse.exercises import check, compare, hint, my_vit, progress, quiz, solution  # noqa: F401
from vitcourse.maps import record_attention
from vitcourse.plots import model as plots
from vitcourse.plots.my_pieces import my_pieces
from vitcourse.plots.pipeline import pipeline_strip
from vitcourse.plots.timed import timing_board
from vitcourse.pretrained import copy_from_torchvision
from vitcourse.training import load_checkpoint
from vitcourse.widgets import choices, job, live, picture, predict, slider

data = load("mnist")
images = data.test.images[:32]  # (32, 1, 28, 28)
MNIST: dict[str, Any] = dict(img_size=28, patch_size=4, in_channels=1, num_classes=10)

model: Any = vc.VisionTransformer(**MNIST, embed_dim=192, depth=6, num_heads=3, mlp_ratio=2.0).eval()

steps = dict(image=images, patches=vc.patchify(images, 4), embed=model.embed(images))
steps["encoder"] = model.encode(steps["embed"])
steps["pool"] = model.pool(steps["encoder"])
steps["head"] = model.head(steps["pool"])
shapes: dict[str, object] = {name: tuple(x.shape[1:]) for name, x in steps.items()}

picture(
    pipeline_strip("model", shapes | dict(depth=len(model.blocks))),
    alt="You are here: the whole model, from patches over embedding, encoder and pooling to the head.",
)

# %% [markdown] tags=["core"]
# ## Predict

# %% tags=["core"]
where = predict(
    "ViT-B/16: where do most of its parameters sit?",
    choices=["attention", "MLP", "patch embedding, class token and positions", "head"],
)
where

# %% tags=["core"]
learning = predict(
    "Six models, each with one mistake, train for 60 steps. In how many does the loss fall by more than 0.1 all the "
    "same?",
    low=0,
    high=6,
    step=1,
)
learning

# %% [markdown] tags=["core"]
# ## From tokens to a prediction
#
# $L$ blocks turn $z_0$ into $z_L$. Then one vector $y$ has to stand for the image:
#
# $$y = \mathrm{LN}(z_L)_{0} \qquad \text{or} \qquad y = \frac{1}{N} \sum_{i=1}^{N} \mathrm{LN}(z_L)_i$$
#
# Left, the **class token**: row 0, which gathers by attention what it needs, with weights that depend on the image.
# Right, **mean pooling**: no class token, each of the $N$ patches counts the same. A linear **head** turns $y$ into
# one number for each class, the *logits*. Which of the two is better takes trainings to tell, and is not measured here.

# %% tags=["core", "nbval-check-output"]
patches = model.patch_embedding(images)
z = vc.embed_tokens(patches, model.class_token, model.positions)
print("z_0   ", tuple(z.shape))
for block in model.blocks:
    z = block(z)
print("z_L   ", tuple(z.shape))
y = model.norm(z)[:, 0]
print("y     ", tuple(y.shape))
logits = model.classifier(y)
print("logits", tuple(logits.shape))
assert_close(logits, model(images))

# %% tags=["core", "nbval-check-output"]
averaging: Any = vc.VisionTransformer(**MNIST, embed_dim=192, depth=6, num_heads=3, mlp_ratio=2.0, pool="mean").eval()
tokens = averaging.encode(averaging.embed(images))
print("mean pooling: tokens", tuple(tokens.shape), " y", tuple(averaging.pool(tokens).shape))
assert_close(averaging.pool(tokens), tokens.mean(dim=1))

# %% [markdown] tags=["core"]
# ## Measure: what it costs
#
# A **multiply-add** is one multiplication and the addition after it. Papers call a billion of them "1 G"; PyTorch's
# counter counts both operations, so FLOPs are twice as many.

# %% tags=["core", "nbval-check-output"]
for part, count in parameters_by_part(model).items():
    print(f"{part:16}{count:>10,}")
print(f"{'sum':16}{vc.cost.count_parameters(model):>10,}")

# %% tags=["core", "nbval-check-output"]
# Parameters (M) as the papers round them, multiply-adds (G) as torchvision (B, L) and timm (Ti, S) list them.
published = {"Ti/16": (5, 1.26), "S/16": (22, 4.61), "B/16": (86, 17.56), "L/16": (307, 61.55)}

print("224 x 224      parameters  published   multiply-adds  published   weights")
for name, (millions, billions) in published.items():
    cost = vit_cost(**vc.PRESETS[name])
    with torch.device("meta"):  # shapes without memory
        built = vc.VisionTransformer(**vc.PRESETS[name])
        counted = count_flops(built, torch.empty(1, 3, 224, 224))
    assert (vc.cost.count_parameters(built), counted) == (cost.total_parameters, cost.flops)
    print(
        f"{name:12}{cost.total_parameters / 1e6:>10.1f} M{millions:>9} M{cost.total_multiply_adds / 1e9:>14.2f} G"
        f"{billions:>9.2f} G{4 * cost.total_parameters / 1e6:>8.0f} MB"
    )

# %% tags=["core"]
by_part = vit_cost(**vc.PRESETS["B/16"]).parameters
share = {part: count / sum(by_part.values()) for part, count in by_part.items()}
groups = {
    "attention": share["attention"],
    "MLP": share["MLP"],
    where.choices[2]: share["patch embedding"] + share["class token"] + share["positions"],
    "head": share["head"],
}
where.reveal(
    max(groups, key=lambda group: groups[group]),
    note=f"MLP {share['MLP']:.0%}, attention {share['attention']:.0%}: 8 D^2 against 4 D^2 weights in each block.",
)

# %% [markdown] tags=["core"]
# Formula and count agree exactly. The papers' millions are cut, not rounded (5.7 is 5, 86.6 is 86), and for L they say
# 307 where the paper's own sizes give 304, as torchvision lists it. Multiply-adds: equal to torchvision's for B and L,
# 0.01 G below timm's for Ti and S.
#
# ### Touch: five numbers
#
# A piece's area is its share of the parameters. Halve the patch size: parameters hardly move, multiply-adds do.
# Change the heads: neither moves.

# %% tags=["core"]
knobs: dict[str, Any] = dict(
    patch_size=choices([2, 4, 7, 14], value=4, unit="pixels"),
    embed_dim=choices([48, 96, 192, 384], value=192, label="dim"),
    depth=slider(1, 12, value=6),
    num_heads=choices(lambda embed_dim: [h for h in (1, 2, 3, 4, 6, 8, 12) if embed_dim % h == 0], value=3),
    mlp_ratio=choices([1.0, 2.0, 4.0], value=2.0),
)


@live(
    alt="Pieces of the model, areas as parameters, over bars for the shares of parameters and of multiply-adds. MLP "
    "and attention hold nearly everything.",
    size=(760, 420),
    **knobs,
)
def costs(figure):
    show = plots.model_board(figure)

    def update(**sizes):
        cost = vit_cost(**MNIST | sizes)
        show(parameters=cost.parameters, multiply_adds=cost.multiply_adds, depth=sizes["depth"])
        return (
            f"{cost.tokens} tokens; {cost.total_parameters / 1e6:.3g} M parameters, "
            f"{4 * cost.total_parameters / 1e6:.2g} MB; "
            f"{cost.flops / 1e9:.2g} GFLOPs an image, maps {cost.attention_map_bytes / 1e6:.2g} MB a layer"
        )

    return update


costs

# %% [markdown] tags=["core"]
# And in seconds, on your machine. The sliders are those above: choose, press the button; then choose others. Each mark
# is a model. On the dashed line lie all that compute as fast as the newest one.


# %% tags=["core"]
BATCH, PASSES = 8, 20
measured: list[tuple[float, list[float]]] = []  # of each model: its FLOPs, and the seconds of each pass


def timing(**sizes):
    """One forward pass after another."""
    timed = vc.VisionTransformer(**MNIST | sizes).eval().requires_grad_(False)
    batch = torch.rand(BATCH, 1, 28, 28)
    run = partial(timed, batch)
    megabytes = peak_memory(run) / 1e6
    seconds: list[float] = []
    measured.append((count_flops(timed, batch), seconds))
    for _ in range(PASSES):
        seconds.append(measure_time(run, 1, warmup=0).median)  # the pass whose memory was watched came before
        yield megabytes


def stopwatch(figure):
    draw = timing_board(figure)

    def update(records):
        draw(measured)
        if not records:
            return "not measured yet"
        flops, seconds = measured[-1]
        one = sorted(seconds)[len(seconds) // 2]
        speed = f"{1000 * one:.1f} ms, {flops / one / 1e9:.0f} GFLOPs a second"
        return f"{BATCH} images: {flops / 1e9:.3g} GFLOPs, {speed}, {records[-1]:.1f} MB at the peak"

    return update


job(
    timing,
    stopwatch,
    alt="Milliseconds of a forward pass over its FLOPs, on logarithmic axes: a mark for each model that was measured.",
    size=(640, 300),
    start="Measure",
    total=PASSES,
    **knobs,
)

# %% [markdown] tags=["core"]
# ## Measure: it is ViT
#
# Names differ between libraries. So copy *random* weights out of torchvision's model, and compare the logits. (The
# project's tests do the same with timm, which a learner need not have.)

# %% tags=["core", "nbval-check-output"]
SMALL: dict[str, Any] = dict(**MNIST, embed_dim=32, depth=2, num_heads=4, mlp_ratio=2.0)

torch.manual_seed(0)
theirs = torchvision.models.VisionTransformer(
    image_size=28, patch_size=4, num_layers=2, num_heads=4, hidden_dim=32, mlp_dim=64, num_classes=10
).eval()
theirs.conv_proj = nn.Conv2d(1, 32, kernel_size=4, stride=4)  # one color channel
for parameter in theirs.parameters():
    nn.init.normal_(parameter, std=0.3)

ours = copy_from_torchvision(vc.VisionTransformer(**SMALL).eval(), theirs)
with torch.no_grad():
    assert_close(ours(images), theirs(images), rtol=1e-4, atol=1e-4)
print("same logits:", tuple(ours(images).shape), " parameters copied:", f"{vc.cost.count_parameters(ours):,}")

# %% [markdown] tags=["core"]
# ## Measure: the bug museum
#
# Six mistakes from published code, each in a copy of the small model. Read each, and guess what it does.


# %% tags=["core"]
class SizedByBatch(vc.VisionTransformer):  # 1
    def __init__(self, **sizes):
        super().__init__(**sizes)
        self.positions = nn.Parameter(0.5 * torch.randn(32, self.num_tokens, sizes["embed_dim"]))


class ClassTokenLast(vc.VisionTransformer):  # 2
    def __init__(self, **sizes):
        super().__init__(**sizes)
        codes: Any = self.positions
        self.positions = nn.Parameter(codes[:, 1:].detach())

    def embed(self, images):
        placed = self.patch_embedding(images) + self.positions
        return vc.embed_tokens(placed, self.class_token)


class View(vc.MultiHeadAttention):  # 3
    def queries_keys_values(self, x):
        batch, tokens, dim = x.shape
        q, k, v = self.qkv(x).chunk(3, dim=-1)
        return tuple(part.reshape(batch, self.num_heads, tokens, dim // self.num_heads) for part in (q, k, v))


class OverBatch(vc.VisionTransformer):  # 4
    def embed(self, images):
        tokens = vc.embed_tokens(self.patch_embedding(images), self.class_token)
        codes: Any = self.positions
        return tokens + codes.transpose(0, 1)[: len(tokens)]


class OtherAxis(vc.MultiHeadAttention):  # 5
    def attention_map(self, x, bias=None):
        q, k, _ = self.queries_keys_values(x)
        return (q @ k.transpose(-2, -1) / q.shape[-1] ** 0.5).softmax(dim=-2)

    def forward(self, x, bias=None):
        return self.projection(vc.merge_heads(self.attention_map(x) @ self.queries_keys_values(x)[2]))


class DropoutOn(vc.VisionTransformer):  # 6
    def embed(self, images):
        return F.dropout(super().embed(images), 0.1)


# %% tags=["core"]
def build(kind, attention=vc.MultiHeadAttention):
    torch.manual_seed(0)
    built = kind(**SMALL)
    for block in built.blocks:
        block.attention = attention(embed_dim=32, num_heads=4)
    return built


museum: dict[str, Any] = {
    "no mistake": build(vc.VisionTransformer),
    "1 positions sized by the batch": build(SizedByBatch),
    "2 class token after positions": build(ClassTokenLast),
    "3 view, not transpose": build(vc.VisionTransformer, View),
    "4 positions over the batch": build(OverBatch),
    "5 softmax over queries": build(vc.VisionTransformer, OtherAxis),
    "6 dropout left on": build(DropoutOn),
}


def train(model, steps=60):
    optimizer = torch.optim.AdamW(model.parameters(), lr=6e-3)
    losses = []
    for step in range(steps):
        which = torch.arange(32 * step, 32 * step + 32) % len(data.train)
        loss = F.cross_entropy(model(data.train.images[which]), data.train.labels[which])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses[0], sum(losses[-10:]) / 10


losses = {name: train(broken) for name, broken in museum.items()}
for name, (first, last) in losses.items():
    print(f"{name:32} loss {first:.2f} -> {last:.2f}")

# %% tags=["core"]
fell = {name: last < first - 0.1 for name, (first, last) in losses.items()}
learning.reveal(
    sum(fell.values()) - fell["no mistake"],
    note="With this seed. A falling loss shows that something is learned, not that the model is the one you meant.",
)

# %% [markdown] tags=["core"]
# Which other check catches which mistake? Choose for each before you run the cell.


# %% tags=["core"]
def same(a, b):
    return a.shape == b.shape and torch.allclose(a, b, rtol=1e-3, atol=1e-4)


def shuffles(layer):  # without positions, shuffled tokens give shuffled outputs
    x, order = torch.randn(1, 50, 32), torch.randperm(50)
    return same(layer(x[:, order]), layer(x)[:, order])


def like_torchvision(model):
    return same(copy_from_torchvision(model, theirs)(images), theirs(images))  # last: it replaces the weights


checks: dict[str, Any] = {
    "any batch": lambda m: all(m(images[:n]).shape == (n, 10) for n in (1, 3, 32)),
    "alone as in a batch": lambda m: same(m(images[3:4]), m(images)[3:4]),
    "twice the same": lambda m: same(m(images), m(images)),
    "rows sum to 1": lambda m: same(
        m.blocks[0].attention.attention_map(m.embed(images)).sum(-1), torch.ones(32, 4, 50)
    ),
    "shuffled tokens": lambda m: shuffles(m.blocks[0].attention),
    "parameters as counted": lambda m: vc.cost.count_parameters(m) == vit_cost(**SMALL).total_parameters,
    "as torchvision": like_torchvision,
}


@torch.no_grad()
def passes(check, model):
    try:
        return bool(check(model))
    except (RuntimeError, ValueError):
        return False


torch.manual_seed(0)
passed = {name: {c: passes(check, broken.eval()) for c, check in checks.items()} for name, broken in museum.items()}
picture(
    plots.check_table(passed),
    alt="Models down, checks across. Each mistake fails at least one check; the comparison with torchvision fails for "
    "all six and passes for the model without a mistake.",
)

# %% tags=["core", "nbval-check-output"]
for name, results in passed.items():
    print(f"{name:32}", ", ".join(check for check, ok in results.items() if not ok) or "passes all")

# %% [markdown] tags=["core"]
# Comparison with an independent implementation catches all six; the other checks say *where* to look. Deeper explains
# each.
#
# ## Exercises
#
# ### `embed_tokens`
#
# 3 minutes, difficulty ●○○. Write what stands before the first block: patches become $z_0$, as in lesson 03.
#
# $$z_0 = [x_{cls};\; x_1 E;\; \dots;\; x_N E] + E_{pos}$$
#
# There is one class token, for all images; $E_{pos}$ has a row for each token.


# %% tags=["core", "exercise"]
def embed_tokens(patches: Tensor, class_token: Tensor, positions: Tensor) -> Tensor:
    """Put the class token before the patches of each image, and give each token its position.

    patches: (batch, N, dim), the embedded patches x_1 E to x_N E of each image.
    class_token: (1, 1, dim), the same for all images; positions: (1, N + 1, dim), row 0 for the class token.
    All three have one dtype. Returns (batch, N + 1, dim), in that dtype and on the device of the patches. The arguments
    stay as they are.
    """
    raise NotImplementedError  # your code here


check(embed_tokens)  # hint(embed_tokens), solution(embed_tokens), progress()

# %% [markdown] tags=["deeper"]
# ### More exercises
#
# ### `count_parameters`
#
# 3 minutes, difficulty ●○○. How many numbers do a model's parameters hold, learned or frozen? Above, the package counted.
# Now you: any model, whatever its layers are.


# %% tags=["deeper", "exercise"]
def count_parameters(model: nn.Module) -> int:
    """How many numbers the parameters of a model hold, all its layers together.

    model: any module. A frozen parameter counts; one that two layers share counts once. A buffer is no parameter.
    Returns an int. The model stays as it is: mode, dtype, gradients, and what is frozen.
    """
    raise NotImplementedError  # your code here


check(count_parameters)  # hint(count_parameters), solution(count_parameters), progress()

# %% [markdown] tags=["deeper"]
# ### `interpolate_positions`
#
# 8 minutes, difficulty ●●○. A model for 28 x 28 pixels has 49 positions for patches. An image of 56 x 56 has 196 patches,
# so new positions have to be found between the old ones: lay them out on their grid, as a picture with $D$ channels,
# and resize the picture. The class token lies on no grid.


# %% tags=["deeper", "exercise"]
def interpolate_positions(positions: Tensor, old_grid: tuple[int, int], new_grid: tuple[int, int]) -> Tensor:
    """Resize learned positions to another grid of patches.

    positions: (1, prefix + rows cols, dim), of any floating dtype. First come 0, 1 or 2 rows that belong to no patch
    (class token, distillation token), then the patches of the old grid, row by row.
    old_grid, new_grid: (rows, cols), the number of patches down and across.
    The picture is resized in float32, with F.interpolate: mode "bicubic", align_corners False, antialias True.
    Returns (1, prefix + new rows new cols, dim), in the dtype and on the device of positions. The prefix rows stay as they
    are, and first.
    """
    raise NotImplementedError  # your code here


check(interpolate_positions)  # hint(interpolate_positions), solution(interpolate_positions), progress()

# %% [markdown] tags=["deeper"]
# ### `repair_vit`
#
# 10 minutes, difficulty ●●●. Five broken models in one. Below is a whole forward pass, written out. It runs, keeps every
# shape, and learns; five of its lines have one mistake each. Mend them, one after the other: `check` says which kinds are
# left and how they show, not where. In the end the logits must be those of `model(images)`.


# %% tags=["deeper", "exercise"]
def repair_vit(images: Tensor, model: Any) -> Tensor:
    """The forward pass of a VisionTransformer, written out, with five mistakes in it.

    images: (batch, channels, height, width); model: a VisionTransformer with class token, learned positions and no dropout.
    Returns the logits, (batch, classes), equal to those of model(images).
    Any layer may be called, also `patch_embedding` and `block.mlp`; not the model, its methods (embed, encode, pool, head),
    a block or its attention.
    """
    maps = model.patch_embedding.projection(images)  # (batch, dim, rows, cols)
    patches = maps.flatten(2).transpose(1, 2)  # (batch, patches, dim)
    batch, _, dim = patches.shape
    class_token = model.class_token.expand(batch, 1, dim)
    x = torch.cat([class_token, patches + model.positions[:, 1:]], dim=1)  # (batch, tokens, dim)
    tokens = x.shape[1]
    for block in model.blocks:
        heads = block.attention.num_heads
        h = block.norm1(x)
        q, k, v = block.attention.qkv(h).chunk(3, dim=-1)
        q, k, v = (part.reshape(batch, heads, tokens, dim // heads) for part in (q, k, v))
        scores = q @ k.transpose(-2, -1) / dim**0.5  # (batch, heads, tokens, tokens)
        mixed = scores.softmax(dim=-1) @ v
        mixed = mixed.transpose(1, 2).reshape(batch, tokens, dim)
        x = h + block.attention.projection(mixed)
        h = block.norm1(x)
        x = x + block.mlp.contract(F.gelu(block.mlp.expand(h)))
    x = model.norm(x)
    return model.classifier(x[:, 0])


check(repair_vit)  # hint(repair_vit), solution(repair_vit), progress()

# %% [markdown] tags=["core"]
# ### Your model so far
#
# What passes its check is kept in `my_vit.py`, beside this lesson. `my_vit.model(...)` makes a Vision Transformer of it:
# green is yours, the rest the package's. Its parameters have the package's names, so it takes the weights of the trained
# model that the course ships. Solve another exercise, run this cell again, and a piece turns green.

# %% tags=["core"]
mine = my_vit.model(weights="mnist")
picture(
    my_pieces(parameters_by_part(mine), len(mine.blocks), mine.parts()),
    alt="The model as a jigsaw, a rectangle for each part with the area of its parameters, and beside it the functions "
    f"of each part. Yours are green: {len(mine.mine())} of {len(my_vit.PIECES)}.",
)

# %% tags=["core", "nbval-check-output"]
with torch.no_grad():
    assert_close(mine(images), load_checkpoint("mnist")(images), rtol=1e-4, atol=1e-4)
print("with your pieces and with the package's: the same logits for", len(images), "images")

# %% [markdown] tags=["core"]
# And where does a model go wrong? `compare(model)` runs it beside the package's with the same weights, and names the first
# place at which they part. Here is number 5 of the museum; try the others, and one of your own.

# %% tags=["core"]
compare(museum["5 softmax over queries"])

# %% [markdown] tags=["core"]
# ### Try it
#
# 1. In the cell of the mistakes, mend one of 1 to 6. Run that cell and those below it.
# 2. With the sliders: how does halving the patch size change tokens, and how FLOPs?
#
# <details><summary>What to expect</summary>
#
# 1. Its row passes all checks.
# 2. From 4 to 2 pixels: 50 to 197 tokens. FLOPs grow by about that factor, a little more: most lies in matrices
#    applied to each token; only scores and sums grow with the square.
#
# </details>
#
# ## Recap
#
# - Forward pass: embed, encode, pool, head.
# - Patch size sets tokens, hence compute. Dim, depth and MLP ratio set parameters.
# - A falling loss proves little. Compare with an implementation that you trust.
#
# ## Quiz
#
# Click an answer: it says whether it is right, and why. Try the others, too.

# %% tags=["core"]
quiz("04")

# %% [markdown] tags=["deeper"]
# ## Deeper
#
# ### The mistakes, one by one
#
# 1. *Positions sized by the batch.* Each place in the batch has its own codes: 32 times as many. A single image is
#    broadcast to 32 predictions; three images raise an error.
# 2. *Class token after positions.* It has no code of its own: $D$ parameters fewer. What it can compute is the same:
#    class token and its code were only ever used as their sum. Published weights no longer fit.
# 3. *View, not transpose.* `reshape` to (batch, heads, tokens, channels) has the right shape and the wrong content: a
#    head gets all channels of a few tokens, cut into pieces. What a token gets then depends on its place in the list,
#    so the mistake brings positions of its own. Look at its loss above: a mistake need not make training slower.
# 4. *Positions over the batch.* `(50, 1, D)` instead of `(1, 50, D)`: image $i$ gets one code, on all its tokens.
# 5. *Softmax over queries.* `dim=-2` makes columns sum to 1, not rows. Each output is no average of values any more.
# 6. *Dropout left on.* `F.dropout` has `training=True` unless told otherwise; `model.eval()` does not reach it.

# %% tags=["deeper", "nbval-check-output"]
wrong = museum["1 positions sized by the batch"]
print("1: predictions for one image", tuple(build(SizedByBatch)(images[:1]).shape))
print(
    "2: parameters missing       ", vit_cost(**SMALL).total_parameters - vc.cost.count_parameters(build(ClassTokenLast))
)
rows = build(vc.VisionTransformer, OtherAxis).blocks[0].attention.attention_map(torch.randn(1, 50, 32))
print("5: columns sum to 1         ", torch.allclose(rows.sum(-2), torch.ones(1, 4, 50)))
dropping = build(DropoutOn).eval()
print("6: zeros among the tokens   ", bool((dropping.embed(images) == 0).float().mean() > 0.05))

# %% [markdown] tags=["deeper"]
# ### The class token's weights
#
# With which weight each patch enters the class token in the last block of the trained model, mean over heads; and
# with which weight it enters a mean.

# %% tags=["deeper"]
trained = load_checkpoint("mnist")
with torch.no_grad(), record_attention(trained) as maps:
    trained(images[:3])
weights = maps[-1].mean(dim=1)[:, 0, 1:].reshape(3, 7, 7)
picture(
    plots.pooling_weights(images[:3, 0], weights),
    alt="Three digits with the class token's weights on 49 patches, which differ from image to image; the mean gives "
    "each patch the same.",
)

# %% [markdown] tags=["deeper"]
# This is one layer only; what it means for the prediction is lesson 06.
#
# ### Class token or mean: which is better?
#
# The class token learns with which weights it gathers; the mean has none to learn. Is that worth something? This course's
# model at patch size 4, two passes over MNIST, five seeds each: with learned positions and without. A dot is a run, a bar
# their mean.

# %% tags=["deeper"]
from vitcourse.experiments import measured_on, read_table
from vitcourse.plots.bands import percent, strips
from vitcourse.plots.style import new_figure

POOLING = {
    "learned, cls": "class token",
    "learned, mean": "mean",
    "none, cls": "class token, no positions",
    "none, mean": "mean, no positions",
}
pooled = read_table("tokens").query("size == 28 and position in ('learned', 'none')")
pooled = pooled.assign(kind=pooled["position"] + ", " + pooled["pool"])
figure = new_figure(6.4, 2.4)
axes = figure.subplots()
strips(axes, pooled, kind="kind", y="accuracy", names=POOLING, title="test images that are right")
percent(axes.xaxis, 0)
picture(
    figure,
    alt="Test accuracy of five runs each. Class token and mean lie together: near 97.5 % with positions, near 72 % without.",
)

# %% tags=["deeper", "nbval-check-output"]
for kind, name in POOLING.items():
    runs = pooled.loc[pooled["kind"] == kind, "accuracy"]
    print(f"{name:26}{runs.mean():6.1%}   ({runs.min():.1%} to {runs.max():.1%})")
print(measured_on("tokens"))

# %% [markdown] tags=["deeper"]
# **Holds with limits.** The class token's weights are learned and differ from image to image, as the picture before shows. They
# buy 0.2 points here, less than the seeds differ. Attention in the blocks has already mixed the patches: a mean
# over them is not a mean over the image.
#
# ### The finished model
#
# The package's code, folded; nothing depends on it. It calls `embed_tokens`, the exercise's; `solution(embed_tokens)`
# shows the package's.

# %% tags=["deeper"]
from vitcourse.encoder import NORM_EPS, TransformerBlock
from vitcourse.errors import require_one_of, require_positive
from vitcourse.patches import PatchEmbedding
from vitcourse.positions import RelativePositionBias, sincos_2d


# %% mirror="vitcourse.vit.VisionTransformer" tags=["deeper", "hide-source"]
class VisionTransformer(nn.Module):
    """An image classifier: patches, positions, a stack of pre-norm blocks, one linear head."""

    def __init__(
        self,
        *,
        img_size=224,
        patch_size=16,
        in_channels=3,
        num_classes=1000,
        embed_dim=768,
        depth=12,
        num_heads=12,
        mlp_ratio=4.0,
        dropout=0.0,
        position="learned",
        pool="cls",
    ):
        super().__init__()
        require_positive(num_classes=num_classes, depth=depth)
        self.config = dict(
            img_size=img_size,
            patch_size=patch_size,
            in_channels=in_channels,
            num_classes=num_classes,
            embed_dim=embed_dim,
            depth=depth,
            num_heads=num_heads,
            mlp_ratio=mlp_ratio,
            dropout=dropout,
            position=position,
            pool=pool,
        )
        require_one_of("position", position, ("learned", "sincos", "relative", "none"))
        require_one_of("pool", pool, ("cls", "mean"))
        self.patch_embedding = PatchEmbedding(
            img_size=img_size, patch_size=patch_size, in_channels=in_channels, embed_dim=embed_dim
        )
        self.grid = self.patch_embedding.grid
        self.pooling = pool
        self.class_token = nn.Parameter(torch.zeros(1, 1, embed_dim)) if pool == "cls" else None
        self.num_patches = self.grid[0] * self.grid[1]
        self.num_tokens = self.num_patches + (pool == "cls")
        self.positions = None
        self.relative = None
        if position == "learned":
            self.positions = nn.Parameter(torch.zeros(1, self.num_tokens, embed_dim))
        elif position == "sincos":
            codes = F.pad(sincos_2d(*self.grid, embed_dim), (0, 0, self.num_tokens - self.num_patches, 0))
            del self.positions
            self.register_buffer("positions", codes[None], persistent=False)
        elif position == "relative":
            self.relative = RelativePositionBias(grid=self.grid, num_heads=num_heads, class_token=pool == "cls")
        self.dropout = nn.Dropout(dropout)
        self.blocks = nn.ModuleList(
            TransformerBlock(embed_dim=embed_dim, num_heads=num_heads, mlp_ratio=mlp_ratio, dropout=dropout)
            for _ in range(depth)
        )
        self.norm = nn.LayerNorm(embed_dim, eps=NORM_EPS)
        self.classifier = nn.Linear(embed_dim, num_classes)
        self._initialize()

    def _initialize(self):
        for module in self.modules():
            if isinstance(module, (nn.Linear, nn.Conv2d)):
                nn.init.xavier_uniform_(module.weight.view(len(module.weight), -1))
                if module.bias is not None:
                    nn.init.zeros_(module.bias)
        for token in (self.class_token, self.positions):
            if isinstance(token, nn.Parameter):
                nn.init.trunc_normal_(token, std=0.5)
        nn.init.zeros_(self.classifier.weight)

    def forward(self, images):
        return self.head(self.pool(self.encode(self.embed(images))))

    def embed(self, images):
        """Images to tokens: patches, class token, positions."""
        patches = self.patch_embedding(images)
        return self.dropout(embed_tokens(patches, self.class_token, self.positions))  # type: ignore[arg-type]

    def encode(self, tokens):
        """Tokens through all blocks and the last norm."""
        bias = None if self.relative is None else self.relative()[None]
        for block in self.blocks:
            tokens = block(tokens, bias)
        return self.norm(tokens)

    def pool(self, tokens):
        """One vector for an image: the class token, or the mean over patches."""
        return tokens[:, 0] if self.pooling == "cls" else tokens.mean(dim=1)

    def head(self, features):
        """Logits, from the pooled vector or from any token."""
        return self.classifier(features)


# %% [markdown] tags=["core"]
# ## Papers
#
# - A. Dosovitskiy et al. *An Image is Worth 16x16 Words.* ICLR 2021. arXiv:2010.11929. Table 1: B, L.
# - H. Touvron et al. *Training data-efficient image transformers and distillation through attention.* ICML 2021.
#   arXiv:2012.12877. Table 1: Ti, S.
