# %% [markdown] tags=["core"]
# # 03 Positions and the encoder block
#
# ## What you will be able to do
#
# 10 minutes. After this lesson you can
#
# - write down $z_0$, what the first block gets, and say why $E_{pos}$ has one row more than there are patches;
# - compute a sinusoidal position code by hand, and read a map of the similarity between positions;
# - follow a token through an encoder block, and name the one step that mixes tokens;
# - say what layer norm and skip connections each do for a deep stack, and what neither does alone.
#
# Lesson 02 ended with a board and the same board with its tiles shuffled. Attention alone cannot tell them apart. So
# each token has to be told where it stands.

# %% tags=["core"]
from collections.abc import Callable
from functools import cache
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.testing import assert_close

import vitcourse as vc
from vitcourse.data import load
from vitcourse.exercises import check, hint, progress, quiz, solution  # noqa: F401
from vitcourse.plots import block as block_plots
from vitcourse.plots import positions as position_plots
from vitcourse.plots.pipeline import pipeline_strip
from vitcourse.positions import interpolate_relative
from vitcourse.residual_stream import depth_profile, gradient_by_path, residual_stream
from vitcourse.training import load_checkpoint
from vitcourse.widgets import cell, choices, live, picture, predict, slider, toggle

SMALL: dict[str, Any] = dict(
    img_size=28, patch_size=4, in_channels=1, num_classes=10, embed_dim=64, num_heads=4, mlp_ratio=2.0
)

mnist = load("mnist")
images = mnist.test.images
model = load_checkpoint("mnist").requires_grad_(False)  # trained on MNIST; it comes with the course

image = images[:1]
steps = dict(image=image, patches=vc.patchify(image, 4), embed=model.embed(image))
steps["encoder"] = model.encode(steps["embed"])
shapes: dict[str, object] = {name: tuple(x.shape[1:]) for name, x in steps.items()}

picture(
    pipeline_strip("block", shapes | dict(depth=len(model.blocks))),
    alt="You are here: the positions that the embedding adds, and the encoder blocks behind it.",
)

# %% [markdown] tags=["core"]
# ## Predict
#
# Three guesses. Lock each one; a measurement is laid over it further down.

# %% tags=["core"]
spread = predict(
    "One of the 49 patches of a digit is changed. How many of the 50 tokens differ after the first attention?",
    choices=["1: its own", "10: its own, its neighbors and the class token", "50: all"],
)
spread

# %% tags=["core"]
dies = predict(
    "24 fresh blocks. You take the skip connections away and keep the layer norms. What dies on the way, that is, "
    "falls below a thousandth?",
    choices=[
        "the size of the tokens",
        "the size of the gradient",
        "the difference between tokens",
        "all three",
        "none of them",
    ],
)
dies

# %% tags=["core"]
share = predict(
    "6 fresh blocks with skip connections. Which share of the gradient reaches the input by the skip connections "
    "alone, past every attention and every MLP?",
    low=0,
    high=100,
    step=1,
    unit="%",
)
share

# %% [markdown] tags=["core"]
# ## Order has to be told
#
# The cure is one addition: to each token, a vector that depends on its place alone.
#
# $$z_0 = [x_{cls};\; x_1 E;\; \dots;\; x_N E] + E_{pos}$$
#
# - $x_i$ is patch $i$ as a vector, and $E$ the learned map to $D$ numbers (lesson 01). The semicolons stack rows.
# - $x_{cls}$ is the **class token**: a learned vector put before the patches. It belongs to no patch. It collects what
#   the prediction needs (lesson 04).
# - $E_{pos}$ holds the **position codes**, one row of $D$ numbers for each token.
# - $z_0$ is what the first block gets.

# %% tags=["core", "nbval-check-output"]
patches = model.patch_embedding(image)  # x_i E, for each patch
tokens = torch.cat([model.class_token, patches], dim=1)  # [x_cls; x_1 E; ...; x_N E]
z0 = tokens + model.positions  # + E_pos

for name, x in (("image", image), ("patches", patches), ("tokens", tokens), ("E_pos", model.positions), ("z0", z0)):
    print(f"{name:8}", tuple(x.shape))
assert_close(z0, model.embed(image))

# %% [markdown] tags=["core"]
# ## Measure: the rows of $E_{pos}$
#
# $N$ patches, $N + 1$ rows: the class token has a position too. Sinusoids fix its row to zero.

# %% tags=["core", "nbval-check-output"]
fixed: Any = vc.VisionTransformer(**SMALL, depth=1, position="sincos")
mean_pool: Any = vc.VisionTransformer(**SMALL, depth=1, pool="mean")
print("patches                         ", patches.shape[1])
print("rows of E_pos, learned          ", model.positions.shape[1])
print(
    "rows of E_pos, sinusoids        ",
    fixed.positions.shape[1],
    " largest entry of row 0:",
    fixed.positions[0, 0].max().item(),
)
print("rows of E_pos, no class token   ", mean_pool.positions.shape[1])
try:
    tokens + model.positions[:, 1:]
except RuntimeError as error:
    print("N rows for N + 1 tokens:")
    print("   ", error)

# %% [markdown] tags=["core"]
# ## Codes from a formula
#
# Learned codes start as noise, and training has to find out which positions are neighbors. A formula can say so from
# the start. Take one coordinate $i$, a row or a column, and $D / 4$ frequencies
#
# $$\omega_k = 10000^{-4k/D}, \qquad k = 0, \dots, D/4 - 1.$$
#
# Its code is $\sin(i\,\omega_k)$ and $\cos(i\,\omega_k)$ for each $k$. Each pair is the hand of a clock: the first
# clock goes round in $2\pi \approx 6.3$ patches, the next ones slower and slower. By hand: for $D = 64$ and $k = 4$,
# $\omega_4 = 10000^{-1/4} = 0.1$, so coordinate 2 has the sine $\sin 0.2 = 0.199$ there.
#
# Position $(i, j)$ gets half of its channels from its row, half from its column. Each half holds all sines, then all
# cosines.

