"""Convolution and activation in one step, on a CPU: half the memory traffic.

oneDNN can apply SiLU to what a convolution has just written, while it is still in the
cache, and can lay the weights out for itself once instead of in every call. torch gives
access to both through the operators that its own compiler uses; where a torch has them
not, the network runs as it was.

Source: Li et al. (2023), oneDNN graph fusion; Ansel et al. (2024), PyTorch 2.
"""

from __future__ import annotations

from typing import Any

__all__ = ["fuse_activations"]


def fuse_activations(torch: Any, module: Any) -> int:
    """Let the convolutions of an fp32 network on the CPU apply their activations themselves.

    Args:
        module: the network, its batch norms folded; it is changed in place.

    Returns:
        How many convolutions were changed: 0 where this torch cannot.
    """
    if not _can(torch):
        return 0
    parts = [part for part in module.modules() if _is_plain(torch, part)]
    for part in parts:
        part.forward = _Step(torch, part.conv, _word(torch, part.act))
    return len(parts)


class _Step:
    """A convolution and its activation. The weights are laid out when it first runs."""

    def __init__(self, torch: Any, conv: Any, activation: str) -> None:
        self._run = torch.ops.mkldnn._convolution_pointwise.default
        self._lay_out = torch._C._nn.mkldnn_reorder_conv2d_weight
        self._conv, self._activation = conv, activation
        self._how = conv.padding, conv.stride, conv.dilation, conv.groups
        self._weights: Any = None

    def __call__(self, x: Any) -> Any:
        if self._weights is None:
            plain = self._conv.weight.detach().contiguous().to_mkldnn()
            self._weights = self._lay_out(plain, *self._how, x.shape)
        return self._run(x, self._weights, self._conv.bias, *self._how, self._activation, [], "")


def _can(torch: Any) -> bool:
    """Whether this torch has the operators, and they do what they should."""
    try:
        with torch.inference_mode():
            conv = torch.nn.Conv2d(3, 8, 3, 2, 1).eval()
            x = torch.linspace(-1.0, 1.0, 3 * 64).reshape(1, 3, 8, 8)
            x = x.to(memory_format=torch.channels_last)
            wanted = torch.nn.functional.silu(conv(x))
            return bool(torch.allclose(_Step(torch, conv, "swish")(x), wanted, atol=1e-4))
    except (AttributeError, RuntimeError, TypeError):
        return False


def _is_plain(torch: Any, part: Any) -> bool:
    """A block of ultralytics' that does nothing but convolve and activate."""
    kinds = torch.nn.SiLU, torch.nn.Identity, torch.nn.ReLU
    conv = getattr(part, "conv", None)
    return (
        type(part).__name__ in ("Conv", "DWConv")
        and isinstance(conv, torch.nn.Conv2d)
        and isinstance(conv.padding, tuple)
        and isinstance(getattr(part, "act", None), kinds)
        and not hasattr(part, "bn")
    )


def _word(torch: Any, activation: Any) -> str:
    """The operator's word for an activation."""
    if isinstance(activation, torch.nn.SiLU):
        return "swish"
    return "relu" if isinstance(activation, torch.nn.ReLU) else "none"
