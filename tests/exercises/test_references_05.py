"""Lesson 05's references against torch, and other ways to write each answer, which pass as well."""

from __future__ import annotations

import math

import pytest
import torch
import torch.nn.functional as F
from answers import answer
from torch import nn
from torch.testing import assert_close

from vitcourse.data import Split
from vitcourse.exercises.bank.accuracy import accuracy
from vitcourse.exercises.bank.cross_entropy import cross_entropy
from vitcourse.exercises.bank.train_step import train_step
from vitcourse.exercises.catalog import find
from vitcourse.exercises.check import _judged
from vitcourse.training import evaluate


@pytest.mark.parametrize(("batch", "classes", "size"), [(5, 3, 1.0), (1, 10, 3.0), (4, 7, 1e3)])
def test_cross_entropy_is_torchs(batch, classes, size):
    logits = (size * torch.randn(batch, classes, generator=torch.Generator().manual_seed(0))).requires_grad_()
    labels = torch.arange(batch) % classes
    assert_close(cross_entropy(logits, labels), F.cross_entropy(logits, labels))
    ours, theirs = (torch.autograd.grad(loss(logits, labels), logits) for loss in (cross_entropy, F.cross_entropy))
    assert_close(ours, theirs)


def test_train_step_is_plain_gradient_descent():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Flatten(), nn.Linear(6, 3)).eval()
    images, labels = torch.randn(4, 1, 2, 3), torch.tensor([0, 2, 1, 1])
    loss = F.cross_entropy(model(images), labels)
    moved = [
        p - 0.1 * g for p, g in zip(model.parameters(), torch.autograd.grad(loss, model.parameters()), strict=True)
    ]
    assert train_step(model, torch.optim.SGD(model.parameters(), lr=0.1), images, labels) == pytest.approx(loss.item())
    assert_close(list(model.parameters()), moved)
    assert model.training


@pytest.mark.parametrize("training", [True, False])
def test_accuracy_is_evaluates(training):
    torch.manual_seed(0)
    model = nn.Sequential(nn.Flatten(), nn.Linear(6, 50), nn.Dropout(0.5), nn.Linear(50, 3)).train(training)
    images, labels = torch.randn(40, 1, 2, 3), torch.randint(3, (40,))
    assert accuracy(model, images, labels) == evaluate(model, Split(images, labels)).accuracy
    assert model.training is training


