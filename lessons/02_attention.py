# %% [markdown] tags=["core"]
# # 02 Attention
#
# ## What you will be able to do
#
# 20 minutes, 5 of them for an exercise. After this lesson you can
#
# - compute attention by hand: scores, softmax, weighted mean;
# - say what queries, keys and values do, and read an attention map;
# - explain why scores are divided by $\sqrt{d_k}$, and show what happens without;
# - build attention with several heads, and name the shape at each step;
# - show what attention cannot see: the order of its tokens.
#
# Lesson 01 asked what a patch's token knows of the other patches. Nothing: it is computed from that patch alone.
# In this lesson tokens look at one another.

# %% tags=["core"]
from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.testing import assert_close

import vitcourse as vc
from vitcourse.data import load
from vitcourse.exercises import check, hint, progress, quiz, solution  # noqa: F401
from vitcourse.plots import attention as plots
from vitcourse.plots import boards as board_plots
from vitcourse.plots.pipeline import pipeline_strip
from vitcourse.training import load_checkpoint
from vitcourse.widgets import button, cell, choices, live, picture, point, predict, slider, toggle

model = load_checkpoint("mnist").requires_grad_(False)  # trained on MNIST; it comes with the course
image = load("mnist").test.images[:1]
encoded = model.encode(model.embed(image))
steps = dict(image=image, patches=vc.patchify(image, model.config["patch_size"]), embed=model.embed(image))
steps |= dict(encoder=encoded, pool=model.pool(encoded), head=model(image))
shapes: dict[str, object] = {name: tuple(x.shape[1:]) for name, x in steps.items()}

picture(
    pipeline_strip("attention", shapes | dict(prediction=f"a {int(steps['head'].argmax())}", depth=len(model.blocks))),
    alt="You are here: attention, the first half of each encoder block, between the embedding and the pooling.",
)

# %% [markdown] tags=["core"]
# ## Predict
#
# Three guesses, one of them a curve. Lock each one; a measurement is laid over it further down.

# %% tags=["core"]
where = predict(
    "You move one query anywhere in the plane. Where can the output of attention go?",
    choices=["anywhere, if the query is long enough", "only between the values", "only onto one of the values"],
)
where

# %% tags=["core"]
largest = predict(
    "A query and 9 keys, each of d_k independent numbers with mean 0 and variance 1. The scores q · k go into the "
    "softmax as they are. How does the largest of the 9 weights grow with d_k, on average? (An equal share is 0.11.)",
    x=(1, 1024),
    low=0.0,
    high=1.0,
    x_label="d_k",
    y_label="largest weight",
    log_x=True,
)
largest

# %% tags=["core"]
shuffle = predict(
    "Nine tokens go through attention. Then the same nine, in another order. What comes out the second time?",
    choices=["exactly the same", "the same vectors, in the new order", "other vectors"],
)
shuffle

# %% [markdown] tags=["core"]
# ## The idea: look around, then collect
#
# On the board below, exactly two of the nine tiles show the same digit. Which two? No tile can tell by itself. You
# found out by comparing. The course calls this task *spot the pair*. We shall solve it with attention, with weights
# written by hand.

# %% tags=["core"]
pairs = load("pairs").test
board, classes = pairs.images[24, 0], pairs.labels[24]  # (42, 42) pixels, (9,) digit classes

picture(
    board_plots.board(board),
    alt="A board of three by three handwritten digits, tiles numbered 0 to 8; two tiles show the same digit.",
)

# %% [markdown] tags=["core"]
# In attention, each token plays three roles at once. It has a vector for each:
#
# - its **query** $q$ says what this token looks for;
# - its **key** $k$ says what it can be found by;
# - its **value** $v$ is what it hands over when it is found.
#
# All three are linear maps of the token $x$, which has $D$ numbers: $q = x W_Q$, $k = x W_K$, $v = x W_V$. The
# matrices $W_Q, W_K, W_V$ are learned. They are the same for every token.
#
# A token compares its query with the keys of all tokens, its own included. The better they fit, the more of that
# token's value it collects. Because queries, keys and values come from the same tokens, this is *self-attention*.
#
# ## Queries, keys and values in the plane
#
# Take vectors of two numbers, so that they can be drawn. Four tokens A, B, C, D have keys and values. One query
# asks.

# %% tags=["core", "nbval-check-output"]
keys = torch.tensor([[2.0, 0.0], [1.0, 2.0], [-2.0, 1.0], [0.0, -2.0]])  # A, B, C, D
values = torch.tensor([[-3.0, -2.0], [3.0, -1.0], [2.0, 3.0], [-2.0, 2.0]])
query = torch.tensor([1.0, 1.0])
d_k = 2  # numbers in a query, and in a key

products = keys @ query  # A: 2 * 1 + 0 * 1
scores = products / d_k**0.5
print("q . k ", products)
print("scores", scores)

# %% [markdown] tags=["core"]
# **Step 1, scores.** The score of token $j$ is the dot product of the query with its key,
#
# $$s_j = \frac{q \cdot k_j}{\sqrt{d_k}},$$
#
# where $d_k$ is the number of entries in a query. The dot product is large where both point the same way, zero at a
# right angle, negative where they oppose. The division has a section of its own below.
#
# **Step 2, softmax.** Scores become weights:
#
# $$a_j = \frac{e^{s_j}}{\sum_l e^{s_l}}$$

# %% tags=["core", "nbval-check-output"]
exponentials = scores.exp()  # all positive
weights = exponentials / exponentials.sum()  # and now they sum to 1
print("weights", weights, " sum", weights.sum())

# %% [markdown] tags=["core"]
# Only differences between scores count: $a_i / a_j = e^{s_i - s_j}$. Add 5 to every score, and no weight changes.
#
# **Step 3, the weighted mean.** The output is the sum of all values, each times its weight:
#
# $$o = \sum_j a_j v_j$$
#
# PyTorch does all three steps in one function. It must agree.

# %% tags=["core", "nbval-check-output"]
output = weights @ values
print("output", output)

assert_close(output, F.scaled_dot_product_attention(query[None], keys, values)[0])

# %% [markdown] tags=["core"]
# ### Touch: drag the query
#
# Left: the query and the keys. Middle: the weights. Right: the values, the gray area between them (their *convex
# hull*), and the output. Thick lines carry much weight.
#
# - Turn the query towards a key, then away from it.
# - Pull it outwards: the direction chooses, the length insists.
# - Put it at the origin: all scores are 0, all weights equal.


# %% tags=["core"]
@live(
    alt="A query among four keys in the plane, the four weights as bars, and the output among the four values. "
    "Dragging the query changes the weights; the output stays within the hull of the values.",
    size=(760, 300),
    query=point(1.0, 1.0, bounds=(-3.0, 3.0, -3.0, 3.0)),
)
def plane(figure):
    draw = plots.query_plane(figure, keys, values)

    def update(query):
        query = torch.tensor(query)
        weights = vc.attention_weights(query[None], keys)[0]
        output = weights @ values
        draw(query, weights, output)
        return f"q = ({query[0]:.2f}, {query[1]:.2f})   o = ({output[0]:.2f}, {output[1]:.2f})"

    return update