# %% tags=["core", "nbval-check-output"]
rows = cols = 7
D = 64
codes = vc.sincos_2d(rows, cols, D)
print("codes of the grid     ", tuple(codes.shape))
axis = codes[::cols, : D // 2]  # the rows' half, at the first position of each row
print("code of one coordinate", tuple(axis.shape), f" coordinate 2, k = 4: {axis[2, 4]:.3f}")

# %% tags=["core"]
picture(
    position_plots.code_build_up(axis, codes),
    alt="Left, the codes of seven coordinates: fast sines and cosines change from line to line, slow ones hardly. "
    "Right, all 49 positions: the left half repeats each row's code seven times, the right half runs through the "
    "columns' codes.",
)

# %% [markdown] tags=["core"]
# Left: each line is a coordinate's code. Right: each line is a position's. The slow clocks hardly move on a grid this
# small.
#
# How alike are two positions? Take the **cosine similarity** of their codes $e_p$ and $e_q$:
#
# $$s(p, q) = \frac{e_p \cdot e_q}{\lVert e_p \rVert \, \lVert e_q \rVert},$$
#
# which is 1 where both point the same way, and 0 at a right angle.


# %% tags=["core"]
def similarity(codes):
    units = F.normalize(codes, dim=1)  # e_p / |e_p|
    return units @ units.T  # (positions, positions)


torch.manual_seed(0)  # with this seed the model's training started
start: Any = vc.VisionTransformer(**model.config).positions
encodings = {
    "2-D sines": codes,
    "1-D sines": vc.sincos_2d(1, rows * cols, 2 * D)[:, D:],  # patches numbered 0 to 48, as columns of a single row
    "learned": model.positions[0, 1:],  # without the class token's row
    "added by training": (model.positions - start)[0, 1:].detach(),
}

# %% [markdown] tags=["core"]
# ### Touch: choose a position
#
# Point at a cell of the map; a click keeps it. Compare four encodings: the sinusoids above; sinusoids of one
# coordinate, the number of the patch from 0 to 48; codes learned on MNIST; what training added to them. Then choose the
# last cell of a row.


# %% tags=["core"]
@live(
    alt="A map of the cosine similarity of the chosen position to all others, beside all codes. It falls off evenly "
    "in both directions for 2-D sines, and follows the numbering of the patches for 1-D sines.",
    size=(760, 330),
    position=cell(rows, cols, value=(2, 2), hover=True),
    encoding=choices(list(encodings)),
)
def positions_alike(figure):
    draw = position_plots.similarity_board(figure, (rows, cols), D)
    alike = {name: similarity(of_name) for name, of_name in encodings.items()}
    others = {name: of_name.clone().fill_diagonal_(-1) for name, of_name in alike.items()}

    def update(position, encoding):
        draw(alike[encoding], encodings[encoding], position)
        rest = others[encoding][position[0] * cols + position[1]]
        row, col = divmod(int(rest.argmax()), cols)
        more = int((rest > rest.max() - 1e-4).sum()) - 1
        also = f", and {more} more" if more else ""
        return f"most similar: row {row}, column {col} ({rest.max():.2f}){also}"

    return update


positions_alike

# %% tags=["core"]
there = torch.cartesian_prod(torch.arange(rows), torch.arange(cols))  # (49, 2)
apart = (there[:, None] - there[None]).abs().sum(dim=-1)  # steps from one position to the other
print("mean similarity of positions     one step apart     six or more")
for name, of_name in encodings.items():
    alike = similarity(of_name)
    print(f"{name:33} {alike[apart == 1].mean():14.2f} {alike[apart >= 6].mean():13.2f}")

# %% [markdown] tags=["core"]
# One number for each patch, row by row, makes the end of a line a neighbor of the next line's start. Two dimensions
# need two coordinates. Learned codes start large and random, all unlike, and mostly stay so. What training *added* is
# small, and more alike for neighbors.
#
# ## The block
#
# Tokens now know their place. An encoder block lets them talk, then think:
#
# $$x' = x + \mathrm{Attention}(\mathrm{LN}_1(x)), \qquad x'' = x' + \mathrm{MLP}(\mathrm{LN}_2(x')).$$

# %% tags=["core"]
picture(
    block_plots.block_diagram(),
    alt="The residual stream runs from x to block of x. A first branch leaves it through norm1 and attention and is "
    "added back, a second one through norm2 and mlp.",
)

# %% [markdown] tags=["core"]
# The straight line is the **residual stream**: $D$ numbers for each token, a lane each. No step overwrites it. A
# branch reads it, and adds to it; the way around a branch is a **skip connection**.
#
# **Layer norm** gives each token mean 0 and variance 1 over its $D$ entries, then a learned scale $\gamma$ and shift
# $\beta$ for each channel:
#
# $$\mathrm{LN}(x) = \frac{x - \mu}{\sqrt{\sigma^2 + \epsilon}} \, \gamma + \beta.$$
#
# $\mu$ and $\sigma^2$ are mean and variance of that one token; $\epsilon = 10^{-6}$ avoids a division by zero.

# %% tags=["core"]
block = model.blocks[0]
normalized = block.norm1(z0)
plain = (normalized - block.norm1.bias) / block.norm1.weight  # gamma and beta taken back
for name, x in (("z0", z0), ("normalized", normalized), ("before gamma and beta", plain)):
    token = x[0, 25]
    print(f"token 25 of {name:22} mean {token.mean().abs():.2f}  variance {token.var(unbiased=False):.2f}")

# %% [markdown] tags=["core"]
# **Attention** is lesson 02's. It is the only step in which tokens meet.
#
# The **MLP** widens each token, bends it and narrows it again:
#
# $$\mathrm{MLP}(x) = \mathrm{GELU}(x W_1 + b_1) \, W_2 + b_2.$$
#
# GELU is a smooth ReLU: $u$ times the probability that a standard normal number is below $u$. The width between is
# *mlp ratio* times $D$: 4 in the paper, 2 here.

# %% tags=["core", "nbval-check-output"]
W1, W2 = block.mlp.expand.weight.T, block.mlp.contract.weight.T
hidden = F.gelu(normalized @ W1 + block.mlp.expand.bias)
narrow = hidden @ W2 + block.mlp.contract.bias
for name, x in (("W1", W1), ("hidden", hidden), ("W2", W2), ("narrow again", narrow)):
    print(f"{name:13}", tuple(x.shape))
assert_close(narrow, block.mlp(normalized))

# %% [markdown] tags=["core"]
# ### Touch: invert one patch
#
# Point at a patch: its dark becomes light. On the right, each token has a lane from left to right; a color says how
# much the change has reached it. The numbers count the lanes that changed. Then leave out one kind of branch.

# %% tags=["core"]
stages = ["embed", *(f"{branch} {i + 1}" for i in range(len(model.blocks)) for branch in ("att", "mlp"))]


@live(
    alt="A digit with one inverted patch, and a lane for each of the 50 tokens. After the first attention all lanes "
    "have changed. With the MLPs alone, one lane changes from beginning to end.",
    size=(760, 360),
    patch=cell(rows, cols, value=(3, 3), hover=True),
    branches=choices({"both": (True, True), "attention only": (True, False), "MLP only": (False, True)}),
)
def lanes(figure):
    draw = block_plots.lanes_board(figure, image[0, 0], 4, stages, z0.shape[1])

    @cache
    def stream(branches, patch=None):  # tokens after each stage, (stages, tokens, D)
        painted = image.clone()
        if patch is not None:
            row, col = patch
            square = painted[:, :, 4 * row : 4 * row + 4, 4 * col : 4 * col + 4]
            square.copy_(1 - square)
        attention, mlp = branches
        return torch.cat(residual_stream(model.blocks, model.embed(painted), attention=attention, mlp=mlp)), painted

    def update(patch, branches):
        (before, _), (after, painted) = stream(branches), stream(branches, tuple(patch))
        change = (after - before).norm(dim=-1) / before.norm(dim=-1)  # (stages, tokens)
        draw(painted[0, 0], change.T, patch)

    return update


lanes

# %% [markdown] tags=["core"]
# ## Measure: which step mixes tokens
#
# Change one token at random. Push both versions through each step of the block, and count the tokens that differ.

# %% tags=["core", "nbval-check-output"]
torch.manual_seed(0)
other = z0.clone()
other[0, 25] = torch.randn(D)

differ = {}
for name, step in (("norm1", block.norm1), ("attention", block.attention), ("mlp", block.mlp), ("block", block)):
    change = (step(other) - step(z0)).abs().amax(dim=-1)[0]  # (50,)
    differ[name] = int((change > 1e-6).sum())
    print(f"{name:10} {differ[name]:2} of 50 tokens differ")

# %% tags=["core"]
spread.reveal(
    spread.choices[2 if differ["attention"] == 50 else 1],
    note="Each token looks at all others, near or far. Norm and MLP work on each token alone.",
)

# %% [markdown] tags=["core"]
# ## What keeps a deep stack alive
#
# ViT-L has 24 blocks. Take 24 fresh ones, random tokens of size 1, and start a random gradient of size 1 at the end.
# *Size* is the root mean square (RMS) of the entries. The third panel asks whether tokens still differ: the size of
# what remains when their mean is taken away, over the size of the tokens. It is 0 when all tokens are the same.
#
# ### Touch: depth, norm, skip connections
#
# *Before* is ViT's **pre-norm**; *after* is the first Transformer's **post-norm**, which normalizes the sum
# $x + \mathrm{branch}(x)$. Your choice is blue, the other five are gray; dashed means without skip connections. What
# lies beyond $10^{\pm 6}$ is drawn at the edge.

# %% tags=["core"]
torch.manual_seed(0)
blocks = vc.VisionTransformer(**SMALL, depth=24).blocks
noise, direction = torch.randn(2, 2, 50, D)  # two "images" of 50 tokens; the gradient at the end
wirings: dict[str, tuple[Any, bool]] = {
    f"{norm}, {skip}": (norm, skip) for norm in ("pre", "post", "none") for skip in (True, False)
}


@cache
def profiles(depth):
    return {
        name: depth_profile(blocks[:depth], noise, direction, norm=norm, residual=skip)
        for name, (norm, skip) in wirings.items()
    }


@live(
    alt="Three curves over depth: size of the tokens, size of the gradient, difference between tokens. Pre-norm with "
    "skip connections keeps all three; without skip connections the difference vanishes after a few blocks.",
    size=(760, 300),
    depth=slider(2, 24, value=24, label="blocks"),
    norm=choices({"before": "pre", "after": "post", "none": "none"}),
    skip=toggle(True, label="skip connections"),
)
def depths(figure):
    draw = block_plots.depth_board(figure, list(wirings), 24, dashed=[name for name in wirings if "False" in name])
    for depth in range(2, 25):
        profiles(depth)  # now, so that the slider need not wait for it

    def update(depth, norm, skip):
        found, chosen = profiles(depth), f"{norm}, {skip}"
        draw(found, chosen)
        mine = found[chosen]
        return (
            f"after block {depth}: tokens {mine.activation[-1]:.2g}, difference {mine.difference[-1]:.2g}; "
            f"gradient at the input {mine.gradient[0]:.2g}"
        )

    return update


depths

# %% [markdown] tags=["core"]
# ## Measure: signal and gradient over depth

# %% tags=["core"]
print("24 blocks                tokens, last   gradient, first   difference, last")
for name, (norm, skip) in wirings.items():
    found = profiles(24)[name]
    label = f"norm {norm:5} skip {'yes' if skip else 'no'}"
    print(f"{label:24} {found.activation[-1]:>12.1e} {found.gradient[0]:>17.1e} {found.difference[-1]:>18.1e}")

# %% tags=["core"]
bare = profiles(24)["pre, False"]
gone = [bare.activation[-1] < 1e-3, min(bare.gradient) < 1e-3, bare.difference[-1] < 1e-3]
dies.reveal(
    "all three" if all(gone) else dies.choices[gone.index(True)] if any(gone) else "none of them",
    note=f"After 24 blocks the tokens have size {bare.activation[-1]:.2g}, and their difference is "
    f"{bare.difference[-1]:.0e}: rounding. The gradient never falls below {min(bare.gradient):.1g}.",
)

# %% [markdown] tags=["core"]
# Often stated as: *residual connections keep activations and gradients from vanishing*. Read the table again:
#
# - Without norms and skips both vanish. With skips alone both explode.
# - Norms alone repair the *sizes*. Yet each attention averages tokens, and after a few blocks all are the same
#   vector. Their sizes do not tell.
# - Pre-norm *and* skips keep all three. Post-norm with skips keeps the sizes; its tokens grow more alike.
#
# All this holds for fresh weights; training moves them.
#
# ## Measure: the share of the skip connections
#
# With pre-norm, a gradient can pass each of the $2 \cdot$ depth branches or go around it. To see what comes by the skip
# connections alone, detach the output of every branch. The full gradient $g$ is this part $g_{skip}$ plus the rest,
# and
#
# $$\mathrm{share} = \frac{g_{skip} \cdot g}{g \cdot g},$$
#
# so that the shares of the parts sum to 1.


# %% tags=["core"]
def input_gradient(blocks):
    start = noise.clone().requires_grad_()
    x = start
    for block in blocks:
        x = block(x)
    return torch.autograd.grad(x, start, grad_outputs=direction)[0]


shares = {}
for depth in (1, 2, 6, 12, 24):
    g = input_gradient(blocks[:depth])
    branches: list[Any] = [branch for block in blocks[:depth] for branch in (block.attention, block.mlp)]
    hooks = [branch.register_forward_hook(lambda _, inputs, output: output.detach()) for branch in branches]
    g_skip = input_gradient(blocks[:depth])
    for hook in hooks:
        hook.remove()
    assert_close(g_skip, direction)  # it arrives as it started
    shares[depth] = ((g_skip * g).sum() / (g * g).sum()).item()
    print(f"depth {depth:2}: {shares[depth]:4.0%} of the gradient at the input by {2 * depth:2} skip connections alone")

# %% tags=["core"]
share.reveal(
    round(100 * shares[6]),
    note=f"One of {2**12:,} paths: each of 12 branches is passed or gone around.",
)

# %% [markdown] tags=["core"]
# Often stated as: *the gradient flows through the skip connections*. The path past all branches does deliver the
# output's gradient unchanged, at any depth. Its share falls all the same, because the branches add theirs: most of the
# gradient comes by the many paths that pass a few of them. Deeper shows how many, and what training makes of it.

# %% [markdown] tags=["deeper"]
# ## Exercises
#
# None of these is on the 90-minute path. Take the ones that you like: what passes becomes a part of your own model. The
# last two are the shortest.
#
# ### `sincos_2d`
#
# 8 minutes, difficulty ●●○. Write the position codes of a grid. The code of row $i$ is $\sin(i\,\omega_k)$ for all $k$,
# then $\cos(i\,\omega_k)$ for all $k$; that of a column likewise. A position has its row's code, then its column's. The
# frequencies are
#
# $$\omega_k = 10000^{-4k/D}, \qquad k = 0, \dots, D/4 - 1.$$


# %% tags=["deeper", "exercise"]
def sincos_2d(rows: int, cols: int, dim: int) -> Tensor:
    """Sinusoidal position codes of a grid, position by position, row by row.

    rows, cols: size of the grid; coordinates count from 0. dim: D, a multiple of 4.
    Returns (rows cols, dim), float32. In quarters of dim / 4 channels: sines of the row, cosines of the row, sines of the
    column, cosines of the column; in each quarter the frequencies 10000^(-4 k / dim), k = 0, ..., dim / 4 - 1.
    """
    raise NotImplementedError  # your code here


check(sincos_2d)  # hint(sincos_2d), solution(sincos_2d), progress()

# %% [markdown] tags=["deeper"]
# ### `relative_bias`
#
# 12 minutes, difficulty ●●●. Another way to tell tokens their places: leave them alone, and add to each score a number
# that depends on the *offset* between query and key. (*Relative positions*, below, says more; you can read it first.)
#
# On a grid of $H \times W$ patches there are $(2H - 1)(2W - 1)$ offsets, query minus key: rows from $-(H - 1)$ to
# $H - 1$, columns from $-(W - 1)$ to $W - 1$. Each head has a table with a number for each offset, in this order:
#
# $$(-(H - 1), -(W - 1)), \quad (-(H - 1), -(W - 2)), \quad \dots, \quad (H - 1, W - 1).$$
#
# Three more numbers follow, for the class token. Lay the table out for all pairs of tokens.


# %% tags=["deeper", "exercise"]
def relative_bias(table: Tensor, rows: int, cols: int) -> Tensor:
    """A bias for each pair of tokens, read from a table by their offset.

    table: (heads, (2 rows - 1)(2 cols - 1) + 3). First the biases of all offsets between patches, (row of the query - row
    of the key, column of the query - column of the key), numbered row by row from the most negative: -(rows - 1),
    -(cols - 1) is entry 0, and the offset of columns changes fastest. Then three entries: class token (the query) to any
    patch (the key), any patch to the class token, class token to itself.
    rows, cols: the grid; the patches are numbered row by row.
    Returns (heads, 1 + rows cols, 1 + rows cols), queries by keys, in the dtype and on the device of the table; token 0 is
    the class token, the patches follow.
    """
    raise NotImplementedError  # your code here


check(relative_bias)  # hint(relative_bias), solution(relative_bias), progress()

# %% [markdown] tags=["deeper"]
# ### `layer_norm`
#
# 5 minutes, difficulty ●○○. Write layer norm from its formula above: mean 0 and variance 1 for each token, then a scale
# and a shift for each channel. Any number of axes may stand before the channels.


# %% tags=["deeper", "exercise"]
def layer_norm(x: Tensor, weight: Tensor, bias: Tensor, eps: float) -> Tensor:
    """Normalize each row along the last axis, then scale and shift each channel.

    x: (..., dim), with one or more axes before the last, float32 or float64; weight, bias: (dim,), gamma and beta of the
    formula, of the same dtype; eps: the formula's epsilon. The variance is the mean of the squared distances from the
    mean.
    Returns (..., dim), of x's shape and dtype. x stays as it is. Gradients must pass, so change nothing in place that a part
    has read.
    """
    raise NotImplementedError  # your code here


check(layer_norm)  # hint(layer_norm), solution(layer_norm), progress()

# %% [markdown] tags=["deeper"]
# ### `pre_norm_block`
#
# 4 minutes, difficulty ●○○. Put a block together from four parts that are handed to you as functions:
#
# $$x' = x + \mathrm{Attention}(\mathrm{LN}_1(x)), \qquad x'' = x' + \mathrm{MLP}(\mathrm{LN}_2(x')).$$


# %% tags=["deeper", "exercise"]
def pre_norm_block(x: Tensor, norm1: Callable, attention: Callable, norm2: Callable, mlp: Callable) -> Tensor:
    """One encoder block with pre-norm.

    x: (batch, tokens, dim); norm1, attention, norm2, mlp: called with a tensor of that shape, each returns another one.
    Returns (batch, tokens, dim). x stays as it is. Gradients must pass, so change nothing in place that a part has read.
    """
    raise NotImplementedError  # your code here


check(pre_norm_block)  # hint(pre_norm_block), solution(pre_norm_block), progress()

# %% [markdown] tags=["deeper"]
# ### Try it
#
# Change the cell below, or the controls above. Guess before you look.
#
# 1. Token 10 gets 1 added to each entry. What do the others notice after the first attention?
# 2. Replace `+ 1` by `* 3`, then by `.flip(0)`.
# 3. In *choose a position*, take 1-D sines and the last cell of row 2. Which positions are the most similar?
# 4. In *depth, norm, skip connections*, take no norm with skip connections, and move the depth from 2 to 24.

# %% tags=["deeper"]
edited = z0.clone()
edited[0, 10] = edited[0, 10] + 1

first = model.blocks[0]
noticed = (first.attention(first.norm1(edited)) - first.attention(first.norm1(z0))).abs().amax(dim=-1)[0]
print("tokens that notice:", int((noticed > 1e-4).sum()), "of 50")

# %% [markdown] tags=["deeper"]
# <details><summary>What to expect</summary>
#
# 1. None, not even token 10's own queries: layer norm takes the mean away.
# 2. `* 3`: none, since the norm takes the scale away too (up to $\epsilon$). `.flip(0)`: all 50.
# 3. Row 2, column 5 and row 3, column 0: its neighbors in the numbering. The second is at the other edge of the image.
# 4. Tokens and gradient grow with every block; at 24 the gradient is beyond the edge. Nothing brings what the branches
#    add back to size.
#
# </details>

# %% [markdown] tags=["deeper"]
# ## The finished code
#
# Folded, because it holds answers to the exercises. Open a cell to read or edit it; nothing below depends on it. First
# a block, step by step: the last line asserts that these steps *are* the block.

# %% tags=["deeper", "hide-source", "nbval-check-output"]
x = z0
mu = x.mean(dim=-1, keepdim=True)  # one number for each token
variance = ((x - mu) ** 2).mean(dim=-1, keepdim=True)
normalized = (x - mu) / (variance + 1e-6).sqrt() * block.norm1.weight + block.norm1.bias
after_attention = x + block.attention(normalized)  # x'
after_mlp = after_attention + block.mlp(block.norm2(after_attention))  # x''
print("x", tuple(x.shape), " mu", tuple(mu.shape), " after the MLP", tuple(after_mlp.shape))
assert_close(normalized, block.norm1(x))
assert_close(after_mlp, block(x))

# %% [markdown] tags=["deeper"]
# Then the package's classes. Its functions, among them those of the exercises, are in `vitcourse/positions.py`;
# `solution` shows them.

# %% tags=["deeper"]
from torch import nn

from vitcourse import MultiHeadAttention
from vitcourse.encoder import NORM_EPS
from vitcourse.errors import require_positive


# %% mirror="vitcourse.encoder.MLP" tags=["deeper", "hide-source"]
class MLP(nn.Module):
    """Two linear layers with a GELU between, on each token alone."""

    def __init__(self, *, embed_dim, hidden_dim, dropout=0.0):
        super().__init__()
        require_positive(embed_dim=embed_dim, hidden_dim=hidden_dim)
        self.expand = nn.Linear(embed_dim, hidden_dim)
        self.activation = nn.GELU()
        self.contract = nn.Linear(hidden_dim, embed_dim)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x):
        hidden = self.dropout(self.activation(self.expand(x)))  # (batch, tokens, hidden_dim)
        return self.dropout(self.contract(hidden))


