# %% [markdown] tags=["core"]
# # 05 Training on MNIST
#
# ## What you will be able to do
#
# 13 minutes, about two of them while the model trains. After this lesson you can
#
# - say what the first loss must be, and use it as a test;
# - write a training loop, and give the reason for each line;
# - stop a run and go on with it;
# - read a loss curve, and look at the mistakes that remain.
#
# Lesson 04 assembled the model and counted its parameters. They were random. Here they learn.

# %% tags=["core"]
import copy
import math
import random
from itertools import islice

import torch
import torch.nn.functional as F
from IPython.display import display
from torch import Tensor, nn
from torch.testing import assert_close
from tqdm.auto import tqdm

import vitcourse as vc
from vitcourse import training
from vitcourse.data import Batches, Split, load, random_shift
from vitcourse.exercises import check, hint, my_vit, progress, quiz, solution  # noqa: F401
from vitcourse.maps import class_attention_map
from vitcourse.plots import maps as map_plots
from vitcourse.plots import training as plots
from vitcourse.plots.pipeline import pipeline_strip
from vitcourse.training import evaluate, fit, save_checkpoint
from vitcourse.widgets import cell, choices, drawing, job, live, picture, predict, slider

data = load("mnist")
train, test = data.train, data.test

MODEL = dict(img_size=28, patch_size=4, in_channels=1, num_classes=10, embed_dim=64, depth=4, num_heads=2, mlp_ratio=2)


def new_model(seed=0, **changes):
    torch.manual_seed(seed)
    return vc.VisionTransformer(**(MODEL | changes))


# %% tags=["core"]
model, image = new_model(), test.images[:1]
encoded = model.encode(model.embed(image))
parts = dict(image=image, patches=vc.patchify(image, MODEL["patch_size"]), embed=model.embed(image))
parts |= dict(encoder=encoded, pool=model.pool(encoded), head=model(image))
shapes: dict[str, object] = {name: tuple(x.shape[1:]) for name, x in parts.items()}
picture(
    pipeline_strip("training", shapes | dict(prediction="a class", depth=len(model.blocks))),
    alt="You are here: the whole pipeline, from image to prediction; arrows lead back from the loss to the weights "
    "of embedding, encoder and head.",
)

# %% [markdown] tags=["core"]
# ## Predict
#
# Four guesses. Lock each one. The third is a curve: draw it.

# %% tags=["core"]
first_loss = predict(
    "A model is fresh, its head starts at zero, and there are ten classes. What is its mean loss before any training?",
    choices=["0.10", "1.00", "2.30", "10.00"],
)
first_loss

# %% tags=["core"]
one_pass = predict(
    "After one pass over the training images: how many of 100 test digits does the model read correctly?",
    low=0,
    high=100,
    step=1,
    unit="digits",
)
one_pass

# %% tags=["core"]
fall = predict(
    "How will the training loss fall, from the first step to the last?",
    x=(0, 100),
    low=0,
    high=2.5,
    x_label="share of the run (%)",
    y_label="training loss",
    unit="nats",
)
fall

# %% tags=["core"]
hardest = predict(
    "When training is over: which digit is misread most often?", choices=[str(digit) for digit in range(10)]
)
hardest

# %% [markdown] tags=["core"]
# ## The task
#
# MNIST holds 70,000 handwritten digits of 28 x 28 pixels: 60,000 to train with, 10,000 for testing only. (Without
# network or files, this lesson uses a smaller set and says so above.) At patch size 4 an image makes 49 tokens, and the
# class token makes 50. The model is small: dimension 64, 4 layers, 2 heads.

# %% tags=["core", "nbval-check-output"]
model = new_model()
images, labels = test[:8].images, test[:8].labels
logits = model(images)
print("images", tuple(images.shape), " labels", tuple(labels.shape))
print("tokens", tuple(model.embed(images).shape), " logits", tuple(logits.shape))
print("parameters", sum(p.numel() for p in model.parameters()))

# %% [markdown] tags=["core"]
# ## The loss
#
# The softmax turns the logits $z$ of an image into probabilities $p_c = e^{z_c} / \sum_k e^{z_k}$, one for each class
# $c$. The **cross-entropy** is the negative logarithm of the probability that the true class $y$ got, averaged over the
# $B$ images of a batch:
#
# $$L = -\frac{1}{B} \sum_{i=1}^{B} \ln p_{i, y_i}.$$
#
# It is 0 when all true classes get probability 1. It grows without bound when one gets nearly none. Its unit, with the
# natural logarithm, is the nat. In PyTorch it is `F.cross_entropy(logits, labels)`; in the exercises you write it yourself.

# %% tags=["core", "nbval-check-output"]
print(
    "probability of the true class 1.0, 0.5, 0.1, 0.01 -> loss",
    [round(math.log(1 / p), 2) for p in (1, 0.5, 0.1, 0.01)],
)

# %% [markdown] tags=["core"]
# ## Measure: before the first step
#
# Our head starts at zero. All logits are then 0, whatever the image, and each class gets probability 1/10. So the loss is
# $-\ln \frac{1}{10} = \ln 10$, exactly.

# %% tags=["core", "nbval-check-output"]
with torch.no_grad():
    untrained = F.cross_entropy(model(test.images[:300]), test.labels[:300])
assert_close(untrained, torch.tensor(10.0).log())
print(f"untrained loss {untrained:.4f}   ln 10 = {math.log(10):.4f}")

# %% [markdown] tags=["core"]
# Often stated as: an untrained model's loss is ln 10. With PyTorch's own initialization of the last layer it is larger:
# the model prefers some classes for no reason, and is wrong about it.

# %% tags=["core"]
default_losses = []
for seed in range(8):
    fresh = new_model(seed)
    fresh.classifier.reset_parameters()  # as nn.Linear starts on its own
    with torch.no_grad():
        default_losses.append(F.cross_entropy(fresh(test.images[:300]), test.labels[:300]).item())
print("PyTorch's default head, 8 seeds:", [round(loss, 2) for loss in sorted(default_losses)])
first_loss.reveal(f"{untrained:.2f}", note="ln 10: the loss of guessing among ten classes.")

