"""Two processes give what one gives, also when the last batch does not divide evenly."""

from __future__ import annotations

import multiprocessing
import socket

import pytest
import torch

from vitcourse import VisionTransformer
from vitcourse.data import Batches, Split, random_shift
from vitcourse.training import fit


def train(optimizer: str) -> list[torch.Tensor]:
    torch.set_num_threads(1)
    generator = torch.Generator().manual_seed(0)
    # 33 images in batches of 16: the last batch holds one, so that the second process has none of it.
    split = Split(torch.rand(33, 1, 8, 8, generator=generator), torch.randint(0, 3, (33,), generator=generator))
    model = VisionTransformer(
        img_size=8, patch_size=4, in_channels=1, num_classes=3, embed_dim=16, depth=1, num_heads=2, mlp_ratio=2.0
    )
    batches = Batches(split, batch_size=16, seed=1, augment=random_shift(1))
    losses = [p.loss for p in fit(model, batches, epochs=2, lr=1e-2, optimizer=optimizer)]
    # Logits, not weights: the gradient of a key's bias is zero but for rounding, which Adam blows up to full steps.
    with torch.no_grad():
        return [torch.stack(losses), model(split.images)]


def worker(rank: int, world: int, port: int, optimizer: str, queue) -> None:
    store = torch.distributed.TCPStore("127.0.0.1", port, world, is_master=rank == 0)
    torch.distributed.init_process_group("gloo", store=store, rank=rank, world_size=world)
    torch.manual_seed(rank)  # the first process's weights must win
    result = train(optimizer)
    if rank == 0:
        queue.put([t.numpy() for t in result])
    torch.distributed.destroy_process_group()


@pytest.mark.timeout(120)
@pytest.mark.parametrize("optimizer", ["adamw", "muon"])
def test_two_processes_equal_one(optimizer):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    context = multiprocessing.get_context("spawn")
    queue = context.Queue()
    processes = [context.Process(target=worker, args=(rank, 2, port, optimizer, queue)) for rank in range(2)]
    for process in processes:
        process.start()
    together = queue.get(timeout=100)
    for process in processes:
        process.join()
        assert process.exitcode == 0

    torch.manual_seed(0)
    alone = train(optimizer)
    for a, b in zip(alone, together, strict=True):
        torch.testing.assert_close(torch.from_numpy(b), a, rtol=1e-4, atol=1e-5)