# %% mirror="vitcourse.encoder.TransformerBlock" tags=["deeper", "hide-source"]
class TransformerBlock(nn.Module):
    """x + attention(norm1(x)), then x + mlp(norm2(x))."""

    def __init__(self, *, embed_dim, num_heads, mlp_ratio=4.0, dropout=0.0, attention=None):
        super().__init__()
        hidden_dim = int(embed_dim * mlp_ratio)
        if hidden_dim < 1:
            raise ValueError(f"mlp_ratio={mlp_ratio} times embed_dim={embed_dim} must make at least 1 hidden unit")
        self.norm1 = nn.LayerNorm(embed_dim, eps=NORM_EPS)
        if attention is None:
            attention = MultiHeadAttention(embed_dim=embed_dim, num_heads=num_heads, dropout=dropout)
        self.attention = attention
        self.norm2 = nn.LayerNorm(embed_dim, eps=NORM_EPS)
        self.mlp = MLP(embed_dim=embed_dim, hidden_dim=hidden_dim, dropout=dropout)

    def forward(self, x, bias=None):
        x = x + self.attention(self.norm1(x), bias)
        return x + self.mlp(self.norm2(x))


# %% [markdown] tags=["core"]
# ## Recap
#
# - Position codes are added to the tokens once, before the first block: $N + 1$ rows, the class token's included.
# - A sinusoidal code is a row of clocks for the row and one for the column. Learned codes get their map from training.
# - A block is two branches beside the residual stream. Attention mixes tokens; layer norm and MLP work on each alone.
# - Norms keep sizes in order, skip connections keep tokens apart and carry the gradient past every branch. A deep
#   stack needs both.
#
# ## Quiz
#
# Click an answer: it says whether it is right, and why. Try the others, too.

