# %% [markdown] tags=["core"]
# # 00 Start: a Vision Transformer at work
#
# ## What you will be able to do
#
# 5 minutes, no theory yet. After this lesson you can
#
# - work with a lesson of this course: run it, guess first, change things;
# - name the steps from an image to a prediction, and the shape at each step;
# - say what an attention map shows.
#
# ### How the course works
#
# - **Run.** Shift+Enter runs the selected cell. Go from top to bottom. Slow machines need a few seconds for the first.
# - **Guess first.** Each lesson asks for guesses before it measures. A guess that you lock teaches more than a result
#   that you read.
# - **Core and deeper.** The core, lessons 00 to 07 and 10, takes about an hour and a half. Folded sections called *Deeper*
#   can wait.
# - **Change things.** The notebook is your own copy. `vitcourse reset 00` in a terminal gives you a fresh one, and
#   keeps yours under another name.

# %% tags=["core"]
import torch
from torch.testing import assert_close

import vitcourse as vc
from vitcourse.data import load
from vitcourse.exercises import quiz
from vitcourse.maps import class_attention_map
from vitcourse.plots import maps as plots
from vitcourse.plots.pipeline import pipeline_strip
from vitcourse.training import load_checkpoint
from vitcourse.widgets import choices, drawing, live, picture, predict, slider

weights = "mnist"  # or "my_mnist.safetensors", which lesson 05 saves
model = load_checkpoint(weights).requires_grad_(False)
test = load("mnist").test  # images of handwritten digits, none of them used in training
patch_size, (rows, cols) = model.config["patch_size"], model.grid

# %% [markdown] tags=["core"]
# ## A Vision Transformer at work
#
# A small **Vision Transformer** (ViT) has learned to read digits. Here is a sheet to draw on, cut into patches. In the
# picture, blue shows where the model looks; the bars are its prediction, a probability for each class. Both follow your
# pen. (The code is folded; you need not read it now.)
#
# - Change the seven: can you make another digit of it, in the eyes of the model?
# - Press *Clear*. What does the model say of a blank sheet? It has ten answers, and no other.
# - Draw a digit of your own, about as large as the dashed box. At which stroke does the model know it?
# - Take the eraser. What can go before the answer changes?
# - Shift the digit to the side. When does the model fail?
# - Go through layers and heads. Do they look at the ink?

# %% tags=["core", "hide-source"]
examples = {f"{digit}": test.images[test.labels == digit][0, 0] for digit in range(10)}  # one of each class
layers, heads = len(model.blocks), model.config["num_heads"]


def shifted(image, pixels):
    """The image moved to the right (to the left if negative); what comes in is blank."""
    moved = torch.zeros_like(image)
    width = image.shape[-1] - abs(pixels)
    moved[..., max(pixels, 0) : max(pixels, 0) + width] = image[..., max(-pixels, 0) : max(-pixels, 0) + width]
    return moved


@live(
    alt="A digit, tinted where the class token looks, and the probabilities of the ten classes. They follow what is drawn "
    "on a sheet beside them. The digit can be shifted, a layer and a head chosen.",
    size=(460, 300),
    digit=drawing(28, start=examples, value="7", center=True, grid=(rows, cols), label="draw here"),
    shift_right=slider(-10, 10, value=0, unit="pixels"),
    layer=slider(1, layers, value=layers),
    head=choices({"mean of all": None} | {f"{h + 1}": h for h in range(heads)}),
)
def at_work(figure):
    draw = plots.digit_at_work(figure, examples["7"], (rows, cols), list(examples))

    def update(digit, shift_right, layer, head):
        image = shifted(torch.from_numpy(digit), shift_right)[None, None]
        with vc.record_attention(model) as maps:
            probabilities = model(image).softmax(dim=-1)[0]
        looks = class_attention_map(maps[layer - 1], (rows, cols))[0]  # (heads, rows, cols)
        looks = looks.mean(dim=0) if head is None else looks[head]
        name = "mean of heads" if head is None else f"head {head + 1}"
        draw(image[0, 0], looks, probabilities, f"layer {layer}, {name}")
        answer = int(probabilities.argmax())
        return f"The model says {answer}, with probability {probabilities[answer]:.2f}."

    return update


at_work

# %% [markdown] tags=["core"]
# ## From an image to a prediction
#
# How does it come to its answer? In five steps. The shapes are those of one image.

# %% tags=["core", "nbval-check-output"]
image = test.images[:1]
patches = vc.patchify(image, patch_size)  # cut into patches, a row of pixels each
tokens = model.embed(image)  # a vector for each patch, and one more: the class token
encoded = model.encode(tokens)  # the encoder: tokens look at one another, layer after layer
pooled = model.pool(encoded)  # the class token alone
logits = model.head(pooled)  # a number for each class

steps = dict(image=image, patches=patches, embed=tokens, encoder=encoded, pool=pooled, head=logits)
shapes: dict[str, object] = {name: tuple(x.shape[1:]) for name, x in steps.items()}
for name, shape in shapes.items():
    print(f"{name:8}", shape)