RIGHT = {
    "cross_entropy": """
        def cross_entropy(logits, labels):
            return -F.log_softmax(logits, dim=1).gather(1, labels[:, None]).mean()
        ---
        def cross_entropy(logits, labels):
            shifted = logits - logits.max(dim=1, keepdim=True).values
            log_p = shifted - torch.log(torch.exp(shifted).sum(dim=1, keepdim=True))
            truth = F.one_hot(labels, logits.shape[1]).to(logits)
            return -(truth * log_p).sum() / len(labels)
        ---
        def cross_entropy(logits, labels):
            losses = [row.logsumexp(dim=0) - row[label] for row, label in zip(logits, labels)]
            return torch.stack(losses).mean()
        ---
        def cross_entropy(logits, labels):
            total = 0
            for i in range(logits.shape[0]):
                top = logits[i].max()
                total = total + top + (logits[i] - top).exp().sum().log() - logits[i, labels[i]]
            return total / logits.shape[0]
        ---
        def cross_entropy(logits: Tensor, labels: Tensor) -> Tensor:
            true = torch.einsum("bc,bc->b", logits, nn.functional.one_hot(labels, logits.size(-1)).type_as(logits))
            return torch.mean(torch.logsumexp(logits, -1) - true)
    """,
    "warmup_cosine": """
        def warmup_cosine(step, total_steps, warmup_steps):
            if step < warmup_steps:
                return (step + 1) / warmup_steps
            return (1 + math.cos(math.pi * (step - warmup_steps) / (total_steps - warmup_steps))) / 2
        ---
        def warmup_cosine(step, total_steps, warmup_steps):
            share = (step - warmup_steps) / (total_steps - warmup_steps)
            return (step + 1) / warmup_steps if share < 0 else math.cos(math.pi / 2 * share) ** 2
        ---
        def warmup_cosine(step, total_steps, warmup_steps):
            if step + 1 <= warmup_steps:
                return min(1, (step + 1) / max(1, warmup_steps))
            angle = torch.tensor(math.pi * (step - warmup_steps) / (total_steps - warmup_steps), dtype=torch.float64)
            return (0.5 + 0.5 * angle.cos()).item()
        ---
        import numpy as np

        def warmup_cosine(step, total_steps, warmup_steps):
            up = np.linspace(0, 1, warmup_steps + 1)[1:]
            down = 0.5 * (1 + np.cos(np.pi * np.arange(total_steps - warmup_steps) / (total_steps - warmup_steps)))
            return np.concatenate([up, down])[step]
    """,
    "train_step": """
        def train_step(model, optimizer, images, labels):
            model.train()
            logits = model(images)
            loss = nn.CrossEntropyLoss()(logits, labels)
            model.zero_grad()
            loss.backward()
            optimizer.step()
            return float(loss)
        ---
        def train_step(model, optimizer, images, labels):
            for parameter in model.parameters():
                parameter.grad = None
            model.train(True)
            loss = F.nll_loss(F.log_softmax(model(images), dim=-1), labels)
            before = loss.detach().item()
            loss.backward()
            optimizer.step()
            optimizer.zero_grad()
            return before
        ---
        def train_step(model, optimizer, images, labels):
            optimizer.zero_grad(set_to_none=False)
            if not model.training:
                model.train()
            log_p = model(images).log_softmax(dim=1)
            loss = -log_p[range(len(labels)), labels].mean()
            loss.backward()
            optimizer.step()
            return loss.detach().cpu().numpy().item()
        ---
        def train_step(model, optimizer, images, labels):
            model.train()

            def closure():
                optimizer.zero_grad()
                loss = F.cross_entropy(model(images), labels)
                loss.backward()
                return loss

            return optimizer.step(closure).item()
        ---
        def train_step(model, optimizer, images, labels):
            model.train()
            parameters = list(model.parameters())
            loss = F.cross_entropy(model(images), labels, reduction="sum") / len(images)
            for p, gradient in zip(parameters, torch.autograd.grad(loss, parameters)):
                p.grad = gradient
            optimizer.step()
            return loss.item()
        ---
        def train_step(model, optimizer, images, labels):
            model.train()
            optimizer.zero_grad()
            losses = F.cross_entropy(model(images), labels, reduction="none")
            for loss in losses:
                (loss / len(losses)).backward(retain_graph=True)
            optimizer.step()
            return sum(losses.tolist()) / len(losses)
    """,
    "accuracy": """
        @torch.no_grad()
        def accuracy(model, images, labels):
            mode = model.training
            model.eval()
            answers = model(images).argmax(dim=-1)
            model.train(mode)
            return (answers == labels).float().mean().item()
        ---
        def accuracy(model, images, labels):
            was_training = model.training
            try:
                model.eval()
                with torch.inference_mode():
                    _, answers = model(images).max(1)
                return answers.eq(labels).sum().item() / labels.numel()
            finally:
                if was_training:
                    model.train()
        ---
        def accuracy(model, images, labels):
            modes = [(module, module.training) for module in model.modules()]
            model.train(False)
            right = 0
            with torch.no_grad():
                for image, label in zip(images, labels):
                    right += int(model(image[None])[0].softmax(dim=0).argmax() == label)
            for module, mode in modes:
                module.training = mode
            return right / images.shape[0]
        ---
        import copy
        import numpy as np

        def accuracy(model, images, labels):
            still = copy.deepcopy(model).eval()
            with torch.no_grad():
                order = still(images).argsort(dim=1, descending=True)
            return float(np.mean(order[:, 0].numpy() == labels.numpy()))
        ---
        def accuracy(model, images, labels):
            was = model.training
            flags = [(p, p.requires_grad) for p in model.parameters()]
            model.eval().requires_grad_(False)
            right = 0
            for x, y in zip(images.split(64), labels.split(64)):
                right += (model(x).argmax(1) == y).sum().item()
            for p, flag in flags:
                p.requires_grad_(flag)
            model.train(was)
            return right / len(labels)
    """,
}
CASES = [(name, number, text) for name, texts in RIGHT.items() for number, text in enumerate(texts.split("---"), 1)]