# %% tags=["core"]
quiz("03")

# %% [markdown] tags=["deeper"]
# ## Deeper
#
# ### All positions at once
#
# A map of maps: the small map in row $i$, column $j$ shows how similar position $(i, j)$ is to all others. The ViT
# paper draws this picture for its learned codes (figure 7, center). Relative positions have no codes: they are not in
# the picture.

# %% tags=["deeper"]
picture(
    position_plots.similarity_montage({name: similarity(e) for name, e in encodings.items()}, (rows, cols)),
    alt="For each encoding seven by seven small maps. 2-D sines: a round spot follows the position. 1-D sines: "
    "horizontal stripes. Learned: one cell each in noise. Added by training: an uneven spot.",
)

# %% [markdown] tags=["deeper"]
# Which encoding leads to the best model is another question, and the next section's.
#
# ### Which encoding is best?
#
# This course's model with each, patch size 4, two passes over MNIST, five seeds. A dot is a run, a bar their mean.

# %% tags=["deeper"]
from vitcourse.experiments import measured_on, read_table
from vitcourse.experiments import tokens as enlarging
from vitcourse.plots.bands import bands, percent, strips
from vitcourse.plots.style import new_figure

ENCODINGS = {"sincos": "2-D sines", "learned": "learned", "relative": "relative", "none": "none"}
with_class_token = read_table("tokens").query("pool == 'cls'")
figure = new_figure(6.4, 2.4)
axes = figure.subplots()
strips(
    axes,
    with_class_token.query("size == 28"),
    kind="position",
    y="accuracy",
    names=ENCODINGS,
    title="test images that are right",
)
percent(axes.xaxis, 0)
picture(
    figure,
    alt="Test accuracy of five runs each: 2-D sines and learned codes near 98 %, relative biases near 93 %, none near 72 %.",
)

