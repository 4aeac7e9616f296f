"""torch and transformers, imported so that they stay quiet, offline and without torchvision.

transformers believes that torchvision works wherever it is installed; where its wheel
does not fit that of torch, importing any network then fails. None of these networks needs it.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

from physcheck.detectors.extras import optional

__all__ = ["import_torch", "import_transformers", "quiet_and_offline"]

_NEED = "the detector 'transformers'"
_INSTALL = "pip install 'physcheck[transformers]'"


def import_torch() -> Any:
    """Import torch.

    Raises:
        MissingExtraError: it is not installed.
    """
    return optional("torch", _NEED, _INSTALL)


@cache
def import_transformers() -> Any:
    """Import transformers.

    Raises:
        MissingExtraError: it, or torch, is not installed.
    """
    import_torch()
    if _works("torchvision"):
        return optional("transformers", _NEED, _INSTALL)
    with _hidden("torchvision"):
        library = optional("transformers", _NEED, _INSTALL)
        _forget_torchvision()
        return library


@contextmanager
def quiet_and_offline() -> Iterator[None]:
    """While a network is loaded: no progress bar, no warning, no look at the hub."""
    from huggingface_hub import constants
    from transformers.utils import logging

    verbosity, bar = logging.get_verbosity(), logging.is_progress_bar_enabled()
    offline = constants.HF_HUB_OFFLINE
    logging.set_verbosity(logging.CRITICAL)
    logging.disable_progress_bar()
    constants.HF_HUB_OFFLINE = True
    try:
        yield
    finally:
        constants.HF_HUB_OFFLINE = offline
        logging.set_verbosity(verbosity)
        if bar:
            logging.enable_progress_bar()


def _works(module: str) -> bool:
    """Whether a module is absent, or can be imported."""
    if module not in sys.modules and importlib.util.find_spec(module) is None:
        return True
    try:
        importlib.import_module(module)
    except Exception:  # a wheel for another torch fails with RuntimeError, OSError, ...
        return False
    return True


@contextmanager
def _hidden(module: str) -> Iterator[None]:
    """Make a module look as if it were not installed."""
    before = {name: sys.modules[name] for name in (module,) if name in sys.modules}
    sys.modules[module] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        del sys.modules[module]
        sys.modules.update(before)


def _forget_torchvision() -> None:
    """Let transformers look once more whether torchvision is there, and keep the answer."""
    from transformers.utils import import_utils

    for name in ("is_torchvision_available", "is_torchvision_v2_available"):
        ask: Any = getattr(import_utils, name, lambda: False)
        if hasattr(ask, "cache_clear"):
            ask.cache_clear()
        ask()
    # Releases before 5 look once, on import, and keep the answer in a variable.
    if hasattr(import_utils, "_torchvision_available"):
        import_utils._torchvision_available = False