assert_close(logits, model(image))  # the model does these steps, and nothing else

# %% tags=["core"]
picture(
    pipeline_strip("start", shapes | dict(prediction=f"a {int(logits.argmax())}", depth=len(model.blocks))),
    alt="The pipeline: the image is cut into patches, embedded as tokens, goes through the encoder blocks; the class "
    "token is taken out and the head makes ten numbers of it, the largest of which is the prediction.",
)

# %% [markdown] tags=["core"]
# Each lesson opens with this strip and says where you are: lesson 01 cuts the patches, 02 and 03 build the encoder, 04
# puts all together, 05 trains it.
#
# ## Predict
#
# Two guesses. Choose, then lock each one.

# %% tags=["core"]
read = predict("How many of 1,000 test digits does this model read correctly?", low=0, high=1000, step=5, unit="digits")
read

# %% tags=["core"]
erased = predict(
    "Now half of the patches of each digit are erased, chosen blindly. How many of the 1,000 does it still read?",
    low=0,
    high=1000,
    step=5,
    unit="digits",
)
erased

# %% [markdown] tags=["core"]
# ## What you saw
#
# The ten numbers become probabilities by the *softmax*. They sum to 1.

# %% tags=["core", "nbval-check-output"]
probabilities = logits.softmax(dim=-1)
print(tuple(probabilities.shape), "sum", round(probabilities.sum().item(), 3))

# %% [markdown] tags=["core"]
# In each layer of the encoder, each token gathers from all tokens. It has a **weight** of 1 to share out among them: this
# is **attention**. A layer does it several times side by side, in **heads**. The weights of a head are an **attention
# map**, a row for each token that looks. The blue tint was the class token's row, at first averaged over heads.

# %% tags=["core", "nbval-check-output"]
with vc.record_attention(model) as maps:
    model(image)
print(len(maps), "layers, each (images, heads, tokens that look, tokens looked at):", tuple(maps[0].shape))
assert_close(maps[0].sum(dim=-1), torch.ones(maps[0].shape[:-1]))

# %% tags=["core", "nbval-check-output"]
row = class_attention_map(maps[-1], (rows, cols))
print("the class token's rows, laid out on the patches:", tuple(row.shape))

# %% [markdown] tags=["core"]
# A map shows where a head looks. It does not tell whether that matters for the answer. Lesson 06 tests this.
#
# ## Measure: a thousand digits
#
# If there is no MNIST on this machine, the course uses a smaller set of other digits, and the numbers are lower.

# %% tags=["core"]
some = test[:1000]
accuracy = (model(some.images).argmax(dim=-1) == some.labels).float().mean().item()
read.reveal(
    round(1000 * accuracy),
    note=f"Measured on {len(some.labels):,} test digits. Guessing would give about 100 of 1,000.",
)

# %% tags=["core"]
torch.manual_seed(0)
half = rows * cols // 2
rank = torch.rand(len(some.labels), rows * cols).argsort(dim=1)  # a random order for each image
kept = vc.patchify(some.images, patch_size) * (rank >= half)[:, :, None]
damaged = vc.unpatchify(kept, patch_size, model.config["img_size"])
accuracy_damaged = (model(damaged).argmax(dim=-1) == some.labels).float().mean().item()
blank = (vc.patchify(some.images, patch_size).amax(dim=-1) == 0).float().mean().item()
erased.reveal(
    round(1000 * accuracy_damaged),
    note=f"{half} of {rows * cols} patches erased. In these images {blank:.0%} of the patches are blank anyway.",
)

# %% [markdown] tags=["core"]
# The model was trained on whole digits only. What it can do it has learned from examples, the places of the patches
# included:

# %% tags=["core", "nbval-check-output"]
print(f"{sum(p.numel() for p in model.parameters()):,} numbers were learned, {model.positions.numel():,} of them say "
      f"where tokens stand")  # fmt: skip
print("classes", len(model.head(pooled)[0]), " tokens", tokens.shape[1], "=", rows, "x", cols, "+ 1")

# %% [markdown] tags=["core"]
# ## Recap
#
# - A ViT cuts an image into patches and makes a token of each.
# - In every layer all tokens look at one another. An attention map holds the weights, one row for each token that
#   looks.
# - The prediction is read off the class token: ten numbers, then ten probabilities.
#
# ## Quiz
#
# Click an answer: it says whether it is right, and why. Try the others, too.

# %% tags=["core"]
quiz("00")

# %% [markdown] tags=["core"]
# ## Papers
#
# - A. Dosovitskiy et al. *An Image is Worth 16x16 Words: Transformers for Image Recognition at Scale.* ICLR 2021.
#   arXiv:2010.11929. The Vision Transformer.
# - A. Vaswani et al. *Attention Is All You Need.* NeurIPS 2017. arXiv:1706.03762. The Transformer.
# - Y. LeCun, L. Bottou, Y. Bengio, P. Haffner. *Gradient-Based Learning Applied to Document Recognition.* Proceedings of
#   the IEEE 86(11), 1998. MNIST.