# %% tags=["deeper", "nbval-check-output"]
for encoding, name in ENCODINGS.items():
    of_kind = with_class_token["position"] == encoding
    trials = with_class_token[of_kind].query("size == 28")["accuracy"]
    print(f"{name:10}{trials.mean():6.1%}   ({trials.min():.1%} to {trials.max():.1%})")
print(measured_on("tokens"))

# %% [markdown] tags=["deeper"]
# Some code is needed: without any, a quarter of the digits are lost, and it is remarkable that 72 % are not. Codes from a
# formula are as good as learned ones, here 0.5 points better. The table of relative biases is behind both. It tells how two
# patches lie to each other, and where neither lies in the picture; whether that is the reason is not measured here. What
# each code knows of the places is in the maps above, "All positions at once".

# %% [markdown] tags=["deeper"]
# ### A formula that loses half
#
# Two-dimensional sinusoids are often stated as
#
# $$PE(i, j, 2k) = \sin\frac{i}{10000^{2k/D}}, \qquad PE(i, j, 2k + 1) = \cos\frac{j}{10000^{2k/D}}.$$
#
# The row has only sines, the column only cosines. What is lost? The point of sinusoids is that a shift is a *linear*
# map, the same at every position:
#
# $$\sin((i + 1)\,\omega) = \cos\omega \, \sin(i\,\omega) + \sin\omega \, \cos(i\,\omega).$$
#
# It needs $\cos(i\,\omega)$, which the stated form does not have. With sine *and* cosine of both coordinates, the
# matrix of a shift is made of rotations: its entries are at most 1.


