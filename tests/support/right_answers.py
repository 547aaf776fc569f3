"""A right answer to each exercise, as a learner may write it; imports are those of `answers.IMPORTS`."""

ANSWERS = {
    "patchify": """
def patchify(images: Tensor, patch_size: int) -> Tensor:
    b, c, height, width = images.shape
    p = patch_size
    cut = images.reshape(b, c, height // p, p, width // p, p)
    return cut.permute(0, 2, 4, 1, 3, 5).reshape(b, -1, c * p * p)
""",
    "unpatchify": """
def unpatchify(patches: Tensor, patch_size: int, img_size: tuple[int, int]) -> Tensor:
    height, width = img_size
    p = patch_size
    b, _, length = patches.shape
    cells = patches.reshape(b, height // p, width // p, length // (p * p), p, p)
    return cells.permute(0, 3, 1, 4, 2, 5).reshape(b, -1, height, width)
""",
    "project_patches": """
def project_patches(patches: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    return patches @ weight.reshape(len(weight), -1).T + bias
""",
    "attention_weights": """
def attention_weights(q: Tensor, k: Tensor) -> Tensor:
    scores = torch.einsum("...qd,...kd->...qk", q, k) / math.sqrt(q.shape[-1])
    return F.softmax(scores, dim=-1)
""",
    "split_heads": """
def split_heads(x: Tensor, num_heads: int) -> Tensor:
    batch, tokens, dim = x.shape
    return x.reshape(batch, tokens, num_heads, dim // num_heads).transpose(1, 2)
""",
    "merge_heads": """
def merge_heads(x: Tensor) -> Tensor:
    return x.transpose(1, 2).flatten(2)
""",
    "multi_head_attention": """
def multi_head_attention(
    x: Tensor, qkv_weight: Tensor, qkv_bias: Tensor, out_weight: Tensor, out_bias: Tensor, num_heads: int
) -> Tensor:
    parts = F.linear(x, qkv_weight, qkv_bias).chunk(3, dim=-1)
    q, k, v = (vc.split_heads(part, num_heads) for part in parts)
    mixed = vc.merge_heads(vc.attention_weights(q, k) @ v)
    return F.linear(mixed, out_weight, out_bias)
""",
    "sincos_2d": """
def sincos_2d(rows: int, cols: int, dim: int) -> Tensor:
    frequencies = 10_000 ** (-4 * torch.arange(dim // 4, dtype=torch.float64) / dim)
    y, x = torch.meshgrid(torch.arange(rows).double(), torch.arange(cols).double(), indexing="ij")
    by_row, by_col = y.reshape(-1, 1) * frequencies, x.reshape(-1, 1) * frequencies
    return torch.cat([by_row.sin(), by_row.cos(), by_col.sin(), by_col.cos()], dim=1).float()
""",
    "relative_bias": """
def relative_bias(table: Tensor, rows: int, cols: int) -> Tensor:
    cells = [(r, c) for r in range(rows) for c in range(cols)]
    out = table.new_zeros(len(table), len(cells) + 1, len(cells) + 1)
    for q, (r, c) in enumerate(cells):
        for k, (s, t) in enumerate(cells):
            out[:, q + 1, k + 1] = table[:, (r - s + rows - 1) * (2 * cols - 1) + c - t + cols - 1]
    out[:, 0, 1:] = table[:, -3:-2]
    out[:, 1:, 0] = table[:, -2:-1]
    out[:, 0, 0] = table[:, -1]
    return out
""",
    "layer_norm": """
def layer_norm(x: Tensor, weight: Tensor, bias: Tensor, eps: float) -> Tensor:
    centered = x - x.mean(dim=-1, keepdim=True)
    variance = (centered * centered).mean(dim=-1, keepdim=True)
    return centered * torch.rsqrt(variance + eps) * weight + bias
""",
    "pre_norm_block": """
def pre_norm_block(x, norm1, attention, norm2, mlp):
    x = attention(norm1(x)) + x
    return mlp(norm2(x)) + x
""",
    "embed_tokens": """
def embed_tokens(patches: Tensor, class_token: Tensor, positions: Tensor) -> Tensor:
    first = class_token.repeat(patches.shape[0], 1, 1)
    return torch.cat((first, patches), dim=1) + positions
""",
    "count_parameters": """
def count_parameters(model: nn.Module) -> int:
    total = 0
    for parameter in model.parameters():
        total += parameter.numel()
    return total
""",
    "interpolate_positions": """
def interpolate_positions(positions: Tensor, old_grid: tuple[int, int], new_grid: tuple[int, int]) -> Tensor:
    rows, cols = old_grid
    prefix = positions.shape[1] - rows * cols
    grid = positions[:, prefix:].reshape(1, rows, cols, -1).permute(0, 3, 1, 2).float()
    grid = F.interpolate(grid, size=new_grid, mode="bicubic", antialias=True)
    codes = grid.permute(0, 2, 3, 1).flatten(1, 2).to(positions.dtype)
    return torch.cat([positions[:, :prefix], codes], dim=1)
""",
    "cross_entropy": """
def cross_entropy(logits: Tensor, labels: Tensor) -> Tensor:
    chosen = logits.gather(1, labels[:, None])[:, 0]
    return (torch.logsumexp(logits, dim=1) - chosen).mean()
""",
    "warmup_cosine": """
def warmup_cosine(step: int, total_steps: int, warmup_steps: int) -> float:
    if step < warmup_steps:
        return (step + 1) / warmup_steps
    return (1 + math.cos(math.pi * (step - warmup_steps) / (total_steps - warmup_steps))) / 2
""",
    "train_step": """
def train_step(model: nn.Module, optimizer: torch.optim.Optimizer, images: Tensor, labels: Tensor) -> float:
    model.train()
    optimizer.zero_grad()
    loss = F.cross_entropy(model(images), labels)
    loss.backward()
    optimizer.step()
    return loss.item()
""",
    "accuracy": """
def accuracy(model: nn.Module, images: Tensor, labels: Tensor) -> float:
    was_training = model.training
    model.eval()
    with torch.no_grad():
        right = model(images).argmax(dim=1) == labels
    model.train(was_training)
    return right.float().mean().item()
""",
    "class_attention_map": """
def class_attention_map(attention: Tensor, grid: tuple[int, int]) -> Tensor:
    rows, cols = grid
    return attention[:, :, 0, 1:].reshape(*attention.shape[:2], rows, cols)
""",
    "rollout": """
def rollout(maps: list[Tensor]) -> Tensor:
    identity = torch.eye(maps[0].shape[-1], dtype=maps[0].dtype, device=maps[0].device)
    total = identity
    for attention in maps:
        total = (attention.mean(dim=1) + identity) / 2 @ total
    return total
""",
    "attention_distance": """
def attention_distance(attention: Tensor, grid: tuple[int, int]) -> Tensor:
    rows, cols = grid
    prefix = attention.shape[-1] - rows * cols
    weights = attention[:, :, prefix:, prefix:]
    weights = weights / weights.sum(dim=-1, keepdim=True)
    places = torch.cartesian_prod(torch.arange(rows), torch.arange(cols)).to(attention)
    return (weights * torch.cdist(places, places)).sum(dim=-1).mean(dim=-1)
""",
    "conv2d": """
def conv2d(images: Tensor, weight: Tensor, bias: Tensor, stride: int, padding: int) -> Tensor:
    padded = F.pad(images, (padding, padding, padding, padding))
    filters, _, rows, cols = weight.shape
    windows = padded.unfold(2, rows, stride).unfold(3, cols, stride)
    return torch.einsum("bchwij,fcij->bfhw", windows, weight) + bias[:, None, None]
""",
    "equivariance_error": """
def equivariance_error(features, images: Tensor, pixels: int) -> float:
    before = features(images)
    after = features(vc.comparison.translate(images, pixels))
    moved = vc.comparison.translate(before, pixels * before.shape[-1] / images.shape[-1])
    spread = before - before.mean(dim=(2, 3), keepdim=True)
    return ((after - moved).norm() / spread.norm()).item()
""",
    "attention_as_convolution": """
def attention_as_convolution(pixels: Tensor, maps: Tensor, weight: Tensor) -> Tensor:
    total = 0
    for head, attention in enumerate(maps):
        total = total + attention @ pixels @ weight.flatten(2)[:, :, head].T
    return total
""",
}