plane

# %% [markdown] tags=["core"]
# Now many queries at once. A point lies outside the hull when it is to the right of an edge, walking around the hull
# A, B, C, D.

# %% tags=["core"]
torch.manual_seed(0)
queries = 5 * torch.randn(10_000, 2)
outputs = vc.attention_weights(queries, keys) @ values  # (10000, 2)

edge = values.roll(-1, dims=0) - values  # (4, 2)
offset = outputs[:, None] - values  # (10000, 4, 2), from each corner to the output
left_of_edge = edge[:, 0] * offset[..., 1] - edge[:, 1] * offset[..., 0]  # (10000, 4)
outside = int((left_of_edge < -1e-4).any(dim=1).sum())

where.reveal(
    "only between the values" if outside == 0 else "anywhere, if the query is long enough",
    note=f"{outside} of {len(queries):,} outputs lie outside the hull: weights are positive and sum to 1.",
)

# %% [markdown] tags=["core"]
# Attention cannot make anything new out of the values. It mixes them. (The MLP that follows it, in lesson 03, can.)
#
# ## From one query to a whole board
#
# All $N$ tokens ask at the same time. Stack their queries, keys and values as rows of matrices $Q$, $K$, $V$. The
# three steps become one line:
#
# $$O = A V, \qquad A = \mathrm{softmax}\left(\frac{Q K^\top}{\sqrt{d_k}}\right)$$
#
# $A$ is the **attention map**, $N \times N$. Its entry in row $i$, column $j$ is how much token $i$ collects from
# token $j$. The softmax runs along each row. In the package this is `vc.attention_weights(Q, K)`; further down you
# write it yourself.
#
# For our board, let each token state its digit class: ten numbers, 1 at its digit, 0 elsewhere. Here we read the class
# off the label; lesson 06 shows a model that reads it off the pixels. As weights we take multiples of the identity.

# %% tags=["core", "nbval-check-output"]
X = F.one_hot(classes, 10).float()  # (N, D) = (9, 10)
W_Q = W_K = 2 * torch.eye(10)
W_V = torch.eye(10)

Q, K, V = X @ W_Q, X @ W_K, X @ W_V
A = vc.attention_weights(Q, K)  # row: query, column: key
O = A @ V  # noqa: E741
for name, matrix in dict(X=X, Q=Q, K=K, V=V, A=A, O=O).items():
    print(name, tuple(matrix.shape))

# %% tags=["core"]
picture(
    board_plots.board_and_map(board, A),
    alt="The board beside its 9 by 9 attention map. Bright are the diagonal, where each tile meets itself, and two "
    "more entries, where the two tiles of the pair meet.",
)

# %% [markdown] tags=["core"]
# A query fits the keys of its own class and no other. So each tile finds itself, and a tile of the pair finds its
# twin too: its strongest *other* tile.
#
# Each output is the mixture of classes that this tile has collected. A tile of the pair has collected more of its own
# class than any other tile has. That solves the task:

# %% tags=["core", "nbval-check-output"]
own_share = (O * X).sum(dim=1)  # how much of its own class each tile has collected
has_twin = (classes[:, None] == classes).sum(dim=1) > 1
print("a tile of the pair:", round(own_share[has_twin].mean().item(), 3))
print("any other tile:    ", round(own_share[~has_twin].mean().item(), 3))

every_X = F.one_hot(pairs.labels, 10).float()  # (boards, 9, 10): all test boards at once
every_O = vc.attention_weights(every_X @ W_Q, every_X @ W_K) @ (every_X @ W_V)
found = (every_O * every_X).sum(dim=-1) > 0.4  # (boards, 9)
truth = (pairs.labels[:, :, None] == pairs.labels[:, None]).sum(dim=-1) > 1
print(f"boards solved:      {(found == truth).all(dim=1).float().mean():.0%}")

# %% [markdown] tags=["core"]
# ### Touch: ask from a tile
#
# Point at a tile of the board: the orange frame asks, blue is its weight on each tile. A click keeps the tile. Then
# raise the sharpness $\beta$, the factor in $W_Q = W_K = \beta I$. What happens to the weights, and what to the bar of
# the tile's own class (orange)?


# %% tags=["core"]
@live(
    alt="A board of nine digits tinted by the attention of one tile, the whole map, and the share of each digit class "
    "in that tile's output. The tile follows the pointer; another sharpness can be chosen.",
    size=(760, 300),
    tile=cell(3, 3, value=divmod(int(has_twin.nonzero()[0]), 3), hover=True),
    beta=slider(0.0, 5.0, step=0.25, value=2.0, label="sharpness β"),
)
def ask(figure):
    draw = board_plots.ask_a_tile(figure, board, [str(digit) for digit in range(10)])
    tokens = X  # this X: further down, other tokens get the name

    def update(tile, beta):
        asking = 3 * tile[0] + tile[1]
        A = vc.attention_weights(beta * tokens, beta * tokens)
        share = A[asking] @ tokens
        own = int(classes[asking])
        draw(asking, A, share, own)
        return f"tile {asking}, digit {own}: its own class makes {share[own]:.2f} of its output"

    return update


ask

# %% [markdown] tags=["core"]
# Sharp attention *finds* well and *counts* badly: at $\beta = 5$ every tile's own share is near 1, twin or not.
#
# Why not compare the pixels themselves? That is the easiest choice of query and key: $W_Q = W_K = I$ on the 196
# pixels of a tile, brought to length 1.

# %% tags=["core"]
pixels = F.normalize(vc.patchify(pairs.images, 14), dim=-1)  # (boards, 9, 196)
itself = torch.eye(9, dtype=torch.bool)
for name, tokens in {"pixels": pixels, "class": every_X}.items():
    maps = vc.attention_weights(tokens, tokens)  # (boards, 9, 9)
    other = maps.masked_fill(itself, 0).argmax(dim=-1)  # (boards, 9): the strongest other tile
    is_twin = pairs.labels.gather(1, other) == pairs.labels
    print(f"by {name}, the strongest other tile is the twin in {is_twin[truth].float().mean():.1%}; by chance 12.5%")

# %% [markdown] tags=["core"]
# Pixels do better than chance, but two handwritten digits of one class seldom lie on top of each other. What to
# compare has to be learned. That is what $W_Q$ and $W_K$ are for.
#
# ## Measure: rows sum to 1
#
# "The attention matrix sums to 1" is true of its rows, by the softmax. Nothing makes the columns do so: a column
# says how much a tile is looked at by all tiles.

