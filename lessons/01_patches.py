# %% [markdown] tags=["core"]
# # 01 From pixels to patches
#
# ## What you will be able to do
#
# 10 minutes, 3 of them for exercises. After this lesson you can
#
# - cut an image into patches, flatten and project them, and name the shape after each step;
# - count tokens, numbers and pairs for any image and patch size;
# - show that this step is a linear map, and a convolution;
# - say which part of the cost patches cut by 65,536 times, and which part they do not.
#
# In lesson 00 a Vision Transformer read a digit as a sequence. Of what? This lesson makes that sequence.

# %% tags=["core"]
import math
from functools import partial

import torch
from einops import rearrange
from torch import Tensor, nn
from torch.testing import assert_close

import vitcourse as vc
from vitcourse.cost import measure_time, peak_memory, vit_cost
from vitcourse.data import load, photograph
from vitcourse.errors import as_pair, check_images, require_patches_fit, require_positive
from vitcourse.exercises import check, hint, progress, quiz, solution  # noqa: F401
from vitcourse.plots.patch_cost import cost_of_length, size_board
from vitcourse.plots.patch_board import patch_board
from vitcourse.plots.patches import patch_row
from vitcourse.plots.pipeline import pipeline_strip
from vitcourse.widgets import cell, choices, live, picture, predict, toggle

digits = load("mnist").test.images[:64]  # (64, 1, 28, 28)
wide = photograph((224, 336))  # (1, 3, 224, 336)
photo = wide[..., :224]  # (1, 3, 224, 224), the size on which published models are trained

embedding = vc.PatchEmbedding(img_size=224, patch_size=16, in_channels=3, embed_dim=192)
steps = dict(image=photo, patches=vc.patchify(photo, 16), embed=embedding(photo))
shapes = {name: tuple(x.shape[1:]) for name, x in steps.items()}
picture(
    pipeline_strip("patches", shapes),
    alt=f"You are here: the second and third of seven steps. An image of shape {shapes['image']} becomes patches of "
    f"shape {shapes['patches']}, then vectors of shape {shapes['embed']}.",
)

# %% [markdown] tags=["core"]
# ## Predict
#
# A Transformer reads a sequence of vectors, its *tokens*. Attention compares each token with every token, itself
# included: one *score* for each pair. Two guesses before any code. Nothing later depends on them.

# %% tags=["core"]
smaller = predict(
    "Patches of 16 x 16 pixels become patches of 8 x 8. How many times as many pairs of tokens?",
    choices=["2", "4", "8", "16"],
)
smaller

# %% tags=["core"]
pixels = predict(
    "One token a pixel instead of one token for 16 x 16 pixels: there are 65,536 times as many scores. And how many "
    "times as many operations in a whole block of ViT-B?",
    choices=["about 256", "about 3,000", "about 16,000", "about 65,000"],
)
pixels

# %% [markdown] tags=["core"]
# ## From an image to a sequence
#
# A sentence comes as a sequence of words. An image comes as a grid of pixels. The Vision Transformer cuts the grid
# into rectangles of equal size, the *patches*, and reads them row by row, as you read a page.

# %% tags=["core"]
picture(
    patch_row(digits[1], vc.patchify(digits[1:2], 7)[0], (7, 7)),
    alt="A handwritten digit is cut by a grid into four by four patches, numbered from 0 to 15 row by row. Below, the "
    "sixteen patches stand in a row, and below each its 49 numbers as a column of gray bars.",
)

# %% [markdown] tags=["core"]
# Top: a digit and the grid. Middle: its patches, in order. Bottom: each patch as one column of numbers, from black,
# 0, to white, 1. An empty patch is a column of zeros.
#
# ## The mathematics
#
# Let the image have $C$ channels, $H$ rows and $W$ columns of pixels, and a patch $P \times P$ pixels. $P$ must
# divide $H$ and $W$. The number of patches is
#
# $$N = \frac{H}{P} \cdot \frac{W}{P} = \frac{H W}{P^2}.$$
#
# A patch holds $P^2 C$ numbers.