# %% tags=["deeper"]
def as_stated(rows, cols, dim):
    frequencies = 10_000 ** (-2 * torch.arange(dim // 2, dtype=torch.float64) / dim)
    i, j = torch.cartesian_prod(torch.arange(rows), torch.arange(cols)).T[:, :, None]
    codes = torch.empty(rows * cols, dim, dtype=torch.float64)
    codes[:, 0::2], codes[:, 1::2] = (i * frequencies).sin(), (j * frequencies).cos()
    return codes


stated = as_stated(rows, cols, D).reshape(rows, cols, D)
half = torch.arange(rows, dtype=torch.float64)[:, None] * 10_000 ** (-torch.arange(D // 4, dtype=torch.float64) * 4 / D)
half = torch.cat([half.sin(), half.cos()], dim=1)
usual = torch.cat([half[:, None].expand(-1, cols, -1), half.expand(rows, -1, -1)], dim=2)  # sincos_2d, in float64

# %% [markdown] tags=["deeper"]
# A least-squares fit of the shift one down and one to the right does not show the difference: on a grid as small as
# this it fits both almost perfectly. Three other figures do.

# %% tags=["deeper", "nbval-check-output"]
largest_entry = {}
for name, e in (("usual", usual), ("stated", stated)):
    norms = e.norm(dim=-1)
    products = (e[:-1, :-1] * e[1:, 1:]).sum(dim=-1)  # all pairs at the offset (1, 1)
    before, after = e[:-1, :-1].reshape(-1, D), e[1:, 1:].reshape(-1, D)
    shift = torch.linalg.lstsq(before, after, driver="gelsd").solution
    largest_entry[name] = shift.abs().max().item()
    print(f"{name:6}  norm {norms.min():.2f} to {norms.max():.2f}", end="")
    print(f"   inner product {products.min():.2f} to {products.max():.2f}")
    assert (before @ shift - after).abs().max() < 1e-6
    assert (largest_entry[name] <= 1) == (name == "usual")

# %% tags=["deeper"]
for name, entry in largest_entry.items():
    print(f"{name:6}  largest entry of the shift matrix: {entry:,.2f}")
picture(
    position_plots.maps_side_by_side(
        {"usual": usual.norm(dim=-1), "as stated": stated.norm(dim=-1)}, "length of the code", ".2f"
    ),
    alt="Lengths of the codes on the grid. Usual form: 5.66 everywhere. As stated: between 5.15 and 6.12.",
)

# %% [markdown] tags=["deeper"]
# In the usual form all codes have the same length, and the inner product of two positions depends on their offset
# alone. In the stated one some positions are louder than others, and equal offsets give different products. The fitted
# shift exists only as a matrix of huge entries that cancel: any noise would be blown up.

# %% [markdown] tags=["deeper"]
# ### Relative positions
#
# One can also leave the tokens alone, and add to each score a number that depends on where the key lies *as seen from*
# the query:
#
# $$A_{ij} = \operatorname{softmax}_j\left(\frac{q_i \cdot k_j}{\sqrt{d_k}} + r_{i - j}\right).$$
#
# $i - j$ is the offset between the two positions, rows and columns. On a grid of $H \times W$ patches it takes
# $(2H - 1)(2W - 1)$ values, and each head has a learned table of them. Three entries more are for the class token: to
# it, from it, and with itself. The *bias* depends on the offset alone; the score still depends on what the tokens hold.

# %% tags=["deeper", "nbval-check-output"]
table = torch.randn(4, 13 * 13 + 3, generator=torch.Generator().manual_seed(0))  # 4 heads, a 7 x 7 grid
bias = vc.relative_bias(table, rows, cols)
print("table", tuple(table.shape), " bias", tuple(bias.shape))
print("different numbers in one head's bias:", len(bias[0].unique()))

offset = there[:, None] - there[None]  # (49, 49, 2): query minus key
for pair in (offset == torch.tensor([2, -1])).all(dim=-1).nonzero():
    query, key = pair + 1  # token 0 is the class token
    assert_close(bias[:, query, key], bias[:, 1 + 14, 1 + 1])  # (2, 0) to (0, 1): the same offset

learned: Any = vc.VisionTransformer(**SMALL, depth=1, position="relative")
print("entries that a model learns, all heads:", learned.relative.table.numel())

# %% [markdown] tags=["deeper"]
# Point at a query. It reads a window of the table, upside down and mirrored, because the table is sorted by query
# minus key. The table here is made up: it favors the key two columns to the right.


# %% tags=["deeper"]
down, right = torch.meshgrid(torch.arange(-6.0, 7.0), torch.arange(-6.0, 7.0), indexing="ij")
made_up = torch.exp(-(down**2 + (right + 2) ** 2) / 4)  # largest where query column - key column = -2


@live(
    alt="A table of 13 by 13 biases with the window that the chosen query reads, and its bias for each of the 49 keys: "
    "largest two columns to the right of the query.",
    size=(760, 330),
    query=cell(rows, cols, value=(3, 2), axes=1, hover=True),
)
def window(figure):
    draw = position_plots.table_window(figure, made_up, (rows, cols))
    of_one_head = vc.relative_bias(F.pad(made_up.flatten(), (0, 3))[None], rows, cols, class_token=False)[0]

    def update(query):
        draw(of_one_head[query[0] * cols + query[1]].reshape(rows, cols), query)

    return update


window

# %% [markdown] tags=["deeper"]
# For another grid the table is resized bilinearly, the three entries of the class token are kept.

# %% tags=["deeper", "nbval-check-output"]
larger = interpolate_relative(table, (7, 7), (14, 14))
print("7 x 7:", tuple(table.shape), "  14 x 14:", tuple(larger.shape), "  (2 * 14 - 1) ** 2 + 3 =", 27**2 + 3)
assert_close(larger[:, -3:], table[:, -3:])

# %% [markdown] tags=["deeper"]
# Shaw et al. add vectors to keys and values instead of numbers to scores; the form with a table of biases is Swin's and
# BEiT's.

# %% [markdown] tags=["deeper"]
# ### Another image size
#
# Learned codes belong to one grid. For another, they are laid out as an image with $D$ channels and resized
# bicubically; the class token's row stays.

# %% tags=["deeper", "nbval-check-output"]
resized = vc.interpolate_positions(model.positions, (7, 7), (14, 14))
print("7 x 7:", tuple(model.positions.shape), "  14 x 14:", tuple(resized.shape))

# %% tags=["deeper"]
small, large = similarity(model.positions[0, 1:]), similarity(resized[0, 1:])
picture(
    position_plots.maps_side_by_side(
        {"7 x 7, position (3, 3)": small[24].reshape(7, 7), "14 x 14, position (7, 7)": large[105].reshape(14, 14)},
        "cosine similarity",
    ),
    alt="The similarity map of a position in the middle, on the old grid and on one twice as fine: the spot is "
    "twice as wide in patches, and its edge is smooth.",
)

# %% [markdown] tags=["deeper"]
# In between, neighbors blend; the random codes are smoothed. Does the model then read larger images? Two ways to make a digit
# larger: *scaled*, each stroke is longer and thicker; *padded*, the digit stays as it is and gets more border. Learned codes
# and the table of biases are interpolated, the sines computed anew for the larger grid.

# %% tags=["deeper"]
figure = new_figure(6.8, 3)
for axes, change in zip(figure.subplots(1, 2, sharey=True), ("scaled", "padded"), strict=True):
    bands(
        axes,
        with_class_token.query("size == 28 or change == @change"),
        x="size",
        y="accuracy",
        by="position",
        names=ENCODINGS,
        xlabel="image size (pixels)",
        title=f"right, digits {change}",
        ylim=(0, 1),
    )
    percent(axes.yaxis, 0)
picture(
    figure,
    alt="Test accuracy at 28, 40 and 56 pixels. Scaled: learned codes stay above 84 %, sines fall to 16 %. Padded: all fall below "
    "a quarter.",
)

# %% tags=["deeper", "nbval-check-output"]
at = with_class_token.groupby(["position", "change", "size"])["accuracy"].mean()
print("right             28 px   40 px   56 px")
for encoding, name in ENCODINGS.items():
    for change in ("scaled", "padded"):
        sizes = (at[encoding, "none", 28], at[encoding, change, 40], at[encoding, change, 56])
        print(f"{name:10}{change:7}", *(f"{share:6.1%} " for share in sizes))

# %% [markdown] tags=["deeper"]
# Why? Learned codes can be laid out by hand. The shipped model reads 200 digits of 44 pixels, now: 11 x 11 patches, and for a
# padded digit a border of two. The orange frame is where its 7 x 7 codes lie. *Stretched*: interpolated, as above. *In the
# middle*: one a patch, as in training. *From the corner*: counted from the upper left, as the sines are. Patches outside of the
# frame get a copy of the nearest code.

# %% tags=["deeper"]
from einops import rearrange
from vitcourse.plots.code_layouts import code_layouts


def laid_out(before: int, after: int) -> Tensor:
    """The shipped codes of 7 x 7 patches, with so many copies of the outermost ones before and after them."""
    board = rearrange(model.positions[:, 1:], "1 (row col) dim -> 1 dim row col", row=7)
    board = F.pad(board, (before, after, before, after), mode="replicate")
    return rearrange(board, "1 dim row col -> 1 (row col) dim")


def read_with(layout: Tensor, pictures: Tensor) -> float:
    """The share that the shipped model reads with these codes of the patches."""
    larger = enlarging.resized(model, pictures.shape[-1])
    with torch.no_grad():
        larger.state_dict()["positions"][:, 1:] = layout
        return (larger(pictures).argmax(dim=1) == mnist.test.labels[: len(pictures)]).float().mean().item()


digits = {"scaled": enlarging.scaled(images[:200], 44), "padded": enlarging.padded(images[:200], 44)}
layouts = {
    "stretched": vc.interpolate_positions(model.positions, (7, 7), (11, 11))[:, 1:],
    "in the middle": laid_out(2, 2),
    "from the corner": laid_out(0, 4),
}
picture(
    code_layouts(
        {change: pictures[0, 0] for change, pictures in digits.items()},
        {"stretched": (0, 44), "in the middle": (8, 28), "from the corner": (0, 28)},
        {(c, name): read_with(layouts[name], pictures) for c, pictures in digits.items() for name in layouts},
        patch_size=4,
    ),
    alt="A scaled and a padded digit, each with three layouts of the codes. Most are read where the frame fits the digit: scaled and "
    "stretched, padded and in the middle. From the corner few are read.",
)

# %% [markdown] tags=["deeper"]
# **Holds with limits.** A code has to stay with its part of the digit. Interpolated codes keep the *place in the picture*: the
# upper left corner stays the upper left corner. That fits a digit that grows with the picture, and 84 % are still read at twice
# the size. It does not fit a padded one: each patch shows the same strokes as before, under the code of a place nearer
# to the middle. With the codes left in the middle the same weights read it, border and all. The sines computed for a larger grid
# keep the *distance in patches from the corner*: row 3 has the same code on both grids. Then neither digit lies on the codes
# that training showed with it; learned codes laid out so fail as well.

# %% [markdown] tags=["deeper"]
# ### The gradient, path by path
#
# Every branch doubles the number of paths from output to input: through it, or around it. Six blocks have
# $2^{12} = 4096$ paths. Sorted by the number of branches that they pass, their parts of the gradient sum to all of it.

# %% tags=["deeper"]
from math import comb

by_path = gradient_by_path(blocks[:6], noise, direction)  # (13, 2, 50, 64)
g = by_path.sum(dim=0)
assert_close(g, input_gradient(blocks[:6]), rtol=1e-3, atol=1e-4)
parts = [((part * g).sum() / (g * g).sum()).item() for part in by_path]
picture(
    block_plots.path_bars(parts, [comb(12, k) for k in range(13)]),
    alt=f"Share of the gradient by the number of branches passed: {parts[0]:.0%} for none, {parts[1]:.0%} for one, "
    f"{parts[2]:.0%} for two, falling to nearly zero from five on.",
)

# %% [markdown] tags=["deeper"]
# Long paths are many, yet they carry little: each branch shortens what passes it. That depends on the weights, and on
# the size of the tokens, by which a norm divides the gradient too. Three other cases:

# %% tags=["deeper"]
torch.manual_seed(0)
timid = vc.VisionTransformer(**SMALL, depth=6).blocks
for parameter in timid.parameters():
    if parameter.ndim == 2:
        torch.nn.init.trunc_normal_(parameter, std=0.02)  # as in DeiT


def skip_share(blocks, tokens):
    by_path = gradient_by_path(blocks, tokens, direction[: len(tokens)])
    g = by_path.sum(dim=0)
    return ((by_path[0] * g).sum() / (g * g).sum()).item()


behind = model.blocks[0](z0)
for what, stack, start in (
    ("6 fresh blocks, as above", blocks[:6], noise),
    ("6 fresh blocks, weights of standard deviation 0.02", timid, noise),
    (f"{len(model.blocks)} trained blocks, from a digit's z0", model.blocks, z0),
    (f"the last {len(model.blocks) - 1} of them, from behind the first", model.blocks[1:], behind),
):
    size = start.square().mean().sqrt()
    print(f"{what:50}  size of the tokens {size:.2f}  skip connections alone {skip_share(stack, start):.1%}")

# %% [markdown] tags=["deeper"]
# With weights that small nearly everything takes the skip connections. In the trained model it is the other way round:
# what enters the first block is small, so the first norms magnify the gradient of their branches, and the path
# around them all hardly counts. The skip connections still carry the *signal*; how much of the *gradient* they carry is
# a matter of measuring.

# %% [markdown] tags=["core"]
# ## Papers
#
# - A. Vaswani et al. *Attention Is All You Need.* NeurIPS 2017. arXiv:1706.03762. Sinusoids (section 3.5), post-norm
#   blocks.
# - A. Dosovitskiy et al. *An Image is Worth 16x16 Words: Transformers for Image Recognition at Scale.* ICLR 2021.
#   arXiv:2010.11929. Equations 1 to 3; position codes and their resizing (section 3.2, appendix D.4).
# - K. He et al. *Deep Residual Learning for Image Recognition.* CVPR 2016. arXiv:1512.03385.
# - J. L. Ba, J. R. Kiros, G. E. Hinton. *Layer Normalization.* 2016. arXiv:1607.06450.
# - D. Hendrycks, K. Gimpel. *Gaussian Error Linear Units (GELUs).* 2016. arXiv:1606.08415.
# - R. Xiong et al. *On Layer Normalization in the Transformer Architecture.* ICML 2020. arXiv:2002.04745. Pre-norm
#   against post-norm.
# - A. Veit, M. Wilber, S. Belongie. *Residual Networks Behave Like Ensembles of Relatively Shallow Networks.* NeurIPS
#   2016. arXiv:1605.06431. Paths.
# - Y. Dong, J.-B. Cordonnier, A. Loukas. *Attention is Not All You Need: Pure Attention Loses Rank Doubly Exponentially
#   with Depth.* ICML 2021. arXiv:2103.03404. Why tokens become the same.
# - P. Shaw, J. Uszkoreit, A. Vaswani. *Self-Attention with Relative Position Representations.* NAACL 2018.
#   arXiv:1803.02155.
# - Z. Liu et al. *Swin Transformer: Hierarchical Vision Transformer using Shifted Windows.* ICCV 2021.
#   arXiv:2103.14030. Biases in a table.
# - H. Bao et al. *BEiT: BERT Pre-Training of Image Transformers.* ICLR 2022. arXiv:2106.08254. Three biases for the
#   class token.
# - K. He et al. *Masked Autoencoders Are Scalable Vision Learners.* CVPR 2022. arXiv:2111.06377. 2-D sinusoids in a
#   ViT.