# %% tags=["core", "nbval-check-output"]
assert_close(A.sum(dim=1), torch.ones(9))
column_sums = A.sum(dim=0)
print(f"columns sum to {column_sums.min():.2f} up to {column_sums.max():.2f}")

# %% [markdown] tags=["core"]
# ## The scale
#
# Why divide by $\sqrt{d_k}$? Let the entries of $q$ and $k$ be independent, with mean 0 and variances
# $\sigma_q^2$ and $\sigma_k^2$. Then $q \cdot k$ is a sum of $d_k$ independent products, each of variance
# $\sigma_q^2 \sigma_k^2$. Variances add up:
#
# $$\mathrm{Var}(q \cdot k) = d_k \, \sigma_q^2 \, \sigma_k^2$$
#
# So scores typically lie $\sqrt{d_k}$ from zero, and the softmax sees $e$ to that power. Dividing by $\sqrt{d_k}$
# brings the variance back to $\sigma_q^2 \sigma_k^2$, whatever $d_k$ is.
#
# ### `attention_weights`
#
# 5 minutes, difficulty ●●○. Now you know all three parts of the map. Write it:
#
# $$A = \mathrm{softmax}\left(\frac{Q K^\top}{\sqrt{d_k}}\right)$$
#
# with none, one or two axes before the last two. A batch of images has one such axis; heads, below, add another.


# %% tags=["core", "exercise"]
def attention_weights(q: Tensor, k: Tensor) -> Tensor:
    """The attention map: how much each query collects from each key.

    q: (..., queries, head_dim); k: (..., keys, head_dim). Before the last two axes stand none, one or two, in q and k
    the same ones: nothing, (batch), or (batch, heads). There may be more keys than queries, or fewer.
    Returns (..., queries, keys), in q's dtype and on its device; each row sums to 1, even where scores are in the
    thousands.
    q and k stay as they are, and gradients reach both.
    """
    raise NotImplementedError  # your code here


check(attention_weights)  # hint(attention_weights), solution(attention_weights), progress()

# %% [markdown] tags=["core"]
# ### Touch: more entries
#
# One query and nine keys, drawn at random. Each step of $d_k$ keeps the entries and adds new ones.


# %% tags=["core"]
@live(
    alt="Scores and weights of one query over nine keys, without the scale on the left and with it on the right. As "
    "d_k grows, the left weights collapse onto one key; the right ones do not.",
    size=(760, 330),
    d_k=choices([1, 2, 4, 8, 16, 32, 64, 128, 256, 512], value=4, label="d_k, entries"),
    again=button("other random vectors"),
)
def scale(figure):
    draw = plots.collapse(figure, keys=9)

    def update(d_k, again):
        generator = torch.Generator().manual_seed(again)
        entries = torch.randn(512, 10, generator=generator)[:d_k].T  # (10, d_k)
        products = entries[1:] @ entries[0]  # nine keys, one query
        plain, scaled = products.softmax(dim=0), (products / d_k**0.5).softmax(dim=0)
        draw(plain, scaled, products, products / d_k**0.5)
        return f"largest weight: {plain.max():.2f} without the scale, {scaled.max():.2f} with it"

    return update


scale

# %% [markdown] tags=["core"]
# ## Measure: the variance of scores, and the softmax behind it
#
# First the formula, over 20,000 random pairs for each $d_k$. The last column breaks one assumption: the entries of
# the queries have mean 1.

# %% tags=["core"]
torch.manual_seed(0)
sizes = [1, 4, 16, 64, 256, 1024]
variance, variance_mean_1 = [], []
for d_k in sizes:
    q, k = torch.randn(20_000, d_k), torch.randn(20_000, d_k)
    variance.append((q * k).sum(dim=1).var().item())
    variance_mean_1.append(((q + 1) * k).sum(dim=1).var().item())
    print(f"d_k {d_k:5}   Var(q.k) {variance[-1]:8.1f}   queries with mean 1: {variance_mean_1[-1]:8.1f}")

# %% tags=["core"]
picture(
    plots.variance_of_scores(
        sizes,
        {"mean 0": variance, "queries with mean 1": variance_mean_1},
        {"mean 0": 1.0, "queries with mean 1": 2.0},
    ),
    alt="The variance of the dot product grows in proportion to d_k: on the line d_k for mean 0, on the line "
    "2 d_k when the queries have mean 1.",
)

# %% [markdown] tags=["core"]
# The claim holds for independent entries with mean 0. A mean $\mu_q$ in the queries raises the variance to
# $d_k (\sigma_q^2 + \mu_q^2) \sigma_k^2$: still proportional to $d_k$, with another factor. Nothing keeps the mean
# at 0 once a model is trained. The scale is a good start, not a guarantee.
#
# Now the softmax. Two quantities tell whether it is *saturated*:
#
# - the **entropy** of the weights, $-\sum_j a_j \ln a_j$: $\ln 9 = 2.20$ for equal weights, 0 for one key alone;
# - the **gradient** that comes back through it. For a loss $L$ with $\partial L / \partial a_j = c_j$ it is
#   $\partial L / \partial s_j = a_j \, (c_j - \sum_l a_l c_l)$: zero if all weight is on one key.


# %% tags=["core"]
def softmax_health(d_k, scaled, draws=2000, n_keys=9):
    """Per draw: the largest weight, the entropy, and the norm of the gradient at the scores."""
    q, k = torch.randn(draws, 1, d_k), torch.randn(draws, n_keys, d_k)
    s = (q * k).sum(dim=-1) / (d_k**0.5 if scaled else 1.0)  # (draws, n_keys)
    s.requires_grad_()
    a = s.softmax(dim=-1)
    c = torch.randn(draws, n_keys)  # whatever the rest of a network asks for
    (gradient,) = torch.autograd.grad((a * c).sum(), s)
    a = a.detach()
    entropy = -torch.special.xlogy(a, a).sum(dim=-1)
    return a.amax(dim=-1), entropy, gradient.norm(dim=-1)


torch.manual_seed(0)
health = {
    name: [softmax_health(d_k, scaled) for d_k in sizes]
    for name, scaled in (("without the scale", False), ("divided by √d_k", True))
}
for i, d_k in enumerate(sizes):
    plain, scaled = (health[name][i] for name in health)
    print(
        f"d_k {d_k:5}   entropy {plain[1].median():5.3f} | {scaled[1].median():5.3f}   "
        f"gradient {plain[2].median():8.1e} | {scaled[2].median():8.1e}   (median, without | with the scale)"
    )

# %% tags=["core"]
quarters = torch.tensor([0.25, 0.5, 0.75])
curves: list[dict] = [
    {name: torch.stack([row[i].quantile(quarters) for row in rows], dim=1).tolist() for name, rows in health.items()}
    for i in (1, 2)
]
picture(
    plots.saturation(sizes, curves[0], curves[1], highest_entropy=torch.tensor(9.0).log().item()),
    alt="Without the scale the entropy of the weights falls to 0 as d_k grows, and the gradient behind the softmax by "
    "orders of magnitude. With the scale both stay where they were.",
)