@pytest.mark.parametrize(("name", "number", "text"), CASES, ids=[f"{name} {number}" for name, number, _ in CASES])
def test_other_ways_pass(name, number, text):
    result = _judged(find(name), answer(text, name))
    assert result.passed, result.message
    assert "PyTorch's own" not in result.message


@pytest.mark.parametrize(
    "call",
    [
        "F.cross_entropy(logits, labels)",
        "nn.CrossEntropyLoss()(logits, labels)",
        "F.nll_loss(logits.log_softmax(1), labels)",
    ],
)
def test_torchs_own_loss_passes_with_a_line(call):
    result = _judged(find("cross_entropy"), answer(f"def cross_entropy(logits, labels):\n    return {call}"))
    assert result.passed
    assert "in one call" in result.message


def test_a_curve_of_the_schedule_is_that_of_the_lesson():
    reference = find("warmup_cosine").reference
    assert [round(reference(step, 10, 3), 2) for step in range(10)] == [
        0.33, 0.67, 1.0, 1.0, 0.95, 0.81, 0.61, 0.39, 0.19, 0.05,
    ]  # fmt: skip
    assert reference(6, 11, 4) == pytest.approx(0.5 * (1 + math.cos(math.pi * 2 / 7)))


STEP = """
def train_step(model, optimizer, images, labels):
    {before}
    model.train()
    optimizer.zero_grad()
    loss = F.cross_entropy(model(images), labels)
    loss.backward()
    {between}
    optimizer.step()
    {after}
    return loss.item()
"""
EFFECTS = [
    ("learning rate afterwards", dict(after='optimizer.param_groups[0]["lr"] *= 0.9')),
    ("learning rate in the step", dict(before='optimizer.param_groups[0]["lr"] *= 2')),
    ("what moves the parameters", dict(before="optimizer = torch.optim.SGD(model.parameters(), lr=0.01)")),
    ("what moves the parameters", dict(after="model[1].weight.data -= 0.1 * model[1].weight.grad")),
    ("length of the whole gradient", dict(between="torch.nn.utils.clip_grad_norm_(model.parameters(), 0.5)")),
    ("parameters that have a gradient", dict(between="model[1].weight.grad = None")),
]


@pytest.mark.parametrize(("said", "lines"), EFFECTS)
def test_a_step_that_does_more_is_seen(said, lines):
    source = STEP.format(**(dict.fromkeys(("before", "between", "after"), "pass") | lines))
    result = _judged(find("train_step"), answer(source))
    assert result.passed is False
    assert said in result.message


def test_a_hook_left_on_the_measured_model_is_seen():
    source = """
        def accuracy(model, images, labels):
            was = model.training
            model.eval().register_forward_hook(lambda *_: None)
            with torch.no_grad():
                right = model(images).argmax(dim=1) == labels
            model.train(was)
            return right.float().mean().item()
    """
    result = _judged(find("accuracy"), answer(source))
    assert result.passed is False
    assert "hooks" in result.message


@pytest.mark.parametrize(
    ("name", "line", "failed"),
    [
        ("cross_entropy", "-logits.softmax(1).clamp(min=1e-8).log().gather(1, labels[:, None]).mean()", "no ceiling"),
        ("cross_entropy", "F.cross_entropy(logits / 2, labels)", "the given logits"),
        ("cross_entropy", "F.cross_entropy(logits[:1], labels[:1])", "all images count"),
        (
            "warmup_cosine",
            "1e-3 * vc.training.warmup_cosine(step, total_steps, warmup_steps)",
            "a factor, not a learning rate",
        ),
        ("warmup_cosine", "round(vc.training.warmup_cosine(step, total_steps, warmup_steps), 2)", "not rounded"),
    ],
)  # fmt: skip
def test_what_is_no_misconception_is_named_by_a_property(name, line, failed):
    signature = find(name).stub
    result = _judged(
        find(name), answer(f"import vitcourse.training\n\ndef {name}{signature}:\n    return {line}", name)
    )
    assert result.passed is False
    assert result.failed == failed
