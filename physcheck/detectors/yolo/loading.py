"""A .pt file becomes a network, without running what the file says.

Such a file is a pickle: loading it in the ordinary way runs any code in it. Here only
the classes of a fixed list may be named, none of their constructors is run (some of them
evaluate text that they are given), and no other function is called than those by which
torch puts tensors together.
"""

from __future__ import annotations

import pickle
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from physcheck.detectors.yolo.vendor import import_torch, import_ultralytics
from physcheck.errors import ConfigurationError

__all__ = ["ALLOWED", "Checkpoint", "load_checkpoint", "refused_globals"]

_TORCH = {
    "activation": "GELU Hardswish Identity LeakyReLU MultiheadAttention ReLU ReLU6 SiLU Sigmoid",
    "batchnorm": "BatchNorm2d",
    "container": "ModuleDict ModuleList ParameterList Sequential",
    "conv": "Conv2d ConvTranspose2d",
    "dropout": "Dropout Dropout2d",
    "linear": "Identity Linear",
    "normalization": "GroupNorm LayerNorm",
    "padding": "ZeroPad2d",
    "pooling": "AdaptiveAvgPool2d AvgPool2d MaxPool2d",
    "upsampling": "Upsample UpsamplingNearest2d",
}
_BLOCK = (
    "A2C2f AAttn ABlock AConv ADown Attention Bottleneck BottleneckCSP C1 C2 C2PSA C2f C2fCIB "
    "C2fPSA C3 C3Ghost C3TR C3k C3k2 C3x CBFuse CBLinear CIB DFL ELAN1 GhostBottleneck HGBlock "
    "HGStem PSA PSABlock Proto Proto26 RepBottleneck RepC3 RepCSP RepNCSPELAN4 RepVGGDW "
    "ResNetBlock ResNetLayer SCDown SPP SPPELAN SPPF"
)
_CONV = (
    "CBAM ChannelAttention Concat Conv Conv2 ConvTranspose DWConv DWConvTranspose2d Focus "
    "GhostConv Index LightConv RepConv SpatialAttention"
)
_HEAD = "Detect Pose Pose26 Segment Segment26 v10Detect"
_TASKS = "DetectionModel PoseModel SegmentationModel"
_TRANSFORMER = "LayerNorm2d MLP MLPBlock TransformerBlock TransformerEncoderLayer TransformerLayer"

ALLOWED: tuple[str, ...] = (
    *(
        f"torch.nn.modules.{part}.{name}"
        for part, names in _TORCH.items()
        for name in names.split()
    ),
    *(f"ultralytics.nn.modules.block.{name}" for name in _BLOCK.split()),
    *(f"ultralytics.nn.modules.conv.{name}" for name in _CONV.split()),
    *(f"ultralytics.nn.modules.head.{name}" for name in _HEAD.split()),
    *(f"ultralytics.nn.modules.transformer.{name}" for name in _TRANSFORMER.split()),
    *(f"ultralytics.nn.tasks.{name}" for name in _TASKS.split()),
)
"""Classes that a file may name; torch itself adds tensors, collections.OrderedDict and the like."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What a .pt file holds. module: the network, fp32, fused, for inference only.

    names: of the classes. stride: px. n_coefficients: of a mask, 0 without masks.
    end_to_end: whether it suppresses overlapping boxes by itself.
    """

    module: Any
    names: dict[int, str]
    stride: int
    n_coefficients: int
    end_to_end: bool


def load_checkpoint(path: Path, *, trust: bool = False) -> Checkpoint:
    """Load a network that finds boxes.

    Args:
        path: a .pt file of ultralytics.
        trust: load it in the ordinary way, which may run any code that is in the file.

    Raises:
        ConfigurationError: the file is damaged, is not allowed, or is of another kind.
        MissingExtraError: torch or ultralytics is not installed.
    """
    torch = import_torch()
    import_ultralytics("ultralytics.nn.tasks")
    loaded = _load_trusted(torch, path) if trust else _load_safely(torch, path)
    module = (loaded.get("ema") or loaded.get("model")) if isinstance(loaded, dict) else loaded
    if not isinstance(module, torch.nn.Module):
        raise ConfigurationError(f"{path}: holds no network; give the .pt file of a YOLO model")
    return _described(path, _prepared(torch, module))