# %% tags=["core"]
plain, scaled = ([row[0].mean().item() for row in rows] for rows in health.values())
largest.reveal(
    sizes,
    plain,
    note=f"At d_k = 64 it is {plain[sizes.index(64)]:.2f}. With the scale it stays between {min(scaled):.2f} and "
    f"{max(scaled):.2f}.",
)

# %% [markdown] tags=["core"]
# Points are medians, bands hold the middle half of the draws. Without the scale the typical gradient dies; with it,
# $d_k$ makes no difference. (The *mean* gradient falls more slowly. Now and then two keys tie, and a tie still passes a
# gradient.)
#
# ## Heads
#
# One row of weights is one answer. A tile that looks for its twin *and* for its row must share its weights between
# both. **Heads** give it several answers. Cut $Q$, $K$ and $V$ into $h$ slices of $d_k = D / h$ columns, let each slice
# attend by itself, and lay the outputs side by side:
#
# $$\mathrm{head}_i = \mathrm{softmax}\left(\frac{Q_i K_i^\top}{\sqrt{d_k}}\right) V_i, \qquad
# \mathrm{MHA}(X) = [\mathrm{head}_1, \dots, \mathrm{head}_h] \, W_O$$
#
# $W_O$, again $D \times D$ and learned, mixes what the heads have found.
#
# To see it, give our tokens $D = 64$ numbers in four groups of 16: digit class, even or odd, row, column. In each group
# a 1 marks what applies.


