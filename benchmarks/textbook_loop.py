"""The plain loop of tutorials, run alone: patch 4, dim 192, depth 6, 3 heads, ten epochs on MNIST. Over half an hour.

python benchmarks/textbook_loop.py [--epochs 10]

Images pass one by one through torchvision's transforms, attention is an explicit softmax that hands its maps up,
AdamW at 3e-4 follows a cosine without warm-up, dropout is 0.1, the batch 128, the precision float32.
"""

from __future__ import annotations

import time

import torch
import torch.nn.functional as F
from PIL import Image
from textbook_vit import TextbookViT
from torch.utils.data import DataLoader, Dataset
from torchvision import transforms

from vitcourse import VisionTransformer
from vitcourse.data import Split, load

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


def train(epochs: int, seed: int = 0, images: int | None = None) -> list[dict[str, float]]:
    """One run: for each epoch the training seconds so far (evaluation left out) and the test accuracy."""
    data = load("mnist")
    torch.manual_seed(seed)
    model = TextbookViT(VisionTransformer(**MODEL), dropout=0.1)  # type: ignore[arg-type]
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-4)
    scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, epochs)
    loader = DataLoader(Pictures(data.train[:images] if images else data.train), batch_size=128, shuffle=True)
    test = DataLoader(Pictures(data.test[:images] if images else data.test), batch_size=128)
    seconds, rows = 0.0, []
    for epoch in range(1, epochs + 1):
        started = time.perf_counter()
        model.train()
        for pictures, labels in loader:
            optimizer.zero_grad()
            loss = F.cross_entropy(model(pictures)[0], labels)
            loss.backward()
            optimizer.step()
        scheduler.step()
        seconds += time.perf_counter() - started
        rows.append(dict(epoch=epoch, seconds=seconds, accuracy=accuracy(model, test)))
        print(f"epoch {epoch}: {seconds:.0f} s, {rows[-1]['accuracy']:.2%}", flush=True)
    return rows


def accuracy(model: TextbookViT, loader: DataLoader) -> float:
    """Share of the images that are right."""
    model.eval()
    with torch.no_grad():
        right = sum(int((model(pictures)[0].argmax(1) == labels).sum()) for pictures, labels in loader)
    return right / len(loader.dataset)  # type: ignore[arg-type]