# %% tags=["core", "nbval-check-output"]
C, H, W = photo.shape[1:]
P = 16
N = (H // P) * (W // P)  # N = H W / P^2
patch_dim = P * P * C  # P^2 C
print(f"{H} x {W} pixels, patches of {P} x {P}: {N} patches of {patch_dim} numbers")

# %% [markdown] tags=["core"]
# Cut one patch by hand, and *flatten* it: channel by channel, within a channel row by row.

# %% tags=["core", "nbval-check-output"]
row, col = 5, 6
patch = photo[0, :, row * P : (row + 1) * P, col * P : (col + 1) * P]
vector = patch.flatten()
print("patch ", tuple(patch.shape))
print("vector", tuple(vector.shape))

# %% [markdown] tags=["core"]
# `patchify` does this for all places and all images of a batch. Patch number $5 \cdot 14 + 6$ must be yours.

# %% tags=["core", "nbval-check-output"]
patches = vc.patchify(photo, P)
print("images ", tuple(photo.shape))
print("patches", tuple(patches.shape))
assert torch.equal(patches[0, row * (W // P) + col], vector)

# %% [markdown] tags=["core"]
# So far nothing was learned. Now each patch $x_i$, with $i = 1, \dots, N$, becomes a token $z_i$ of $D$ numbers:
#
# $$z_i = x_i E + b$$
#
# The matrix $E$ has $P^2 C$ rows and $D$ columns, the bias $b$ has $D$ numbers. Both are learned, and the same for
# every patch. $D$ is the *embedding dimension*: a token keeps this length through the whole model.

# %% tags=["core", "nbval-check-output"]
D = 192
project = nn.Linear(patch_dim, D)  # holds E and b
print("patches", tuple(patches.shape))
print("tokens ", tuple(project(patches).shape))

# %% [markdown] tags=["core"]
# ## The code
#
# The package does both steps with one convolution. Kernel and stride are the patch size: the kernel lies on one
# patch, then jumps to the next. Each of its $D$ filters yields one number of each token. All else is checks and
# order of axes.


# %% mirror="vitcourse.patches.PatchEmbedding" tags=["core"]
class PatchEmbedding(nn.Module):
    def __init__(self, *, img_size, patch_size, in_channels, embed_dim):
        super().__init__()
        require_positive(in_channels=in_channels, embed_dim=embed_dim)
        self.img_size = as_pair("img_size", img_size)  # (height, width)
        self.patch_size = as_pair("patch_size", patch_size)
        require_patches_fit(self.img_size, self.patch_size)
        self.grid = (self.img_size[0] // self.patch_size[0], self.img_size[1] // self.patch_size[1])
        self.in_channels = in_channels
        self.projection = nn.Conv2d(in_channels, embed_dim, kernel_size=self.patch_size, stride=self.patch_size)

    def forward(self, images):
        check_images(images, self.in_channels, self.img_size, self.projection.weight.dtype)
        maps = self.projection(images)  # (batch, embed_dim, rows, cols)
        return rearrange(maps, "b d h w -> b (h w) d")  # (batch, tokens, embed_dim)


# %% tags=["core", "nbval-check-output"]
embedding = vc.PatchEmbedding(img_size=224, patch_size=16, in_channels=3, embed_dim=192)
print("images ", tuple(photo.shape))
print("maps   ", tuple(embedding.projection(photo).shape))
print("tokens ", tuple(embedding(photo).shape))

# %% [markdown] tags=["core"]
# ## Touch it
#
# Point at a patch; a click keeps it. Change the patch size. Then shuffle the row, and look at both pictures.


# %% tags=["core"]
def sizes_that_fit(image):
    return [p for p in (4, 7, 8, 14, 16, 28, 32, 56) if image.shape[1] % p == 0 and image.shape[2] % p == 0]


def grid_of(image, patch_size):
    return image.shape[1] // patch_size, image.shape[2] // patch_size


@live(
    alt="An image with its patch grid, the chosen patch, and the image put together again from the row. Below, a "
    "part of the row with its vectors, and all vectors side by side. Controls: image, patch size, patch, shuffle.",
    size=(760, 540),
    image=choices({"square": photo[0], "wide": wide[0], "digit": digits[1]}),
    patch_size=choices(sizes_that_fit, value=32, unit="pixels"),
    patch=cell(grid_of, value=(2, 2), hover=True),
    shuffle=toggle(label="shuffle the row"),
)
def board(figure):
    show = patch_board(figure)

    def update(image, patch_size, patch, shuffle):
        row = vc.patchify(image[None], patch_size)[0]  # (tokens, P^2 C)
        count, length = row.shape
        order = torch.randperm(count, generator=torch.Generator().manual_seed(0)) if shuffle else torch.arange(count)
        row = row[order]
        place = patch[0] * (image.shape[2] // patch_size) + patch[1]
        show(
            image=image,
            assembled=vc.unpatchify(row[None], patch_size, image.shape[1:])[0],
            row=row,
            patch_size=(patch_size, patch_size),
            place=place,
            index=int((order == place).nonzero()),
        )
        scores = count**2 * 4  # bytes
        memory = f"{scores / 1e6:,.2f} MB" if scores >= 1e5 else f"{scores / 1e3:,.2f} kB"
        numbers = f"Tokens x numbers: {count:,} x {length:,} = {count * length:,}"
        return f"{numbers}. Pairs: {count**2:,}. One matrix of scores: {memory}."

    return update


board

# %% [markdown] tags=["core"]
# Three things to see:
#
# - Smaller patches give more tokens, each with fewer numbers. All numbers together stay $C H W$.
# - The numbers of one patch stand one below the other: neighbors in the image are often far apart in the vector.
# - Shuffled, the row still holds the same vectors, but the image is lost. **A vector does not say where its patch
#   was.** Lesson 03 adds that.
#
# ## Measure
#
# **Cutting loses nothing.** `unpatchify` puts the patches back. If nothing is lost, every pixel returns exactly.

# %% tags=["core", "nbval-check-output"]
cases = {"digits": (digits, (4, 4)), "photograph": (photo, (16, 16)), "wide, wide patches": (wide, (16, 24))}
for name, (images, size) in cases.items():
    rows = vc.patchify(images, size)
    back = vc.unpatchify(rows, size, (images.shape[2], images.shape[3]))
    assert torch.equal(back, images)
    print(f"{name:18} {tuple(images.shape)!s:18} -> {tuple(rows.shape)!s:14} -> back: every pixel is equal")

# %% tags=["core"]
pairs_16, pairs_8 = (vc.patchify(photo, p).shape[1] ** 2 for p in (16, 8))
smaller.reveal(str(pairs_8 // pairs_16), note=f"{pairs_16:,} pairs become {pairs_8:,}: 4 times the tokens, squared.")

# %% [markdown] tags=["core"]
# **A convolution in disguise.** If it is $x_i E + b$, what is its $E$? Ask it: give it images of one patch, in which one
# number is 1 and all others are 0. Each answer is a row of $E$, plus $b$. With this $E$, the photograph's patches must
# give the convolution's tokens.

# %% tags=["core", "nbval-check-output"]
convolution = embedding.projection
b = convolution.bias
single_ones = vc.unpatchify(torch.eye(patch_dim)[:, None], P, (P, P))  # 768 images of one patch
E = convolution(single_ones)[:, :, 0, 0] - b
assert_close(patches @ E + b, embedding(photo))
print("filters", tuple(convolution.weight.shape))
print("E      ", tuple(E.shape))
print("linear map of the patches = convolution on the image, to float tolerance")

# %% [markdown] tags=["core"]
# **Why not pixels?** Often stated as: *196 patches instead of 50,176 pixels make 65,536 times fewer pairs, so
# attention is 65,536 times cheaper.* Count a whole block of ViT-B, the common size, with $D = 768$. Multiply-adds
# for $n$ tokens:


# %% tags=["core", "nbval-check-output"]
def scores_and_sums(n, d=768):
    return 2 * n**2 * d  # every query with every key; every weight with every value


def projections_and_mlp(n, d=768):
    return 4 * n * d**2 + 8 * n * d**2  # queries, keys, values, output; then the MLP


patch_tokens, pixel_tokens = 14 * 14, 224 * 224
total = {n: scores_and_sums(n) + projections_and_mlp(n) for n in (patch_tokens, pixel_tokens)}
for n in total:
    share = scores_and_sums(n) / total[n]
    print(f"{n:6,} tokens: {n**2:13,} pairs, {total[n] / 1e9:8,.1f} billion multiply-adds, {share:.0%} on pairs")
times_pairs = pixel_tokens**2 // patch_tokens**2
times_block = total[pixel_tokens] / total[patch_tokens]
print(f"pairs: {times_pairs:,} times fewer; operations of the block: {times_block:,.0f} times fewer")

# %% [markdown] tags=["core"]
# The score matrix of one head over 50,176 tokens takes 10 GB, so time and weigh what fits: patches of 16, 8 and 4
# pixels. A *head* makes one score matrix; ViT-B has 12. Memory is what PyTorch held at the most.

# %% tags=["core"]
block = vc.TransformerBlock(embed_dim=768, num_heads=12).eval()
timed = [196, 784, 3136]
seconds: dict[str, list[float]] = {"scores": [], "block": []}
with torch.inference_mode():
    for n in timed:
        q, k, x = torch.randn(n, 64), torch.randn(n, 64), torch.randn(1, n, 768)
        work = {"scores": partial(torch.matmul, q, k.T), "block": partial(block, x)}
        megabytes = {name: peak_memory(run) / 1e6 for name, run in work.items()}
        for name, run in work.items():
            repeats = 50 if name == "scores" else 3
            seconds[name].append(measure_time(run, repeats).low)  # the fast quartile: other programs only slow us down
        print(
            f"{n:5,} tokens: scores of one head {seconds['scores'][-1] * 1000:7.2f} ms {megabytes['scores']:6.2f} MB, "
            f"whole block {seconds['block'][-1] * 1000:7.1f} ms {megabytes['block']:6.1f} MB"
        )

# %% tags=["core"]
ratio = seconds["block"][-1] / seconds["block"][0]
lengths = [196, 784, 3136, 12544, 50176]  # patches of 16, 8, 4, 2 and 1 pixels
picture(
    cost_of_length(
        lengths,
        pairs=[n**2 / 196**2 for n in lengths],
        block=[(scores_and_sums(n) + projections_and_mlp(n)) / total[196] for n in lengths],
        timed=timed,
        time_scores=[s / seconds["scores"][0] for s in seconds["scores"]],
        time_block=[s / seconds["block"][0] for s in seconds["block"]],
    ),
    alt="Cost against tokens on logarithmic axes, from 196 to 50,176 tokens. The score matrix grows 65,536 times, the "
    f"whole block 2,919 times. Timed from 196 to 3,136 tokens, the block took {ratio:.0f} times as long.",
)

# %% tags=["core"]
answers = {"about 256": 256, "about 3,000": 3000, "about 16,000": 16000, "about 65,000": 65000}
nearest = min(answers, key=lambda words: abs(math.log(answers[words] / times_block)))
pixels.reveal(nearest, note=f"Counted: {times_block:,.0f} times. Only scores and sums grow with tokens squared.")

# %% [markdown] tags=["core"]
# So the sentence **holds with limits**: for the score matrix alone. The projections and the MLP grow with $n$, not
# $n^2$. At 196 tokens they are most of the work.
#
# ## Exercises
#
# Write the function and run its cell: `check` says whether it is right, and if not, what went wrong.
#
# ### `patchify`
#
# 3 minutes, difficulty ●○○
#
# Cut a batch of images into patches, row by row, each flattened channel by channel. Every pixel of an image has a row and
# a column; each of them says two things: which patch, and which place in it.


# %% tags=["core", "exercise"]
def patchify(images: Tensor, patch_size: int) -> Tensor:
    """Cut images into patches, row by row, each flattened to one vector.

    images: (batch, channels, height, width); patch_size: P, in pixels, which divides height and width.
    Returns (batch, H W / P^2, channels P^2), in the dtype and on the device of the images: patch 1 lies at the right of
    patch 0, and a vector holds its first channel row by row, then the second, and so on. The images stay as they are.
    Gradients reach them.
    """
    raise NotImplementedError  # your code here


check(patchify)  # hint(patchify), solution(patchify), progress()

# %% [markdown] tags=["core"]
# ### Try it
#
# Change, run, look; then open the answer.
#
# 1. A video frame has 720 x 1280 pixels. Find a patch size that gives the same number of tokens for a frame of half
#    the height and half the width.

# %% tags=["core"]
for height, width, patch_size in [(720, 1280, 16), (360, 640, 10)]:  # change the last number
    frame = vc.patchify(torch.zeros(1, 3, height, width), patch_size)
    print(f"{height} x {width}, patches of {patch_size}: {frame.shape[1]:,} tokens of {frame.shape[2]} numbers")

# %% [markdown] tags=["core"]
# <details><summary>What to expect</summary>
#
# Patch size 8: both give 3,600 tokens. Only the ratio of image to patch counts. The tokens of the small frame hold a
# quarter of the numbers. Patch size 7 stops with an error that lists the sizes that fit.
# </details>
#
# 2. Shuffle the board above, once with patches of 56 pixels, once with 8. What survives?
#
# <details><summary>What to expect</summary>
#
# At 56 each patch still shows a part of a roof or a tree. At 8 only colors and stripes survive. A large patch keeps
# more of the image's order inside its vector; the order between patches is lost either way.
# </details>

# %% [markdown] tags=["deeper"]
# ### More exercises
#
# Not on the 90-minute path.
#
# ### `unpatchify`
#
# 4 minutes, difficulty ●●○
#
# The way back: put the patches together again. The sizes of image and patch say how many rows of patches there are; the
# number of channels follows from the length of a vector.


# %% tags=["deeper", "exercise"]
def unpatchify(patches: Tensor, patch_size: int, img_size: tuple[int, int]) -> Tensor:
    """Put patches together again: the exact inverse of patchify.

    patches: (batch, tokens, channels P^2), as patchify returns them; patch_size: P, in pixels; img_size: height and
    width of the images, in pixels.
    Returns (batch, channels, height, width), in the dtype and on the device of the patches, which stay as they are.
    Gradients reach them.
    """
    raise NotImplementedError  # your code here


check(unpatchify)  # hint(unpatchify), solution(unpatchify)

# %% [markdown] tags=["deeper"]
# ### `project_patches`
#
# 4 minutes, difficulty ●●○
#
# The second step, $z_i = x_i E + b$, with the convolution's own weights: from its filters make the matrix that gives the
# convolution's tokens on patches that are cut already.


# %% tags=["deeper", "exercise"]
def project_patches(patches: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """Map each patch to a token, as a convolution with kernel = stride = P does on the whole image.

    patches: (batch, tokens, channels P^2), as patchify returns them: channel by channel, row by row.
    weight: (embed_dim, channels, P, P), the filters of the convolution; bias: (embed_dim,).
    Returns (batch, tokens, embed_dim), in the dtype and on the device of the patches. Gradients reach all three.
    """
    raise NotImplementedError  # your code here


check(project_patches)  # hint(project_patches), solution(project_patches)

# %% [markdown] tags=["core"]
# ## Recap
#
# - $H \times W$ pixels in $P \times P$ patches give $N = HW / P^2$ tokens, from $P^2 C$ numbers each. Nothing is
#   lost.
# - One learned matrix maps every patch to $D$ numbers. It is a convolution with kernel = stride = $P$.
# - Pairs grow with $N^2$, all else with $N$.
# - The vectors alone do not say where their patches were.
#
# ## Quiz
#
# Click an answer: it says whether it is right, and why. Try the others, too.

# %% tags=["core"]
quiz("01")

# %% [markdown] tags=["deeper"]
# ## Deeper
#
# ### How large should a patch be?
#
# For 224 x 224 pixels, ViT-B has 3,136 tokens at patch size 4, then 784, 196 and 49 at 8, 16 and 32. Move the
# slider: the grid changes, and the bar of that size is marked. The bars count the multiply-adds of one image through
# the model.

# %% tags=["deeper"]
SIZES = [4, 8, 16, 32]
flower = photograph(224, "flower")  # (1, 3, 224, 224)
costs = {p: vit_cost(**{**vc.PRESETS["B/16"], "patch_size": p}) for p in SIZES}


@live(
    alt="The photograph with the grid of the chosen patch size, and a bar for each size: the smaller the patch, the "
    "more multiply-adds.",
    size=(640, 260),
    patch_size=choices(SIZES, value=16, unit="pixels"),
)
def sizes(figure):
    operations = [costs[p].total_multiply_adds / 1e9 for p in SIZES]
    show = size_board(figure, image=flower[0], sizes=SIZES, operations=operations)

    def update(patch_size):
        show(patch_size)
        count, length = vc.patchify(flower, patch_size).shape[1:]
        part = costs[patch_size].multiply_adds["scores and sums"] / costs[patch_size].total_multiply_adds
        return f"{count:,} patches of {length:,} numbers. {count**2:,} pairs take {part:.0%} of the operations."

    return update


sizes

# %% tags=["deeper", "nbval-check-output"]
for p in SIZES:
    count, length = vc.patchify(flower, p).shape[1:]
    giga = costs[p].total_multiply_adds / 1e9
    print(f"patch size {p:2}: {count:5,} patches of {length:5,} numbers, {giga:6.1f} billion multiply-adds")

# %% [markdown] tags=["deeper"]
# One limit is visible in these numbers. At patch size 16 a patch has 768 numbers and its token as many. At 32 it has
# 3,072, its token still 768: $E$ must drop at least three quarters of the directions in which patches can differ.
#
# What small and large patches do to a *trained* model is measured further down.
#
# ### Is a patch necessary?
#
# Patches make the sequence short. They are not needed for learning: Nguyen et al. (2024) train Transformers with one
# token a pixel on small images, and report that it works. Cordonnier et al. (2020) cut patches of 2 x 2 pixels
# before the Vision Transformer did so at 16 x 16.

# %% [markdown] tags=["deeper"]
# ### Small patches or large?
#
# Often stated: *small patches cost compute and overfit, large ones lose detail*. Lesson 05's model with four patch sizes:
# 6,000 training digits, 1,500 steps, five seeds. Each band reaches from the worst seed to the best; the large marks are
# a run made just now.

# %% tags=["deeper"]
from vitcourse.experiments import measure_again, measured_on, read_table
from vitcourse.plots.bands import bands, percent
from vitcourse.plots.style import new_figure


def by_split(table):
    """One row for the accuracy on test digits, one for that on the training digits."""
    return table.melt(["patch_size"], ["accuracy", "train_accuracy"], var_name="split", value_name="right")


now = None
if load("mnist").name == "mnist":  # the table is of MNIST
    now = by_split(measure_again("patch_size", patch_size=14, number=6000, updates=1500, seed=5))
figure = new_figure(5.2, 2.2)
axes = figure.subplots()
bands(
    axes,
    by_split(read_table("patch_size")),
    x="patch_size",
    y="right",
    by="split",
    names={"train_accuracy": "training digits", "accuracy": "test digits"},
    now=now,
    xlabel="patch size (pixels)",
    title="digits that are right",
    ylim=(0.87, 1.01),  # room for the legend
)
percent(axes.yaxis, 0)
picture(
    figure,
    alt="Accuracy on training and test digits over the patch size. Training digits near 100 %; test digits best at 7 pixels.",
)

# %% tags=["deeper", "nbval-check-output"]
print("patch size   test    gap to training   ms a step")
for size, row in read_table("patch_size").groupby("patch_size").mean(numeric_only=True).iterrows():
    gap = 100 * (row["train_accuracy"] - row["accuracy"])
    print(f"{size:10}  {row['accuracy']:6.1%}  {gap:9.1f} points  {row['milliseconds']:10.1f}")
print(measured_on("patch_size"))

# %% [markdown] tags=["deeper"]
# **Holds with limits.** Compute: the smallest patches take 36 times as long as the largest. Overfitting: they have
# the largest gap, and are the worst on both kinds of digits; the others know their training digits by heart, nearly all.
# Detail: one patch of 14 x 14 is a quarter of the digit, and still loses only 0.3 points to 7 x 7. All this is
# of digits of 28 pixels, in a short run.

# %% [markdown] tags=["core"]
# ## Papers
#
# - A. Dosovitskiy, L. Beyer, A. Kolesnikov, D. Weissenborn, X. Zhai, T. Unterthiner, M. Dehghani, M. Minderer, G.
#   Heigold, S. Gelly, J. Uszkoreit, N. Houlsby. *An Image is Worth 16x16 Words: Transformers for Image Recognition
#   at Scale.* ICLR 2021. arXiv:2010.11929. Section 3.1, equation 1.
# - J.-B. Cordonnier, A. Loukas, M. Jaggi. *On the Relationship between Self-Attention and Convolutional Layers.*
#   ICLR 2020. arXiv:1911.03584.
# - D.-K. Nguyen, M. Assran, U. Jain, M. R. Oswald, C. G. M. Snoek, X. Chen. *An Image is Worth More Than 16x16
#   Patches: Exploring Transformers on Individual Pixels.* 2024. arXiv:2406.09415.