# %% tags=["core", "nbval-check-output"]
def describe(classes):
    """(tiles,) digit classes -> (tiles, 64): class, even or odd, row, column, in groups of 16."""
    place = torch.arange(9)
    groups = (classes, classes % 2, place // 3, place % 3)
    return torch.cat([F.one_hot(group, 16) for group in groups], dim=1).float()


X = describe(classes)
Q, K, V = 4 * X, 4 * X, X  # W_Q = W_K = 4 I, W_V = I
D, h = 64, 4
d_k = D // h

heads = []
for i in range(h):
    columns = slice(i * d_k, (i + 1) * d_k)
    Q_i, K_i, V_i = Q[:, columns], K[:, columns], V[:, columns]  # (9, 16) each
    A_i = vc.attention_weights(Q_i, K_i)  # (9, 9)
    heads.append(A_i @ V_i)  # (9, 16)
O = torch.cat(heads, dim=1) @ torch.eye(D)  # noqa: E741, with W_O = I
print("a head:", tuple(A_i.shape), "@", tuple(V_i.shape), "->", tuple(heads[0].shape))
print("four heads side by side:", tuple(O.shape))

# %% [markdown] tags=["core"]
# ### Touch: the number of heads
#
# The matrices stay; only the cuts move. Each small board is one head, asked from the same tile; below it, up to four
# heads, stands the head's whole map.


# %% tags=["core"]
SEES = {
    1: ["all four groups"],
    2: ["class, even/odd", "row, column"],
    4: ["class", "even/odd", "row", "column"],
    8: ["class 0 to 7", "class 8, 9", "even/odd", "(nothing)", "row", "(nothing)", "column", "(nothing)"],
}


@live(
    alt="Small boards, one per head, tinted by the attention of one tile. With four heads one looks for the class, one "
    "for even or odd, one for the row, one for the column; with one head all of it is mixed.",
    size=(760, 440),
    tile=cell(3, 3, value=divmod(int(has_twin.nonzero()[0]), 3), axes=tuple(range(8)), hover=True),
    num_heads=choices([1, 2, 4, 8], value=4, label="heads"),
)
def show_heads(figure):
    draw = board_plots.heads_of_a_tile(figure, board)

    def update(tile, num_heads):
        q, k = (vc.split_heads(side[None], num_heads) for side in (Q, K))  # (1, heads, 9, d_k)
        maps = vc.attention_weights(q, k)[0]  # (heads, 9, 9)
        draw(3 * tile[0] + tile[1], maps, SEES[num_heads])
        return f"{num_heads} x d_k = {num_heads} x {64 // num_heads} = 64; {maps.numel()} weights in all maps"

    return update


show_heads

# %% [markdown] tags=["core"]
# - One head: class, row and column compete for one row of weights.
# - Two heads separate *what* from *where*, four heads all groups.
# - Eight heads cut the groups themselves. A head whose slice is empty has only equal scores, so it looks everywhere
#   alike.
#
# More heads are more, but coarser, questions. They cost no parameters: $W_Q, W_K, W_V, W_O$ are $D \times D$
# for every $h$.

# %% tags=["core", "nbval-check-output"]
for num_heads in (1, 2, 4, 8):
    layer = vc.MultiHeadAttention(embed_dim=64, num_heads=num_heads)
    parameters = sum(p.numel() for p in layer.parameters())
    print(f"{num_heads} heads of {64 // num_heads:2}: {parameters:,} parameters")

# %% [markdown] tags=["core"]
# $4 D^2 + 4 D$ with the biases. `MultiHeadAttention` is the course's own layer; you find it whole below the exercises.
#
# ## Measure: a shuffled board
#
# Look again at the three steps. Nowhere does a token's number $1, \dots, N$ enter. Shuffle the rows of $X$ by a
# permutation matrix $P$. The map becomes $P A P^\top$, and
#
# $$\mathrm{MHA}(P X) = P \, \mathrm{MHA}(X).$$
#
# This is called **permutation equivariance**. Here it is measured on a layer with random weights and tokens made from
# the pixels, over 100 random permutations; then with position codes (lesson 03) added to the tokens.

# %% tags=["core"]
torch.manual_seed(0)
layer = vc.MultiHeadAttention(embed_dim=64, num_heads=4)
embed = vc.PatchEmbedding(img_size=42, patch_size=14, in_channels=1, embed_dim=64)
positions = vc.sincos_2d(rows=3, cols=3, dim=64)  # (9, 64)


def unequal(tokens, positions):
    """Largest difference between the shuffled board's outputs and the shuffled outputs, over their spread."""
    p = torch.randperm(9)
    of_shuffled, shuffled_output = layer(tokens[:, p] + positions), layer(tokens + positions)[:, p]
    return ((of_shuffled - shuffled_output).abs().max() / shuffled_output.std()).item()


with torch.no_grad():
    tokens = F.layer_norm(embed(board[None, None]), (64,))  # (1, 9, 64)
    without = torch.tensor([unequal(tokens, 0 * positions) for _ in range(100)])
    placed = torch.tensor([unequal(tokens, positions) for _ in range(100)])
assert without.max() < 1e-5
print(f"without positions: at most {without.max():.0e} of the outputs' standard deviation")
print(f"with positions:    {placed.median():.2f} of it (median)")

# %% tags=["core"]
shuffle.reveal(
    "the same vectors, in the new order" if without.max() < 1e-5 else "other vectors",
    note=f"To {without.max():.0e} in 100 permutations. With positions added, other vectors.",
)

# %% [markdown] tags=["core"]
# ### Touch: shuffle it yourself
#
# The hand-made board, one head, less sharp. *Put back*: the shuffled map's rows and columns in the old order. With
# positions on, tokens also state their row and column, which stay in place while the tiles move.


# %% tags=["core"]
@live(
    alt="A board and its map beside a shuffled board and its map with rows and columns put back. Without positions "
    "both maps are the same; with positions they differ.",
    size=(760, 250),
    again=button("shuffle"),
    positions=toggle(False, label="tokens state their row and column"),
)
def shuffled(figure):
    draw = board_plots.shuffled_board(figure, board)
    tiles = vc.patchify(board[None, None], 14)  # (1, 9, 196)

    def attend(classes, positions):
        tokens = 2.5 * describe(classes)
        tokens = tokens if positions else tokens[:, :32]
        return vc.attention_weights(tokens, tokens)

    def update(again, positions):
        p = torch.randperm(9, generator=torch.Generator().manual_seed(again + 1))
        back = p.argsort()
        before, after = attend(classes, positions), attend(classes[p], positions)[back][:, back]
        difference = (before - after).abs().max().item()
        draw(before, vc.unpatchify(tiles[:, p], 14, 42)[0, 0], after, difference < 1e-5)
        return f"largest difference between the two maps: {difference:.1g}"

    return update


shuffled

# %% [markdown] tags=["core"]
# To attention alone, an image is a bag of patches. That is why the next lesson begins with positions.
#
# ## Exercises
#
# Have you written `attention_weights`, above, under *The scale*? With three more functions, folded under *More
# exercises*, you have a whole layer. What passes its check becomes a part of your own model.
#
# ### Try it
#
# Change the cell below and run it again. Nothing later depends on it. Guess before you look.
#
# 1. Give *one* of `W_Q`, `W_K` a minus sign.
# 2. Make `W_Q` zero.
# 3. Put it back. Then, below the matrices, add `W_V[classes[asking]] = 0`: the pair's class hands over nothing.

# %% tags=["core"]
asking = int(has_twin.nonzero()[0])  # a tile of the pair
W_Q, W_K, W_V = 2 * torch.eye(10), 2 * torch.eye(10), torch.eye(10)

mine = F.one_hot(classes, 10).float()
my_weights = vc.attention_weights(mine @ W_Q, mine @ W_K)
my_output = my_weights @ (mine @ W_V)
print(f"weights of tile {asking}:", [round(w, 2) for w in my_weights[asking].tolist()])
print("sum of its output:", round(my_output[asking].sum().item(), 2))

# %% [markdown] tags=["core"]
# <details><summary>What to expect</summary>
#
# 1. The scores of its own class turn negative: the tile looks at all tiles *except* itself and its twin. These two get
#    0.04 each, the others 0.13.
# 2. All scores are 0: each weight is 1/9, and the output is the plain mean of the values.
# 3. The weights stay as they were: values play no part in them. The output sums to 0.5, since half of the weight falls
#    on tiles that hand over nothing.
#
# </details>

# %% [markdown] tags=["deeper"]
# ### More exercises
#
# From one head to the whole layer. Each of these calls for shapes: write them down first.
#
# ### `split_heads`
#
# 4 minutes, difficulty ●●○. Give each head its share of every token, as above: the first head the first $D / h$ numbers,
# the second the next ones, and so on. But for a whole batch, and with an axis for the heads, so that one matrix product
# serves all of them.


# %% tags=["deeper", "exercise"]
def split_heads(x: Tensor, num_heads: int) -> Tensor:
    """Give each head its share of every token.

    x: (batch, tokens, dim); num_heads: divides dim.
    Returns (batch, num_heads, tokens, dim / num_heads), in the dtype and on the device of x: head i holds the i-th block
    of each token's numbers, in their order. Gradients reach x.
    """
    raise NotImplementedError  # your code here


check(split_heads)  # hint(split_heads), solution(split_heads), progress()

# %% [markdown] tags=["deeper"]
# ### `merge_heads`
#
# 3 minutes, difficulty ●○○. The way back: lay the heads' outputs side by side again, block by block.


# %% tags=["deeper", "exercise"]
def merge_heads(x: Tensor) -> Tensor:
    """Lay the heads' outputs side by side: the inverse of split_heads.

    x: (batch, heads, tokens, head_dim).
    Returns (batch, tokens, heads * head_dim), in the dtype and on the device of x: in each token the numbers of head 0,
    then those of head 1, and so on. Gradients reach x.
    """
    raise NotImplementedError  # your code here


check(merge_heads)  # hint(merge_heads), solution(merge_heads), progress()

# %% [markdown] tags=["deeper"]
# ### `multi_head_attention`
#
# 10 minutes, difficulty ●●●. All of it: project, split, attend, merge, project. The three matrices $W_Q, W_K, W_V$ come
# as one, as layers keep them: $x$ times one matrix gives queries, keys and values side by side. `nn.Linear` keeps a
# weight as (outputs, inputs), so theirs is $3D \times D$. You may use `vc.split_heads`, `vc.attention_weights` and
# `vc.merge_heads`, or `F.scaled_dot_product_attention` between splitting and merging, or your own code; not
# `vc.MultiHeadAttention`, which is the whole layer.


# %% tags=["deeper", "exercise"]
def multi_head_attention(
    x: Tensor, qkv_weight: Tensor, qkv_bias: Tensor, out_weight: Tensor, out_bias: Tensor, num_heads: int
) -> Tensor:
    """Self-attention with several heads: the tokens of each image look at one another.

    x: (batch, tokens, dim).
    qkv_weight: (3 * dim, dim), qkv_bias: (3 * dim,): the map to queries, keys and values, laid out as in nn.Linear.
    The first dim rows make the queries, the next dim the keys, the last dim the values.
    out_weight: (dim, dim), out_bias: (dim,): the output projection W_O, laid out as in nn.Linear.
    num_heads: divides dim; head i takes the i-th block of each query, key and value. Scores are divided by the root of
    dim / num_heads.
    Returns (batch, tokens, dim), in the dtype and on the device of x. No dropout, no mask, and not by way of
    vc.MultiHeadAttention. Gradients reach x and all four weights and biases.
    """
    raise NotImplementedError  # your code here


check(multi_head_attention)  # hint(multi_head_attention), solution(multi_head_attention), progress()

# %% [markdown] tags=["core"]
# ## The finished layer
#
# The package's layer, folded, because it holds an answer. It calls the functions of the exercises: `solution(...)` shows
# the package's. A `bias` is added to the scores; lesson 03 uses it for relative positions. `attend` calls PyTorch's fused
# kernel, which never stores the map (why: Deeper). `attention_map` is its twin for when we want to look.

# %% tags=["core"]
from vitcourse.attention import attend
from vitcourse.errors import check_tokens, require_heads_divide


# %% mirror="vitcourse.attention.MultiHeadAttention" tags=["core", "hide-source"]
class MultiHeadAttention(nn.Module):
    def __init__(self, *, embed_dim, num_heads, dropout=0.0):
        super().__init__()
        require_heads_divide(embed_dim, num_heads)
        self.embed_dim = embed_dim
        self.num_heads = num_heads
        self.dropout = dropout
        self.qkv = nn.Linear(embed_dim, 3 * embed_dim)  # W_Q, W_K and W_V side by side
        self.projection = nn.Linear(embed_dim, embed_dim)  # W_O

    def queries_keys_values(self, x):
        check_tokens(x, self.embed_dim)
        q, k, v = self.qkv(x).chunk(3, dim=-1)  # each (batch, tokens, dim)
        return split_heads(q, self.num_heads), split_heads(k, self.num_heads), split_heads(v, self.num_heads)

    def forward(self, x, bias=None):
        q, k, v = self.queries_keys_values(x)  # each (batch, heads, tokens, head_dim)
        dropout = self.dropout if self.training else 0.0
        out = attend(q, k, v, bias, dropout)
        return F.dropout(self.projection(merge_heads(out)), dropout)  # (batch, tokens, dim)

    def attention_map(self, x, bias=None):
        q, k, _ = self.queries_keys_values(x)
        return attention_weights(q, k, bias)  # type: ignore[call-arg]  # (batch, heads, tokens, tokens)


# %% [markdown] tags=["core"]
# Three checks of the package's layer: against PyTorch's own with the same weights, against the textbook path through
# its map, and the shapes on the way.

# %% tags=["core", "nbval-check-output"]
torch.manual_seed(0)
layer = vc.MultiHeadAttention(embed_dim=64, num_heads=4)
theirs = nn.MultiheadAttention(64, 4, batch_first=True)
layer.qkv.load_state_dict({"weight": theirs.in_proj_weight, "bias": theirs.in_proj_bias})
layer.projection.load_state_dict(theirs.out_proj.state_dict())

x = torch.randn(2, 9, 64)  # two boards, nine tokens
expected, expected_map = theirs(x, x, x, average_attn_weights=False)
assert_close(layer(x), expected)
assert_close(layer.attention_map(x), expected_map)

q, k, v = layer.queries_keys_values(x)
textbook = layer.projection(vc.merge_heads(layer.attention_map(x) @ v))
assert_close(layer(x), textbook)
print(
    "x", tuple(x.shape), " q, k, v", tuple(q.shape), " map", tuple(expected_map.shape), " output", tuple(expected.shape)
)

# %% [markdown] tags=["core"]
# ## Recap
#
# - Scores compare a query with all keys. The softmax turns them into weights; the output is the weighted mean of the
#   values.
# - Row $i$ of the map says where token $i$ looks. Rows sum to 1.
# - Dividing by $\sqrt{d_k}$ keeps the scores' spread independent of $d_k$, at least before training.
# - Heads are several maps from the same matrices, at no cost in parameters.
# - Attention knows no order: it maps a shuffled set to the shuffled outputs.
#
# ## Quiz
#
# Click an answer: it says whether it is right, and why. Try the others, too.

# %% tags=["core"]
quiz("02")

# %% [markdown] tags=["deeper"]
# ## Deeper
#
# ### What a mean does to the scores
#
# With means $\mu_q$ and $\mu_k$ the variance over all queries and keys is
#
# $$\mathrm{Var}(q \cdot k) = d_k \left(\sigma_q^2 \sigma_k^2 + \mu_q^2 \sigma_k^2 + \mu_k^2 \sigma_q^2\right).$$
#
# But the softmax sees one row at a time: many keys, one query. The last term is the same for all keys of a row (it is
# the variance of $\mu_k \sum_i q_i$), so it cancels. Within a row the variance is
# $d_k (\sigma_q^2 + \mu_q^2) \sigma_k^2$: a mean in the queries sharpens, a mean in the keys does nothing.

# %% tags=["deeper"]
torch.manual_seed(0)
q, k = torch.randn(2000, 1, 64), torch.randn(2000, 50, 64)  # 2000 rows of 50 keys
for mean_q, mean_k in ((0, 0), (1, 0), (0, 1), (1, 1)):
    products = ((q + mean_q) * (k + mean_k)).sum(dim=-1)  # (2000, 50)
    everywhere, in_a_row = products.var() / 64, products.var(dim=1).mean() / 64
    print(f"means {mean_q}, {mean_k}:  Var / d_k over all {everywhere:.2f}, within a row {in_a_row:.2f}")

# %% [markdown] tags=["deeper"]
# ### The gradient that reaches the query
#
# Above, the gradient was measured at the scores. To reach the query it is multiplied by the keys, and by the scale if
# there is one: $\partial L / \partial q = \sum_j k_j \, \partial L / \partial s_j$, divided by $\sqrt{d_k}$ or not.
# Without the scale this product with longer and longer keys makes up for part of the loss, at first.

# %% tags=["deeper"]
torch.manual_seed(0)
print("median norm of the gradient at the query, without | with the scale")
for d_k in sizes:
    norms = []
    for factor in (1.0, d_k**-0.5):
        q, k = torch.randn(2000, 1, d_k, requires_grad=True), torch.randn(2000, 9, d_k)
        a = ((q * k).sum(dim=-1) * factor).softmax(dim=-1)
        (gradient,) = torch.autograd.grad((a * torch.randn(2000, 9)).sum(), q)
        norms.append(gradient.norm(dim=(1, 2)).median())
    print(f"d_k {d_k:5}   {norms[0]:8.1e} | {norms[1]:8.1e}")

# %% [markdown] tags=["deeper"]
# At $d_k = 64$, the usual size of a head, the two are about equal; beyond it, the gradient without the scale vanishes
# here too. What the scale prevents at 64 is the other half of the claim: weights that have decided before anything is
# learned.
#
# ### "A patch attends most to itself, and more to its neighbors"
#
# This is often said of a demonstration with random weights: tokens with entries of variance 1, times random
# $W_Q, W_K$ with entries of variance 1. Random matrices know nothing of places. What does the demonstration show?
# Here it runs on a grid of 7 x 7 patches, for 200 seeds.


# %% tags=["deeper"]
def demonstration(seed, D=64, n=49, weight_std=1.0):
    generator = torch.Generator().manual_seed(seed)
    x, W_Q, W_K = (torch.randn(rows, D, generator=generator) for rows in (n, D, D))
    return vc.attention_weights(x @ W_Q * weight_std, x @ W_K * weight_std)


place = torch.cartesian_prod(torch.arange(7.0), torch.arange(7.0))
distance = torch.cdist(place, place)  # (49, 49), in patches
rings = [(0, 0), (0.5, 1.2), (1.2, 2.1), (2.1, 3.1), (3.1, 4.1), (4.1, 9)]
centers = [0, 1, 1.7, 2.7, 3.7, 5.3]


def by_distance(maps):
    """(..., 49, 49) -> (..., 6): mean weight per ring of distances, as a multiple of the equal share 1/49."""
    return torch.stack([maps[..., (distance >= a) & (distance <= b)].mean(dim=-1) * 49 for a, b in rings], dim=-1)


maps = torch.stack([demonstration(seed) for seed in range(200)])  # (200, 49, 49)
random_rings = by_distance(maps)
error = random_rings.std(dim=0) / 200**0.5
for (near, far), mean, e in zip(rings, random_rings.mean(dim=0), error, strict=True):
    print(f"distance {near:3} to {far:3}: {mean:.2f} +- {e:.2f} times an equal share")
most_itself = (maps.argmax(dim=-1) == torch.arange(49)).float().mean()
print(f"a patch attends most to itself in {most_itself:.1%} of the rows; by chance {1 / 49:.1%}")

# %% [markdown] tags=["deeper"]
# No preference for itself, none for neighbors. The pictures of such demonstrations look decided nevertheless, because
# their softmax is saturated. The variance of scores says why. An entry of $q = x W_Q$ is a sum of $D$ products, so
# its variance is $D$, not 1. Then $\mathrm{Var}(q \cdot k) = d_k \cdot D \cdot D = D^3$, and after the division by
# $\sqrt{D}$ the scores have a standard deviation of $D$. Weights with variance $1 / D$ repair it.

# %% tags=["deeper"]
for name, weight_std in (("variance 1", 1.0), ("variance 1/D", 64**-0.5)):
    found = torch.stack([demonstration(seed, weight_std=weight_std).amax(dim=-1) for seed in range(200)])
    print(f"weights of {name}: largest weight of a row {found.mean():.2f} on average (equal share: {1 / 49:.2f})")

# %% [markdown] tags=["deeper"]
# And a trained model? The small ViT that the course ships, trained on MNIST as in lesson 05, on test digits, its
# class token left out:

# %% tags=["deeper"]
digits = load("mnist").test.images[:200]
with torch.no_grad(), vc.record_attention(model) as recorded:
    model(digits)
series = {"random, 200 seeds": (random_rings.mean(dim=0).tolist(), error.tolist())}
for number, attention in enumerate(recorded, start=1):
    patches = attention[:, :, 1:, 1:]  # without the class token
    patches = patches / patches.sum(dim=-1, keepdim=True)
    series[f"trained, layer {number}"] = (by_distance(patches).mean(dim=(0, 1)).tolist(), None)
    print(f"layer {number}: itself {series[f'trained, layer {number}'][0][0]:.2f}, "
          f"next to it {series[f'trained, layer {number}'][0][1]:.2f} times an equal share")  # fmt: skip

picture(
    plots.weight_by_distance(centers, series, "how much a patch looks at patches at a distance"),
    alt="Attention weight over distance, as a multiple of an equal share: flat at 1 for random weights, one curve for "
    "each layer of a trained model.",
)

# %% [markdown] tags=["deeper"]
# What the trained model does with distance it has learned, by way of its positions. Lesson 06 looks at its heads one
# by one.
#
# ### What heads cost
#
# Parameters do not depend on $h$, nor do multiplications: $h$ heads do $h$ times $N^2 d_k$ of them, and
# $h \, d_k = D$. What grows with $h$ are the maps, $h N^2$ weights, and with them the work of the softmax.

# %% tags=["deeper", "nbval-check-output"]
from vitcourse.cost import count_flops, count_parameters, peak_memory

print("heads  d_k  parameters  multiply-adds  weights in the maps (N = 197, D = 192)")
for num_heads in (1, 2, 3, 4, 6, 8, 12):
    layer = vc.MultiHeadAttention(embed_dim=192, num_heads=num_heads)
    parameters, work = count_parameters(layer), count_flops(layer, torch.randn(1, 197, 192)) // 2
    print(f"{num_heads:5}  {192 // num_heads:3}  {parameters:10,}  {work:13,}  {num_heads * 197**2:9,}")

# %% [markdown] tags=["deeper"]
# ### What attention costs as N grows
#
# Often stated as: scores $O(N^2 D)$, softmax $O(N^2)$, weighted sum $O(N^2 D)$, maps $O(h N^2)$ memory. Two
# corrections. The softmax works on $h$ maps: $O(h N^2)$. And the table leaves out the projections to $Q$, $K$, $V$
# and through $W_O$, which cost $4 N D^2$ multiply-adds and dominate as long as $N$ is small. Scores and sum
# together take $2 N^2 D$. They overtake the projections at $2 N^2 D = 4 N D^2$, that is $N = 2D$. In a whole block with
# MLP ratio 4 there are $8 N D^2$ more, and the crossing is at $N = 6D$.

# %% tags=["deeper", "nbval-check-output"]
D = 192
for N in (64, 2 * D, 6 * D):
    layer = vc.MultiHeadAttention(embed_dim=D, num_heads=3)
    counted = count_flops(layer, torch.randn(1, N, D)) // 2
    pairwise, projections, mlp = 2 * N**2 * D, 4 * N * D**2, 8 * N * D**2
    assert counted == pairwise + projections
    print(f"N {N:4}: scores and sum {pairwise:11,}  projections {projections:11,}  with MLP {projections + mlp:11,}")

# %% tags=["deeper"]
counts = [2**i for i in range(4, 14)]
picture(
    plots.cost_of_attention(
        counts,
        {
            "scores and weighted sum, 2 N² D": [2 * n**2 * D for n in counts],
            "projections, 4 N D²": [4 * n * D**2 for n in counts],
            "projections and MLP, 12 N D²": [12 * n * D**2 for n in counts],
        },
        {"N = 2D": 2 * D, "N = 6D": 6 * D},
    ),
    alt="Multiply-adds over the number of tokens for D = 192, log-log: scores and weighted sum with slope 2 cross the "
    "projections, slope 1, at N = 2D, and projections with the MLP at N = 6D.",
)

# %% [markdown] tags=["deeper"]
# ViT-B/16 at 224 pixels has $N = 197$ and $D = 768$: far to the left of both crossings. There it is not the pairs of
# tokens that cost.
#
# Counts are exact; time and memory have to be measured. Here are both, for $D = 192$, 3 heads, one image, one thread: the
# median time of 15 to 200 runs, and the most memory held. On log-log axes a power $N^b$ is a straight line of slope $b$:
# 1 for $O(N)$, 2 for $O(N^2)$. The large marks are measured now, at 1,600 tokens, which the table does not have.

# %% tags=["deeper"]
import pandas as pd

from vitcourse.experiments import measure_again, measured_on, read_table
from vitcourse.experiments.slopes import crossing, fitted_slope
from vitcourse.plots.growth import growth

TEXTBOOK, FUSED = "scores and sum, textbook", "scores and sum, fused"
scaling = read_table("scaling")
times = scaling.pivot(index="tokens", columns="part", values="milliseconds")  # a row for each N
times["projections and MLP"] = times["projections"] + times["MLP"]

again = [measure_again("scaling", part=p, tokens=1600, dim=D, heads=3) for p in (TEXTBOOK, FUSED, "projections")]


def for_picture(rows):
    return rows[rows["part"] != "MLP"].assign(megabytes=rows["peak_bytes"] / 1e6)


both = times["projections and MLP"].reset_index(name="milliseconds").assign(part="projections and MLP")
picture(
    growth(
        pd.concat([for_picture(scaling), both]),
        {"milliseconds": "time (ms)", "megabytes": "most memory held (MB)"},
        {name: name for name in (TEXTBOOK, FUSED, "projections", "projections and MLP")},
        now=pd.concat(map(for_picture, again)),
        marks={"2D": 2 * D, "6D": 6 * D},
    ),
    alt="Time and memory over the number of tokens, log-log. Scores and sum rise twice as steeply as projections and MLP, and "
    "pass them near 2D and 6D. The textbook form's memory rises with slope 2, the fused kernel's with slope 1.",
)

# %% tags=["deeper", "nbval-check-output"]
print("exponent of N, 256 to 4,096 tokens; ± half the 95 % interval")
print("                            operations    time         memory")
for measured in (TEXTBOOK, FUSED, "projections", "MLP"):
    points = scaling.query("part == @measured and tokens >= 256")
    fits = [fitted_slope(list(points["tokens"]), list(points[y])) for y in ("flops", "milliseconds", "peak_bytes")]
    print(f"{measured:28}", *(f"{fit.exponent:5.2f} ± {fit.margin:.2f} " for fit in fits))
for measured, counted in (("projections", 2 * D), ("projections and MLP", 6 * D)):
    overtaken = crossing(list(times.index), list(times[FUSED]), list(times[measured]))
    print(f"fused, takes longer than {measured:20} from {overtaken:5,.0f} tokens on; by operations: {counted:,}")
print(measured_on("scaling"))

# %% [markdown] tags=["deeper"]
# **Holds with limits.** Time follows the counts: about 2 for scores and sum, 1 for what works on each token alone. Where they
# cross, too: at 320 tokens instead of $2D = 384$, and at 1,024 instead of $6D = 1,152$. The textbook form's time grows
# faster than its operations: from 1,024 to 2,304 tokens they grow 5-fold, the time 12-fold, and the maps from 13 to 64 MB.
# Memory is $O(h N^2)$ in the textbook form only. The fused kernel's grows like $N$: next.
#
# ### The fused kernel
#
# `F.scaled_dot_product_attention` walks over the keys block by block, with a running maximum and a running sum for each
# row (Rabe and Staats 2021; Dao et al. 2022). It gives the same output without the $N \times N$ map ever being stored.
# Here is the most memory held at any time during the call, for 4 heads of 16 entries.

# %% tags=["deeper"]
fused = F.scaled_dot_product_attention
lengths = [128, 256, 512, 1024]
names = [
    "the maps alone",
    "fused",
    "textbook",
    "dropout in attention",
    "a bias that needs gradients",
    "a bias of 3 axes",
]
peaks: dict[str, list[float]] = {name: [] for name in names}


def textbook_attention(q, k, v, bias):
    return vc.attention_weights(q, k, bias) @ v


threads = torch.get_num_threads()
torch.set_num_threads(1)  # the fused kernel takes a small work space per thread
torch.manual_seed(0)
for N in lengths:
    q, k, v = torch.randn(3, 1, 4, N, 16)
    bias = torch.randn(1, 4, N, N)
    learned = bias.clone().requires_grad_()
    assert_close(fused(q, k, v, attn_mask=bias), textbook_attention(q, k, v, bias))
    calls = [
        partial(fused, q, k, v, attn_mask=bias),
        partial(textbook_attention, q, k, v, bias),
        partial(fused, q, k, v, dropout_p=0.1),
        partial(fused, q, k, v, attn_mask=learned),
        partial(fused, q, k, v, attn_mask=bias[0]),
    ]
    peaks["the maps alone"].append(4 * N**2 * 4 / 1e6)
    for name, call in zip(names[1:], calls, strict=True):
        peaks[name].append(peak_memory(call) / 1e6)
torch.set_num_threads(threads)

for name, peak in peaks.items():
    slope = torch.tensor(peak[-1] / peak[0]).log2() / 3
    print(f"{name:28}" + "".join(f"{p:9.2f} MB" for p in peak) + f"   grows as N^{slope:.1f}")

# %% tags=["deeper"]
picture(
    plots.memory_over_tokens(lengths, peaks),
    alt="Peak memory over the number of tokens. The fused kernel stays far below the size of the maps; with dropout in "
    "attention, with a bias that needs gradients and with a bias of three axes it takes more than the maps.",
)

# %% [markdown] tags=["deeper"]
# Same output, a fraction of the memory. In the table above, with 3 heads of 64 entries, the fused kernel holds 3.8 MB at
# 4,096 tokens, the textbook path 403 MB: scores and weights, two sets of maps. So the claim holds, with limits. On a CPU,
# PyTorch falls back to the textbook path, without a word, when
#
# - attention has dropout;
# - the bias needs gradients, as a table of relative positions does while it is learned;
# - the bias has three axes, (heads, N, N), instead of two or four. The same bias with a leading axis of 1 is fused:
#   that is the curve above that is called *fused*.
#
# In these cases it holds several copies of the map at once. This course trains without dropout in attention.

# %% [markdown] tags=["core"]
# ## Papers
#
# - A. Vaswani et al. *Attention Is All You Need.* NeurIPS 2017. arXiv:1706.03762. Scaled dot-product and multi-head
#   attention; the variance argument is footnote 4.
# - D. Bahdanau, K. Cho, Y. Bengio. *Neural Machine Translation by Jointly Learning to Align and Translate.* ICLR 2015.
#   arXiv:1409.0473. Attention before the Transformer.
# - A. Dosovitskiy et al. *An Image is Worth 16x16 Words: Transformers for Image Recognition at Scale.* ICLR 2021.
#   arXiv:2010.11929.
# - J. Lee et al. *Set Transformer: A Framework for Attention-based Permutation-Invariant Neural Networks.* ICML 2019.
#   arXiv:1810.00825.
# - M. N. Rabe, C. Staats. *Self-attention Does Not Need O(n²) Memory.* 2021. arXiv:2112.05682.
# - T. Dao et al. *FlashAttention: Fast and Memory-Efficient Exact Attention with IO-Awareness.* NeurIPS 2022.
#   arXiv:2205.14135.
