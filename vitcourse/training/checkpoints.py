"""Weights and training state in one safetensors file, written whole or not at all."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn

from ..cnn import ConvNet
from ..files import write_whole
from ..pair_model import PairFinder
from ..vit import VisionTransformer

_MODELS: dict[str, type[nn.Module]] = {cls.__name__: cls for cls in (VisionTransformer, ConvNet, PairFinder)}
_SHIPPED = Path(__file__).parent.parent / "weights"
_OPTIMIZER = "optimizer."
_NOT_STATED = "not stated"


def save_checkpoint(
    path: str | Path,
    model: nn.Module,
    *,
    optimizer: Any = None,
    step: int = 0,
    settings: Mapping[str, Any] | None = None,
    report: Mapping[str, Any] | None = None,
) -> None:
    """Write the model, and if given the optimizer's state, to ``path``.

    The file is written beside its place and then moved there, so that a full disk or an interrupt leaves an older
    file whole.

    Args:
        path: where to; parent directories must exist.
        model: its ``config``, if it has one, is kept so that :func:`load_checkpoint` can build it again.
        optimizer: of torch, or one that ``make_optimizer`` gave, for a run that shall go on.
        step: steps done so far.
        settings: of the run; a resumed run must have the same.
        report: anything that JSON can hold and a reader should know: data, accuracy, seconds.

    Raises:
        OSError: the file cannot be written; says which, and that what was there before is untouched.
    """
    path = Path(path)
    tensors = {name: t.detach().cpu().contiguous() for name, t in model.state_dict().items()}
    if optimizer is not None:
        tensors |= _optimizer_tensors(model, optimizer)
    header = dict(
        model=_kind(model),
        config=getattr(model, "config", None),
        step=step,
        settings=dict(settings or {}),
        report=dict(report or {}),
    )
    data = save(tensors, metadata={"vitcourse": json.dumps(header, sort_keys=True)})
    try:
        write_whole(path, data)
    except OSError as error:
        raise OSError(
            error.errno,
            f"cannot save the checkpoint ({error.strerror}); what was at this path before is untouched: "
            "free some space, or choose a directory that can be written",
            str(path),
        ) from error


def load_checkpoint(path: str | Path) -> Any:
    """Build the model of a checkpoint and give it its weights; in evaluation mode, on the CPU.

    Args:
        path: a file that ``save_checkpoint`` wrote, or the name of one that the course ships: "mnist", "pairs".

    Raises:
        FileNotFoundError: no such file, and no such shipped checkpoint.
        ValueError: a file that is damaged, or of another program.
    """
    path = _locate(path)
    header, tensors = _read(path)
    if header["model"] not in _MODELS or header["config"] is None:
        raise ValueError(
            f"{path} holds a {header['model']}, which load_checkpoint cannot build: build the model yourself and "
            "give it the weights with load_state_dict"
        )
    # JSON has no tuples: sizes such as (height, width) come back as lists.
    config = {k: tuple(v) if isinstance(v, list) else v for k, v in header["config"].items()}
    model = _MODELS[header["model"]](**config)
    model.load_state_dict({k: t for k, t in tensors.items() if not k.startswith(_OPTIMIZER)})
    return model.eval()


def read_report(path: str | Path) -> dict[str, Any]:
    """What was noted when a checkpoint was made: data, accuracy, seconds; see ``save_checkpoint``."""
    return _read(_locate(path))[0]["report"]


def read_settings(path: str | Path) -> dict[str, Any]:
    """The settings of the run that wrote a checkpoint; see ``fit``."""
    return _read(_locate(path))[0]["settings"]


def load_training_state(path: str | Path, model: nn.Module, optimizer: Any, settings: Mapping[str, Any]) -> int:
    """Put a stopped run back into ``model`` and ``optimizer``; returns the steps it had done.

    Raises:
        ValueError: the run had other settings, or the file has no optimizer state.
    """
    header, tensors = _read(Path(path))
    kept = header["settings"]
    pairs = {k: (kept.get(k, _NOT_STATED), settings.get(k, _NOT_STATED)) for k in {**settings, **kept}}
    differing = {k: pair for k, pair in pairs.items() if pair[0] != pair[1]}
    if differing:
        said = ", ".join(f"{k}={then!r} (now {now!r})" for k, (then, now) in differing.items())
        raise ValueError(
            f"{path} is of a run with other settings: {said}; use the same ones, or another checkpoint file"
        )
    weights = {k: t for k, t in tensors.items() if not k.startswith(_OPTIMIZER)}
    model.load_state_dict(weights)
    for name, parameter in model.named_parameters():
        prefix = f"{_OPTIMIZER}{name}:"
        state = {k.removeprefix(prefix): t for k, t in tensors.items() if k.startswith(prefix)}
        if parameter.requires_grad and not state and header["step"]:
            raise ValueError(f"{path} has no optimizer state for {name}; it cannot be gone on from")
        if state:
            optimizer.state[parameter] = {k: t.to(parameter.device) for k, t in state.items()}
    return header["step"]


def _kind(model: nn.Module) -> str:
    """The class that :func:`load_checkpoint` shall build: for a subclass that only computes otherwise, its base."""
    return next((cls.__name__ for cls in type(model).__mro__ if cls in _MODELS.values()), type(model).__name__)


def _optimizer_tensors(model: nn.Module, optimizer: Any) -> dict[str, Tensor]:
    return {
        f"{_OPTIMIZER}{name}:{key}": value.detach().cpu().contiguous()
        for name, parameter in model.named_parameters()
        for key, value in optimizer.state.get(parameter, {}).items()
    }


def _locate(path: str | Path) -> Path:
    shipped = _SHIPPED / f"{path}.safetensors"
    if isinstance(path, str) and not Path(path).exists() and shipped.exists():
        return shipped
    if not Path(path).exists():
        names = ", ".join(repr(p.stem) for p in sorted(_SHIPPED.glob("*.safetensors")))
        raise FileNotFoundError(f"{path}: no such checkpoint file; the course ships {names}")
    return Path(path)


def _read(path: Path) -> tuple[dict[str, Any], dict[str, Tensor]]:
    try:
        with safe_open(path, framework="pt") as file:
            header = (file.metadata() or {}).get("vitcourse")
            if header is None:
                raise ValueError(f"{path} was not written by vitcourse's save_checkpoint")
            return json.loads(header), {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except SafetensorError as error:
        raise ValueError(f"{path} is damaged ({error}); delete it and train again, or take an older copy") from error
