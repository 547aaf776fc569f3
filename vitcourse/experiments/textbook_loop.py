"""The plain loop of tutorials: patch 4, dim 192, depth 6, 3 heads, ten epochs on MNIST. Over half an hour.

Images pass one by one through torchvision's transforms, attention is an explicit softmax that hands its maps up,
AdamW at 3e-4 follows a cosine without warm-up, dropout is 0.1, the batch 128, the precision float32.
"""

from __future__ import annotations

import time
from collections.abc import Iterator

import torch
import torch.nn.functional as F
from PIL import Image
from torch.utils.data import DataLoader, Dataset
from torchvision import transforms

from ..data import Split
from ..vit import VisionTransformer
from .textbook_vit import TextbookViT

MODEL = dict(img_size=28, patch_size=4, in_channels=1, num_classes=10, embed_dim=192, depth=6, num_heads=3, mlp_ratio=2)


class Pictures(Dataset):
    """MNIST as torchvision hands it out: a picture, transformed when it is asked for."""

    def __init__(self, split: Split) -> None:
        self.bytes = (split.images[:, 0] * 255).round().to(torch.uint8).numpy()
        self.labels = split.labels.tolist()
        self.transform = transforms.Compose([transforms.ToTensor(), transforms.Normalize((0.1307,), (0.3081,))])

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, which: int):
        return self.transform(Image.fromarray(self.bytes[which])), self.labels[which]


def train_plainly(train: Split, test: Split, *, epochs: int, seed: int) -> Iterator[tuple[int, float, float]]:
    """After each epoch: steps and seconds of training so far, evaluation left out, and the test accuracy."""
    torch.manual_seed(seed)
    model = TextbookViT(VisionTransformer(**MODEL), dropout=0.1)  # type: ignore[arg-type]
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-4)
    scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, epochs)
    batches = DataLoader(Pictures(train), batch_size=128, shuffle=True)
    held_out = DataLoader(Pictures(test), batch_size=128)
    steps, seconds = 0, 0.0
    for _ in range(epochs):
        started = time.perf_counter()
        model.train()
        for pictures, labels in batches:
            optimizer.zero_grad()
            loss = F.cross_entropy(model(pictures)[0], labels)
            loss.backward()
            optimizer.step()
            steps += 1
        scheduler.step()
        seconds += time.perf_counter() - started
        yield steps, seconds, accuracy(model, held_out)


def accuracy(model: TextbookViT, batches: DataLoader) -> float:
    """Share of the images that are right."""
    model.eval()
    with torch.no_grad():
        right = sum(int((model(pictures)[0].argmax(1) == labels).sum()) for pictures, labels in batches)
    return right / len(batches.dataset)  # type: ignore[arg-type]