# %% [markdown] tags=["core"]
# This is a test that costs nothing. A first loss far above $\ln$ of the number of classes means: labels, logits or
# initialization are wrong. A loss that *stays* there means: the model learns nothing from the images.

# %% [markdown] tags=["deeper"]
# ### `train_step`
#
# 5 minutes, difficulty ●●○. Before you see a training loop: write one step of it. A step looks at one batch, and moves
# every parameter a little, so that the loss on such a batch becomes smaller. PyTorch brings three calls for it:
#
# - `loss.backward()` adds the gradient of the loss to each parameter's `.grad`;
# - `optimizer.step()` moves each parameter by what its `.grad` says;
# - `optimizer.zero_grad()` empties every `.grad`.
#
# Which must come before which? For the loss you may call `F.cross_entropy`. Dropout and batch norm work differently
# while a model learns, so it has to be in training mode.


# %% tags=["deeper", "exercise"]
def train_step(model: nn.Module, optimizer: torch.optim.Optimizer, images: Tensor, labels: Tensor) -> float:
    """Train a model on one batch, by one step of the optimizer.

    model: makes logits (batch, classes) of images, and comes in training or in eval mode; optimizer: of its parameters;
    images: (batch, channels, height, width); labels: (batch,), class numbers.
    The loss is the mean cross-entropy. Gradients of an earlier batch may be left over, and must not count. The model is
    in training mode during the step and afterwards. Exactly one pass through the model, and one step of the given
    optimizer. No clipping; the learning rate stays.
    Returns the loss before the step, that of this one pass, as a Python number.
    """
    raise NotImplementedError  # your code here


check(train_step)  # hint(train_step), solution(train_step), progress()

# %% [markdown] tags=["core"]
# ## Start the run
#
# One **step** uses one **batch** of 64 images. An **epoch** is one pass over all training images, in a new order. Each
# image is shifted by up to one pixel, differently in each pass: a shifted seven is a seven, and the model cannot learn the
# pixels by heart.