def refused_globals(path: Path) -> list[str]:
    """What a .pt file names beyond the fixed list.

    Raises:
        ConfigurationError: the file is damaged.
    """
    torch = import_torch()
    # Only after this does torch know which names are a matter of course.
    import_ultralytics("ultralytics.nn.tasks")
    try:
        named = torch.serialization.get_unsafe_globals_in_checkpoint(str(path))
    except Exception as error:
        raise _damaged(path, error) from None
    return sorted(set(named) - set(ALLOWED))


def _load_safely(torch: Any, path: Path) -> Any:
    shells = dict(_shells())
    try:
        with torch.serialization.safe_globals([(shell, name) for name, shell in shells.items()]):
            loaded = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise _refusal(path, error) from None
    except Exception as error:
        raise _damaged(path, error) from None
    module = (loaded.get("ema") or loaded.get("model")) if isinstance(loaded, dict) else loaded
    if isinstance(module, torch.nn.Module):
        for part in module.modules():
            part.__class__ = getattr(type(part), "_real", type(part))
    return loaded


def _load_trusted(torch: Any, path: Path) -> Any:
    try:
        return torch.load(path, map_location="cpu", weights_only=False)
    except Exception as error:
        raise _damaged(path, error) from None


def _shells() -> Iterator[tuple[str, type]]:
    """For each allowed class one of its own kind that cannot be called, only filled."""
    for name in ALLOWED:
        owner, _, short = name.rpartition(".")
        try:
            real = getattr(import_ultralytics(owner), short, None)
        except ImportError:
            real = None
        if isinstance(real, type):
            yield name, type(short, (real,), {"__init__": _refuse, "_real": real})


def _refuse(*_: Any, **__: Any) -> None:
    raise pickle.UnpicklingError("the file calls a constructor")


def _refusal(path: Path, error: Exception) -> ConfigurationError:
    named = re.findall(r"(?:GLOBAL|Global|global) ([\w.]+)", str(error))
    try:
        foreign = refused_globals(path)
    except ConfigurationError:
        foreign = named
    what = ", ".join(foreign[:5]) if foreign else "a call that no network needs"
    return ConfigurationError(
        f"{path}: refused: beside the parts of a YOLO network it names {what}; a .pt file can "
        "run any program when it is loaded, so only a fixed list of classes is let through; "
        "if you trust whoever made it: --trust"
    )


def _damaged(path: Path, error: Exception) -> ConfigurationError:
    reason = str(error).splitlines()[0] if str(error) else type(error).__name__
    return ConfigurationError(
        f"{path}: cannot be loaded, it is damaged or no .pt file: {reason[:200]}; "
        "fetch it again, or see: physcheck models verify"
    )


def _prepared(torch: Any, module: Any) -> Any:
    """The network ready for inference: fp32, batch normalisation within the convolutions."""
    module = module.float().eval()
    for part in module.modules():
        if isinstance(part, torch.nn.Upsample) and not hasattr(part, "recompute_scale_factor"):
            part.recompute_scale_factor = None
    with torch.no_grad():
        module = module.fuse(verbose=False) if hasattr(module, "fuse") else module
    for parameter in module.parameters():
        parameter.requires_grad = False
    return module


def _described(path: Path, module: Any) -> Checkpoint:
    head: Any = module.model[-1] if hasattr(module, "model") else None
    kind = type(head).__name__
    if kind not in _HEAD.split():
        raise ConfigurationError(
            f"{path}: its last part is {kind}, which gives no upright boxes; "
            "give weights for detection or segmentation"
        )
    names = getattr(module, "names", None) or {}
    pairs = names.items() if isinstance(names, dict) else enumerate(names)
    return Checkpoint(
        module=module,
        names={int(number): str(name) for number, name in pairs},
        stride=max(int(step) for step in getattr(module, "stride", (32,))),
        n_coefficients=int(head.nm) if kind.startswith("Segment") else 0,
        end_to_end=bool(getattr(head, "end2end", False)),
    )