# %% tags=["core"]
# Three passes over MNIST; more over a small data set, so that it gets enough steps.
settings: dict = dict(epochs=max(3, 24_000 // len(train)), lr=3e-3, warmup=0.2, weight_decay=0.05, clip=1.0)
batches = Batches(train, batch_size=64, seed=0, augment=random_shift(1))
total = settings["epochs"] * len(batches)  # steps

losses: list[float] = []
means: list[float] = []  # of the last 20 batches
rates: list[float] = []
tested: dict[int, float] = {}  # step -> share of test images that are right
keep = {round(total * (k / 30) ** 2) for k in range(31)}  # steps whose weights we keep: close together at first


@live(
    alt="While the model trains: loss, learning rate and accuracy on test images, by step.",
    size=(760, 270),
)
def curves(figure):
    draw = plots.live_curves(figure, total, math.log(10), settings["lr"])

    def update():
        draw(losses, means, rates, list(tested), list(tested.values()))
        return f"step {len(losses)} of {total}" + (f", loss {means[-1]:.3f}" if means else "")

    return update


# %% [markdown] tags=["core"]
# Run the next three cells, then **read on below while they work**: one to two minutes on two cores. The curves follow every 50
# steps. To stop early, press the stop button of the toolbar: the model is usable as it is then.

# %% tags=["core"]
model = new_model()
snapshots = {0: copy.deepcopy(model.state_dict())}  # step -> weights
for record in (losses, means, rates, tested):
    record.clear()  # whoever runs this cell twice begins anew
run = fit(model, batches, test=test, **settings)


def follow(run, steps):
    """Take up to `steps` steps of the run and keep what they tell; return the seconds of training so far."""
    seconds = 0.0
    try:
        for now in tqdm(islice(run, steps), total=steps, desc="training", unit="steps"):
            losses.append(float(now.loss))
            means.append(sum(losses[-20:]) / len(losses[-20:]))
            rates.append(now.lr)
            seconds = now.seconds
            if now.test is not None:  # after each pass
                tested[now.step] = now.test.accuracy
            if now.step in keep:
                snapshots[now.step] = copy.deepcopy(model.state_dict())
            if now.step % 50 == 0:
                curves.update()
    except KeyboardInterrupt:
        run.close()  # wherever the interrupt landed: the next cell must not go on
        print("stopped: the model keeps the weights of its last step")
    return seconds


display(curves)
seconds = follow(run, total // 3)

# %% tags=["core"]
seconds = max(seconds, follow(run, total // 3))  # a run that was stopped gives no more steps

# %% tags=["core"]
seconds = max(seconds, follow(run, total - 2 * (total // 3)))
model.eval()
done = len(losses)
snapshots[done] = copy.deepcopy(model.state_dict())
if done not in tested:
    tested[done] = evaluate(model, test).accuracy
curves.update()

# %% [markdown] tags=["core"]
# ## While it runs: the loop
#
# `fit` is a generator: it makes one step, and hands out what it knows. Here is the same loop without the generator's
# comfort, in one screen. (Lines 2 to 6, without the clipping, are the exercise `train_step`.)


# %% tags=["core"]
def train_plainly(model, batches, *, epochs, lr, warmup, weight_decay, clip):
    parameters = list(model.parameters())
    groups = training.optimizers.decay_groups(parameters, weight_decay)
    optimizer = torch.optim.AdamW(groups, lr=lr, betas=(0.9, 0.99), fused=True)  # fused: one pass over all numbers
    step, total_steps = 0, epochs * len(batches)
    model.train()  # dropout on, where there is any
    for epoch in range(epochs):
        for images, labels, _ in batches.epoch(epoch):  # (64, 1, 28, 28), (64,)
            for group in optimizer.param_groups:  # 1. the learning rate of this step
                group["lr"] = lr * training.warmup_cosine(step, total_steps, round(warmup * total_steps))
            loss = F.cross_entropy(model(images), labels)  # 2. forward: one number
            optimizer.zero_grad()  # 3. forget the last batch's gradient
            loss.backward()  # 4. backward: a gradient for each parameter
            nn.utils.clip_grad_norm_(parameters, clip)  # 5. no step longer than this
            optimizer.step()  # 6. move
            step += 1


# %% [markdown] tags=["core"]
# **1. Warm-up and cosine.** Let $T$ be the number of steps, $T_w$ of them for warm-up, and $\eta_{\max}$ the peak learning
# rate. Step $t = 0, 1, \dots$ uses
#
# $$\eta_t = \eta_{\max} \cdot \begin{cases} (t + 1) / T_w & t < T_w \\ \tfrac{1}{2} \left(1 + \cos \pi \frac{t - T_w}{T - T_w}\right) & \text{else.} \end{cases}$$
#
# It starts small, because Adam's averages (below) rest on few gradients at first, and a fresh model's gradients change
# fast. It ends small, because steps that are too long jump around a minimum instead of going into it. How much the
# warm-up matters is measured further down: *Is warm-up needed?* In the package this is `training.warmup_cosine`.

# %% tags=["core", "nbval-check-output"]
print("10 steps, 3 of them warm-up:", [round(training.warmup_cosine(step, 10, 3), 2) for step in range(10)])

# %% [markdown] tags=["core"]
# **2 to 4. Forward and backward.** `loss.backward()` *adds* to each parameter's gradient. Without `zero_grad` the gradients
# of all earlier batches would still be in it.
#
# **5. Clipping.** All gradients together are one long vector $g$. If $\lVert g \rVert$ is larger than 1, it is divided by
# its norm. Its direction stays. A single odd batch can then not throw the model far away.
#
# **6. AdamW.** Adam keeps two running averages for each parameter $\theta$: of its gradient $g$, and of $g^2$.
#
# $$m \leftarrow \beta_1 m + (1 - \beta_1)\, g, \qquad v \leftarrow \beta_2 v + (1 - \beta_2)\, g^2$$
#
# Both start at 0 and are too small at first; $\hat m = m / (1 - \beta_1^t)$ and $\hat v = v / (1 - \beta_2^t)$ undo
# that. The step is
#
# $$\theta \leftarrow \theta - \eta_t \left( \frac{\hat m}{\sqrt{\hat v} + \epsilon} + \lambda\, \theta \right).$$
#
# The fraction is near $\pm 1$ for a steady gradient, however large or small: each parameter moves by about $\eta_t$.


# %% tags=["core"]
def adamw_step(theta, g, m, v, t, *, lr, betas=(0.9, 0.99), eps=1e-8, weight_decay=0.05):
    m = betas[0] * m + (1 - betas[0]) * g
    v = betas[1] * v + (1 - betas[1]) * g**2
    m_hat, v_hat = m / (1 - betas[0] ** t), v / (1 - betas[1] ** t)
    return theta - lr * (m_hat / (v_hat.sqrt() + eps) + weight_decay * theta), m, v


ours, m, v = torch.ones(5), torch.zeros(5), torch.zeros(5)
theirs = nn.Parameter(torch.ones(5))
optimizer = torch.optim.AdamW([theirs], lr=0.01, betas=(0.9, 0.99), weight_decay=0.05)
for t in range(1, 11):
    theirs.grad = torch.randn(5, generator=torch.Generator().manual_seed(t))
    ours, m, v = adamw_step(ours, theirs.grad, m, v, t, lr=0.01)
    optimizer.step()
assert_close(ours, theirs.detach())

# %% [markdown] tags=["core"]
# **Why the W.** Weight decay $\lambda$ pulls weights towards zero, in proportion to their size. In plain Adam it is added to
# the gradient, and goes through the fraction: its size is lost. AdamW keeps it outside ("decoupled"). Here are two weights
# whose gradient is zero, after one step at learning rate 0.002 and $\lambda = 0.05$.

# %% tags=["core", "nbval-check-output"]
for make in (torch.optim.Adam, torch.optim.AdamW):
    weights = nn.Parameter(torch.tensor([1.0, 0.01]))
    weights.grad = torch.zeros(2)
    make([weights], lr=0.002, weight_decay=0.05).step()
    print(f"{make.__name__:6}", [round(w, 6) for w in weights.tolist()])

# %% [markdown] tags=["core"]
# Adam took 0.002 from both: a fifth of the small weight. AdamW took 0.01 % of each.
#
# Only matrices decay. Biases, norms, class token and positions are left alone: pulling them towards zero
# would not make the function simpler.


# %% mirror="vitcourse.training.optimizers.decay_groups" tags=["core"]
def decay_groups(parameters, weight_decay):
    """Decay pulls matrices towards zero; biases, norms, the class token and positions are left free."""
    matrices = [p for p in parameters if p.ndim in (2, 4)]
    others = [p for p in parameters if p.ndim not in (2, 4)]
    return [dict(params=matrices, weight_decay=weight_decay), dict(params=others, weight_decay=0.0)]


# %% [markdown] tags=["core"]
# **Is this really what `fit` does?** The same start, the same eight batches, once through each.

# %% tags=["core", "nbval-check-output"]
few = Batches(train[:512], batch_size=128, seed=0, augment=random_shift(1))
short: dict = dict(epochs=2, lr=2e-3, warmup=0.2, weight_decay=0.05, clip=1.0)
plain, fitted = new_model(), new_model()
train_plainly(plain, few, **short)
print("steps of fit:", sum(1 for _ in fit(fitted, few, **short)))
for a, b in zip(plain.parameters(), fitted.parameters(), strict=True):
    assert_close(a, b, rtol=1e-4, atol=1e-5)
print("parameter tensors that agree:", len(list(plain.parameters())))

# %% [markdown] tags=["core"]
# `fit` adds what a screen has no room for: it looks whether the loss is still a number and keeps the last good weights, it
# can go on from a file, and it works in several processes.
#
# ## Measure: the run

# %% tags=["core"]
final = tested[done]
display(curves)  # the same picture again: you have read on since
print(f"{data.name}: {len(train)} images, seed 0")
print(f"{done} steps in {seconds:.0f} s of training, threads: {torch.get_num_threads()}")
after_passes = list(tested.items())
for step, share in after_passes[:2] + after_passes[2:][-1:]:
    print(f"after {step / len(batches):4.1f} passes: {share:.2%} of {len(test)} test images are right")
one_pass.reveal(round(100 * next(iter(tested.values()))), note=f"At the end of the run it is {100 * final:.1f} of 100.")

# %% tags=["core"]
halved = next((step for step, mean in enumerate(means, start=1) if mean < means[0] / 2), done)
every = 1 + done // 300  # a curve of a few hundred points
fall.reveal(
    [100 * step / total for step in range(1, done + 1, every)],
    means[::every],
    note=f"The mean of the last 20 batches. It fell to half of {means[0]:.2f} within {halved / total:.1%} of the steps.",
)

# %% [markdown] tags=["core"]
# That is one run with one seed. Another seed gives another figure in the last digits, so a difference of a few test
# images between two runs says nothing.
#
# ## Measure: the mistakes that remain
#
# Click a cell of the table: row, what the digit is; column, what the model read. The counts on the diagonal are right.

# %% tags=["core"]
with torch.inference_mode():
    probabilities = torch.cat([model(part) for part in test.images.split(500)]).softmax(dim=1)  # (n, 10)
read_as = probabilities.argmax(dim=1)
confusion = torch.zeros(10, 10, dtype=torch.long)
confusion.index_put_((test.labels, read_as), torch.ones(len(test), dtype=torch.long), accumulate=True)
mistakes = confusion - confusion.diag().diag()
print(f"{int(mistakes.sum())} of {len(test)} test images are misread")

# %% tags=["core"]
most = divmod(int(mistakes.argmax()), 10)  # (what it is, what it is read as)


@live(
    alt="A table of how often each digit is read as each other one, and the digits of the framed cell with the "
    "probability that the model gave to its answer.",
    size=(760, 390),
    pair=cell(10, 10, value=most, axes=0, label="cell of the table"),
)
def board(figure):
    draw = plots.mistakes_board(figure, confusion, data.class_names)

    def update(pair):
        is_a, read = pair
        which = ((test.labels == is_a) & (read_as == read)).nonzero()[:, 0]
        which = which[probabilities[which, read].argsort(descending=True)]  # the surest first
        first = which[:15]
        draw(pair, test.images[first, 0], [f"{p:.0%}" for p in probabilities[first, read]])
        part = f", the surest {len(first)} shown" if len(which) > len(first) else ""
        return f"{is_a} read as {read}: count {len(which)}{part}. Above each, the probability of {read}."

    return update


board

# %% tags=["core"]
misread = mistakes.sum(dim=1)
hardest.reveal(
    str(int(misread.argmax())),
    note=f"{int(misread.max())} images of it are misread. "
    f"The most frequent mistake: {most[0]} read as {most[1]} (count: {int(mistakes.max())}).",
)

# %% [markdown] tags=["core"]
# Look at the surest mistakes. Some would puzzle you too. In others the model is certain and wrong: a probability from a
# softmax is no promise.
#
# ## Touch: your own digits
#
# The model that you have just trained reads what you draw. The small pictures below the sheet are its surest mistakes. How
# little must you change until it reads one rightly? Then clear the sheet: which of your own digits does it misread?

# %% tags=["core"]
certain = (read_as != test.labels).nonzero()[:, 0]
certain = certain[probabilities[certain, read_as[certain]].argsort(descending=True)][:8]
surest = {
    f"{n}. {test.labels[i]} read as {read_as[i]}": test.images[i, 0] for n, i in enumerate(certain.tolist(), start=1)
}


@live(
    alt="A digit, tinted where the class token looks, and the probabilities that the trained model gives to the ten "
    "classes. They follow what is drawn on a sheet beside them.",
    size=(460, 300),
    own=drawing(28, start=surest or None, center=True, grid=model.grid, label="draw here"),
    layer=slider(1, MODEL["depth"], value=MODEL["depth"]),
)
def own_digits(figure):
    reader = model
    draw = map_plots.digit_at_work(figure, test.images[0, 0], reader.grid, data.class_names)

    def update(own, layer):
        with torch.no_grad(), vc.record_attention(reader) as maps:
            p = reader(torch.from_numpy(own)[None, None]).softmax(dim=1)[0]
        weights = class_attention_map(maps[layer - 1], reader.grid)[0].mean(dim=0)
        draw(own, weights, p, f"layer {layer}, mean of heads")
        return f"The model says {int(p.argmax())}, with probability {p.max():.2f}."

    return update


own_digits

# %% [markdown] tags=["core"]
# ## Touch: scrub through training
#
# While the model trained, we kept copies of its weights. Move the slider, by hand or by arrow keys.
#
# - *Attention*: where the class token looks, mean over the heads of the last layer. Equal tints are equal weights.
# - *Positions*: a map of maps. The small map at row $i$, column $j$ shows how similar what training *added* to that
#   position's code is to what it added to all others.

# %% tags=["core"]
kept = sorted(snapshots)
probe = new_model().requires_grad_(False)
digit = test.images[:1]


def look(step):
    """Attention of the class token (7, 7), probabilities (10,), similarity of what positions were given (49, 49)."""
    probe.load_state_dict(snapshots[step])
    with vc.record_attention(probe) as maps:
        p = probe(digit).softmax(dim=1)[0]
    weights = class_attention_map(maps[-1], probe.grid)[0].mean(dim=0)
    added = F.normalize((snapshots[step]["positions"] - snapshots[0]["positions"])[0, 1:], dim=1)
    return weights, p, added @ added.T


moments = {step: look(step) for step in kept}


@live(
    alt="The loss with a mark at the chosen step, the class token's attention on a digit, the probabilities, and how "
    "similar what training added to one position's code is to what it added to all others.",
    size=(760, 560),
    moment=choices(kept, value=kept[-1], label="step"),
)
def scrubber(figure):
    highest = max(float(weights.max()) for weights, _, _ in moments.values())
    draw = plots.training_scrubber(figure, digit[0, 0], probe.grid, losses, math.log(10), highest)

    def update(moment):
        draw(moment, *moments[moment])
        return f"step {moment} of {done}"

    return update


scrubber

# %% [markdown] tags=["core"]
# Position codes start large and random, and training changes them little: the codes themselves still look unrelated.
# What was *added* to them has an order.

# %% tags=["core"]
added = (snapshots[done]["positions"] - snapshots[0]["positions"])[0, 1:]  # (49, 64)
print(
    f"size (RMS) of the codes at the start {snapshots[0]['positions'].std():.2f}, of what was added {added.std():.2f}"
)

blank = (vc.patchify(train.images[:2000], 4).amax(dim=-1) == 0).float().mean(dim=0) > 0.9  # (49,): in 9 of 10 images
rows, cols = torch.cartesian_prod(torch.arange(7), torch.arange(7)).T
distance = torch.hypot((rows[:, None] - rows).float(), (cols[:, None] - cols).float())
similarity = moments[done][2]
groups = {
    "both nearly always blank": blank[:, None] & blank,
    "neither, and neighbors": ~blank[:, None] & ~blank & (distance < 1.5),
    "neither, and far apart": ~blank[:, None] & ~blank & (distance >= 3),
}
for name, group in groups.items():
    print(f"{name:25} mean similarity {similarity[group & (distance > 0)].mean():+.2f}")

# %% [markdown] tags=["core"]
# Positions at the border are blank in nearly every image. Nothing there tells one from another, and they get the most
# similar pushes. Compare the other two lines: is there a trace of neighborhood?
#
# ## Touch: other settings
#
# Training starts with the button and runs beside the notebook. *Stop* ends it after the present step, *Resume* goes on
# with the next one. To be quick, it uses 6,000 images. Earlier runs stay in gray.


# %% tags=["core"]
runs: list[dict] = []


def try_settings(patch_size, heads, lr, epochs):
    fresh = new_model(patch_size=patch_size, num_heads=heads)
    few = Batches(train[:6000], batch_size=128, seed=0, augment=random_shift(1))
    name = f"patch size {patch_size}, {heads} heads, learning rate {lr:g}"
    runs.append(dict(name=name, steps=[], losses=[], test=None))
    for now in fit(fresh, few, epochs=epochs, lr=lr, test=test[:1000]):
        runs[-1]["steps"].append(now.step / now.total_steps)
        runs[-1]["losses"].append(float(now.loss))
        if now.test is not None:
            runs[-1]["test"] = now.test.accuracy
        yield now


def compare(figure):
    draw = plots.several_runs(figure, math.log(10))

    def update(records):
        draw([(run["steps"], run["losses"]) for run in runs])
        tested = [run for run in runs if run["test"] is not None]
        if not tested:
            return "not tested yet"
        return f"{tested[-1]['name']}: {tested[-1]['test']:.1%} of {len(test[:1000])} test images are right"

    return update


job(
    try_settings,
    compare,
    alt="The loss of the present run, with earlier runs in gray, against the share of the run that is done.",
    size=(640, 300),
    start="Train",
    patch_size=choices([4, 7, 14], unit="pixels"),
    heads=choices([1, 2, 4, 8], value=2),
    lr=choices([5e-4, 1e-3, 2e-3, 4e-3, 1e-2, 4e-2], value=4e-3, label="learning rate"),
    epochs=slider(1, 5, value=3),
)

# %% [markdown] tags=["core"]
# ## Keep your model
#
# One file with weights and sizes. Lessons 00 and 06 open a small model that the course ships; set
# `weights = "my_mnist.safetensors"` in their first cell, and they show yours.

# %% tags=["core", "nbval-check-output"]
save_checkpoint("my_mnist.safetensors", model, step=done, report=dict(data=data.name, test_accuracy=round(final, 4)))
mine = training.load_checkpoint("my_mnist.safetensors")
assert_close(mine(images), model(images))
print("saved and read back: my_mnist.safetensors,", sum(p.numel() for p in mine.parameters()), "parameters")

# %% [markdown] tags=["core"]
# ## Exercises
#
# Four functions, one of them above, before the run. What passes its check becomes a part of your own training.

# %% [markdown] tags=["deeper"]
# ### More exercises
#
# `train_step` stands above, under *Measure: before the first step*. The other three are what surrounds it.
#
# ### `cross_entropy`
#
# 6 minutes, difficulty ●●○. The loss, as under *The loss* above:
#
# $$L = -\frac{1}{B} \sum_{i=1}^{B} \ln p_{i, y_i}, \qquad p_{i, c} = \frac{e^{z_{i, c}}}{\sum_k e^{z_{i, k}}}.$$
#
# Logits may be large: $e^{1000}$ is infinite in floating point, the loss is not.


# %% tags=["deeper", "exercise"]
def cross_entropy(logits: Tensor, labels: Tensor) -> Tensor:
    """Mean cross-entropy of a batch, in nats.

    logits: (batch, classes), of any size, also in the thousands and of either sign; labels: (batch,), class numbers from 0.
    Returns one number, a tensor of shape () in the dtype and on the device of the logits, through which gradients reach
    them. Both arguments stay as they are.
    """
    raise NotImplementedError  # your code here


check(cross_entropy)  # hint(cross_entropy), solution(cross_entropy), progress()

# %% [markdown] tags=["deeper"]
# ### `warmup_cosine`
#
# 5 minutes, difficulty ●○○. The learning rate of each step, as a share of the peak:
#
# $$\frac{\eta_t}{\eta_{\max}} = \begin{cases} (t + 1) / T_w & t < T_w \\ \tfrac{1}{2} \left(1 + \cos \pi \frac{t - T_w}{T - T_w}\right) & \text{else.} \end{cases}$$
#
# Off-by-one mistakes are common here, and no error tells. Try your function on a run of ten steps before you check it.


# %% tags=["deeper", "exercise"]
def warmup_cosine(step: int, total_steps: int, warmup_steps: int) -> float:
    """The factor on the peak learning rate at one step: a straight warm-up, then half a cosine towards 0.

    step: t, counted from 0, below total_steps; total_steps: T; warmup_steps: T_w, from 0 (no warm-up) to below T.
    Returns a Python number, the factor alone, not rounded. It is above 0 at the first step, and 1 at the last step of the
    warm-up.
    """
    raise NotImplementedError  # your code here


check(warmup_cosine)  # hint(warmup_cosine), solution(warmup_cosine), progress()

# %% [markdown] tags=["deeper"]
# ### `accuracy`
#
# 5 minutes, difficulty ●○○. The share of images that a model reads correctly: its answer is the class with the largest
# logit. The count is easy. The rest is manners: measure with dropout off, whatever mode the model comes in, record
# nothing for a `backward` that will not come, and leave the model as it was.


# %% tags=["deeper", "exercise"]
def accuracy(model: nn.Module, images: Tensor, labels: Tensor) -> float:
    """The share of images whose largest logit is the label's.

    model: makes logits (batch, classes) of images, and comes as a whole, with all its parts, in training or in eval mode;
    some of its parameters may be frozen; images: (batch, channels, height, width); labels: (batch,), class numbers.
    The model is measured in eval mode, and no graph for gradients is recorded. Afterwards it is as before: its mode, its
    parameters, which of them are frozen, gradients that wait in `.grad`, and all else that it keeps; and gradients are
    recorded again.
    Returns a Python number from 0 to 1.
    """
    raise NotImplementedError  # your code here


check(accuracy)  # hint(accuracy), solution(accuracy), progress()

# %% [markdown] tags=["deeper"]
# ### Train your own
#
# `my_vit.model(...)` makes the model of your functions, `my_vit.objective` uses your `cross_entropy`. What you have not
# written is the package's. From the same first weights, on the same batches, both must go the same way.


# %% tags=["deeper"]
def first_losses(model, **more):
    model.load_state_dict(new_model().state_dict())
    return [step.loss.item() for step in islice(fit(model, batches, **settings, **more), 20)]


mine = my_vit.model(**MODEL)
assert_close(first_losses(mine, objective=my_vit.objective), first_losses(new_model()), rtol=1e-3, atol=1e-4)
print(f"20 steps, {len(mine.mine())} of {len(my_vit.PIECES)} pieces yours: the losses of the package's model")

# %% [markdown] tags=["core"]
# ### Try it
#
# Experiments, to be done with *Touch: other settings* and one cell.
#
# **1.** Train at the learning rates 0.004 and 0.04, all else equal. What does the second curve do, and why?
#
# <details><summary>What to expect</summary>
#
# On 6,000 MNIST digits and 3 epochs the loss of the second hardly falls below 2, where the first comes to about 0.7; it gets 26 % of
# the test digits right, the first 76 %. AdamW moves each parameter by about the learning rate, and 0.04 is as large
# as many weights are. Clipping is no help: AdamW divides by the size of the gradient anyway.
#
# </details>
#
# **2.** Train with patch size 14, then with 4. Which is faster, which is better, and how many tokens has each?
#
# <details><summary>What to expect</summary>
#
# 14 makes 4 patches, so 5 tokens; 4 makes 50. The large patches are several times faster. In so short a run they are
# also better: 92 % against 76 % after 3 epochs on MNIST. A patch of 14 x 14 pixels shows a quarter of the
# digit at once; small ones must first learn to be put together. Raise the epochs: does the lead last?
#
# </details>
#
# **3.** Train once without a pause. Train again with the same settings, press *Stop* in the middle, wait, press *Resume*.
# Compare curves and final accuracy.
#
# <details><summary>What to expect</summary>
#
# The same, to the last digit. `fit` waits between two steps, its averages and the learning rate's place included. Order
# and shifts of the images depend on seed, epoch and image alone, not on when a step is made.
#
# </details>
#
# ## Recap
#
# - The first loss is a test: $\ln$ of the number of classes, exactly, where the head starts at zero.
# - A step: learning rate, forward, forget, backward, clip, move.
# - AdamW moves each parameter by about the learning rate, and keeps weight decay out of its averages.
# - Warm-up, then cosine: short steps at both ends.
# - Accuracy is one number. The mistakes say more.
#
# ## Quiz
#
# Click an answer: it says whether it is right, and why. Try the others, too.

# %% tags=["core"]
quiz("05")

# %% [markdown] tags=["deeper"]
# ## Deeper
#
# ### The first step moves the head alone
#
# A head that starts at zero has a price: no gradient passes through it. After the first backward, all gradients below
# the head are exactly zero; only the head moves. From the second step on, everything does.

# %% tags=["deeper", "nbval-check-output"]
fresh = new_model()
gradients = []
for _step in range(2):
    fresh.zero_grad()
    F.cross_entropy(fresh(test.images[:64]), test.labels[:64]).backward()
    gradients.append({name: bool((p.grad != 0).any()) for name, p in fresh.named_parameters() if p.grad is not None})
    with torch.no_grad():
        for p in fresh.parameters():
            if p.grad is not None:
                p -= 0.1 * p.grad
for step, nonzero in enumerate(gradients):
    moving = [name for name, moves in nonzero.items() if moves]
    print(f"step {step}: {len(moving)} of {len(nonzero)} tensors have a gradient", moving if len(moving) < 5 else "")

# %% [markdown] tags=["deeper"]
# ### Is warm-up needed?
#
# Often stated: *a ViT needs warm-up*. Four learning rates, three lengths of warm-up, five seeds each: this lesson's model at
# patch size 7, one pass over MNIST (938 steps). The large mark is a run made just now, with a sixth seed. Each band reaches
# from the worst seed to the best.

# %% tags=["deeper"]
from vitcourse.experiments import measure_again, measured_on, read_table
from vitcourse.plots import speed
from vitcourse.plots.bands import bands, percent
from vitcourse.plots.style import new_figure

WARMUPS = {0.0: "no warm-up", 0.05: "5 % of the steps", 0.2: "20 % of the steps"}
now = None
if data.name == "mnist":  # the table is of MNIST; other digits do not belong into it
    now = measure_again("warmup", lr=1e-2, warmup=0.2, updates=938, seed=5)
figure = new_figure(6.4, 3.2)
axes = figure.subplots()
bands(
    axes,
    read_table("warmup"),
    x="lr",
    y="accuracy",
    by="warmup",
    names=WARMUPS,
    now=now,
    xscale="log",
    xlabel="peak learning rate",
    title="test images that are right",
)
percent(axes.yaxis, 0)
picture(
    figure,
    alt="Test accuracy over the learning rate for three lengths of warm-up. Up to 0.003 they lie together; at 0.01 and 0.03 "
    "longer warm-up is far better.",
)

# %% tags=["deeper", "nbval-check-output"]
reached = read_table("warmup").groupby(["warmup", "lr"])["accuracy"].mean().unstack()
print("peak learning rate   ", *(f"{rate:8g}" for rate in reached.columns))
for share, name in WARMUPS.items():
    print(f"{name:21}", *(f"{mean:8.1%}" for mean in reached.loc[share]))
print(measured_on("warmup"))

# %% [markdown] tags=["deeper"]
# **Holds with limits.** At 0.001 warm-up makes no difference that five seeds can tell. At 0.003, the best rate here, it adds
# 0.5 points on average; the best seeds need none, but the worst ends at 97.1 % instead of 96.0 %. At 0.01 a run without it
# ends at 86.5 %, with it at 96.6 %. What warm-up buys is a wide range of rates that work: you need not find the best one.
# This is a model of four blocks in a short run; a deeper one may need it more.

# %% [markdown] tags=["deeper"]
# ### Does a ViT need AdamW?
#
# Often stated: *Vision Transformers are trained with AdamW*. AdamW sees a matrix as a heap of numbers, and moves each by
# about the learning rate. But a matrix acts on whole vectors. Its **singular value decomposition** $G = U \Sigma V^\top$ lists
# orthogonal directions $v_i$, the directions $u_i$ into which it turns them, and how strongly, $\sigma_i$.
#
# **Muon** (Jordan et al. 2024) steps along $U V^\top$: each direction alike. Its $G$ is a running average of the gradient,
# and it needs no decomposition. $a\,G + b\,G G^\top G + c\,(G G^\top)^2 G$ leaves $U$ and $V$ as they are, and makes
# $a\,\sigma + b\,\sigma^3 + c\,\sigma^5$ of each $\sigma$. Five times over, with the right $a$, $b$, $c$, all that are not tiny end near 1.
#
# Here is the gradient of one matrix of our model, early in its run, and what either makes of it in a first step. (AdamW's
# fraction is then the gradient's sign.)


# %% tags=["deeper"]
def each_direction_alike(gradient):
    X = gradient / gradient.norm()  # now no singular value is above 1
    for _ in range(5):
        S = X @ X.T
        X = 3.4445 * X + (-4.7750 * S + 2.0315 * S @ S) @ X  # the authors' a, b, c
    return X


early = new_model()
early.load_state_dict(snapshots[min(snapshots, key=lambda step: abs(step - 150))])
F.cross_entropy(early(train.images[:128]), train.labels[:128]).backward()
gradient = early.blocks[1].mlp.contract.weight.grad  # (64, 128)
first_steps = {"gradient": gradient, "AdamW": gradient.sign(), "Muon": each_direction_alike(gradient)}
values = {name: torch.linalg.svdvals(change).double() for name, change in first_steps.items()}
for name, sigma in values.items():
    share = (sigma[:4] ** 2).sum() / (sigma**2).sum()
    print(f"{name:9} {share:4.0%} of its squared length lies in 4 of {len(sigma)} directions")
picture(
    speed.spectra({name: sigma.tolist() for name, sigma in values.items()}),
    alt="Singular values as shares of the largest. The gradient's fall steeply, those of AdamW's step less, those of Muon's step "
    "stay near one almost to the end.",
)

# %% [markdown] tags=["deeper"]
# Four directions of 64 hold most of the gradient, and less of AdamW's step. To Muon a direction that shows weakly counts as
# much as a strong one. Does that pay? Runs of three lengths at three learning rates, five seeds each: this lesson's
# model at patch size 7. Muon takes the matrices of the blocks, AdamW all other parameters. Both are drawn at the rate that
# is best for them. The large mark is a run made just now, with a sixth seed.

# %% tags=["deeper"]
OPTIMIZERS = {"adamw": "AdamW", "muon": "Muon"}
muon = read_table("muon")
by_rate = muon.groupby(["optimizer", "lr", "updates"])["accuracy"].mean()
best = {one: by_rate[one].groupby("lr").mean().idxmax() for one in OPTIMIZERS}
drawn = muon[muon["lr"] == muon["optimizer"].map(best)]
now = None
if data.name == "mnist":
    now = measure_again("muon", optimizer="muon", lr=best["muon"], updates=235, seed=5)
figure = new_figure(6.4, 3.2)
axes = figure.subplots()
bands(
    axes,
    drawn,
    x="updates",
    y="accuracy",
    by="optimizer",
    names=OPTIMIZERS,
    now=now,
    xscale="log",
    xlabel="steps of the run",
    title="test images that are right",
)
percent(axes.yaxis, 0)
picture(
    figure,
    alt="Test accuracy over the length of the run. Muon's line lies above AdamW's; the shorter the run, the more.",
)

# %% tags=["deeper", "nbval-check-output"]
print("steps of the run              ", *(f"{updates:7}" for updates in (235, 469, 938)))
for one, name in OPTIMIZERS.items():
    for rate, row in by_rate[one].unstack().iterrows():
        print(f"{name:6} learning rate {rate:5g}     ", *(f"{mean:7.1%}" for mean in row))
print(measured_on("muon"))

# %% [markdown] tags=["deeper"]
# **Does not hold as stated.** In all 45 pairs of runs with the same rate, length and seed Muon ends higher. At 0.003, the best
# rate for both, 235 steps of Muon reach what AdamW reaches in 469: 95.6 %. But a run of Muon takes 1.2 to 1.3 times as long:
# fifteen more products of matrices for each matrix and step. And this is a small model in short runs. The published ViTs
# were trained with Adam (Dosovitskiy et al. 2021, section 4.1) or AdamW (DeiT, Touvron et al. 2021).
#
# Both rates were chosen among the same three, by the very test images that are drawn.

# %% [markdown] tags=["deeper"]
# ### Bug museum
#
# Mistakes found in published ViT code. None of them raises an error. Each room shows what gives it away.
#
# **Dropout left on.** `model.eval()` was forgotten before testing. We train our model a little further with dropout 0.2,
# then test it both ways.

# %% tags=["deeper"]
dropping = new_model(dropout=0.2)
dropping.load_state_dict(model.state_dict())
for _ in fit(dropping, Batches(train[:3200], batch_size=64, seed=1), epochs=1, lr=1e-3):
    pass
part = test[:300]


def share_right(model):
    with torch.no_grad():
        return (model(part.images).argmax(dim=1) == part.labels).float().mean().item()


torch.manual_seed(0)
print(f"model.eval()   {share_right(dropping.eval()):.1%}, and again {share_right(dropping):.1%}")
print(f"model.train()  {share_right(dropping.train()):.1%}, and again {share_right(dropping):.1%}")

# %% [markdown] tags=["deeper"]
# What gives it away: the same model on the same images gives two different figures. `evaluate` switches to `eval()` and
# back.
#
# **Labels shuffled apart from images.** Both were shuffled, each in its own order.

# %% tags=["deeper"]
generator = torch.Generator().manual_seed(0)
apart = Split(train.images[:1024], train.labels[:1024][torch.randperm(1024, generator=generator)])
curves_apart = {}
for name, split in (("together", train[:1024]), ("apart", apart)):
    trained = new_model()
    curves_apart[name] = [float(p.loss) for p in fit(trained, Batches(split, batch_size=64), epochs=3, lr=2e-3)]
    last = sum(curves_apart[name][-16:]) / 16
    print(
        f"{name:9} first loss {curves_apart[name][0]:.2f}, mean of the last 16 {last:.2f}   (ln 10 = {math.log(10):.2f})"
    )

# %% [markdown] tags=["deeper"]
# What gives it away: the loss stays at guessing. Given many epochs, a large model learns even such labels by heart, and
# the training loss does fall; the test accuracy stays at a tenth.
#
# **A warm-up that is announced and never made.** The scheduler is built, its name is printed, and nobody calls its
# `step()`.

# %% tags=["deeper", "nbval-check-output"]
parameter = nn.Parameter(torch.zeros(1))
optimizer = torch.optim.AdamW([parameter], lr=2e-3)
scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: training.warmup_cosine(step, 1000, 200))
used = []
for _step in range(1000):
    used.append(optimizer.param_groups[0]["lr"])
    optimizer.step()  # scheduler.step() is missing
print("intended: first", 2e-3 / 200, "peak", 2e-3, "  used: smallest", min(used), "largest", max(used))

# %% [markdown] tags=["deeper"]
# With this scheduler the whole run stays at the first step of the warm-up, a two-hundredth of the peak; the loss falls,
# slowly, and nothing looks broken. Where the rate is set by hand it is the other way round, and the warm-up is what is missing.
# What gives it away: plot the learning rate that each step *used*, as the curves above do, not the one intended.
#
# **A seed in one library, while another draws.** The run is "seeded", but the augmentation takes its numbers from
# Python's own `random`.


# %% tags=["deeper", "nbval-check-output"]
def shifts(count):
    torch.manual_seed(0)  # "for reproducibility"
    return [random.randint(-2, 2) for _ in range(count)]


print("two runs alike, one seed set: ", shifts(50) == shifts(50))
twice = [next(iter(batches.epoch(1))) for _ in range(2)]
print("two runs alike, our batches:  ", torch.equal(twice[0][0], twice[1][0]))

# %% [markdown] tags=["deeper"]
# Our batches draw from no library's hidden state: order and shifts are computed from (seed, epoch, index).
#
# **The mean used as standard deviation.** Inputs are often normalized to mean 0 and standard deviation 1. Here somebody
# divides by the mean.

# %% tags=["deeper"]
mean, deviation = train.images[:5000].mean(), train.images[:5000].std()
for name, divisor in (("right", deviation), ("wrong", mean)):
    inputs = (test.images[:1000] - mean) / divisor
    print(f"{name}: divided by {divisor:.3f}, the inputs have standard deviation {inputs.std():.2f}")

# %% [markdown] tags=["deeper"]
# What gives it away: print mean and standard deviation of a batch, once. This course feeds pixels from 0 to 1 as they
# are; the first norm within each block does the rest.

# %% [markdown] tags=["core"]
# ## Papers
#
# - I. Loshchilov, F. Hutter. *Decoupled Weight Decay Regularization.* ICLR 2019. arXiv:1711.05101. AdamW.
# - D. P. Kingma, J. Ba. *Adam: A Method for Stochastic Optimization.* ICLR 2015. arXiv:1412.6980.
# - K. Jordan et al. *Muon: An optimizer for hidden layers in neural networks.* 2024. kellerjordan.github.io/posts/muon.
# - I. Loshchilov, F. Hutter. *SGDR: Stochastic Gradient Descent with Warm Restarts.* ICLR 2017. arXiv:1608.03983. The
#   cosine (equation 5).
# - P. Goyal et al. *Accurate, Large Minibatch SGD: Training ImageNet in 1 Hour.* 2017. arXiv:1706.02677. Linear warm-up.
# - R. Pascanu, T. Mikolov, Y. Bengio. *On the difficulty of training recurrent neural networks.* ICML 2013.
#   arXiv:1211.5063. Clipping the norm of the gradient.
# - A. Dosovitskiy et al. *An Image is Worth 16x16 Words: Transformers for Image Recognition at Scale.* ICLR 2021.
#   arXiv:2010.11929. A head that starts at zero (section 3.2, for fine-tuning).
# - C. Zhang, S. Bengio, M. Hardt, B. Recht, O. Vinyals. *Understanding deep learning requires rethinking
#   generalization.* ICLR 2017. arXiv:1611.03530. Random labels learned by heart.
# - Y. LeCun, L. Bottou, Y. Bengio, P. Haffner. *Gradient-Based Learning Applied to Document Recognition.* Proceedings of
#   the IEEE 86(11), 1998. MNIST.
