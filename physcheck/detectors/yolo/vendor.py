"""ultralytics and torch, imported without what the former does to its surroundings.

On import ultralytics sets environment variables, print options and OpenCV's threads,
replaces torch.save, writes a settings file, and may install packages later on. A
process that judges clips beside other work wants none of that.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import cv2
import numpy as np

from physcheck.detectors.extras import optional

__all__ = ["import_torch", "import_ultralytics"]

YOLO_EXTRA = (
    "pip install 'physcheck[yolo]' (this brings ultralytics, which is under AGPL-3.0, "
    "while physcheck itself is under Apache-2.0)"
)


def import_torch() -> Any:
    """Import torch.

    Raises:
        MissingExtraError: it is not installed.
    """
    return optional("torch", "the detector 'yolo'", YOLO_EXTRA)


def import_ultralytics(module: str) -> Any:
    """Import a module of ultralytics, and leave everything else as it was.

    Raises:
        MissingExtraError: it is not installed.
    """
    import_torch()
    if module in sys.modules:
        return sys.modules[module]
    with _surroundings_kept():
        return optional(module, "the detector 'yolo'", YOLO_EXTRA)


@contextmanager
def _surroundings_kept() -> Iterator[None]:
    import torch

    variables, threads, save = dict(os.environ), cv2.getNumThreads(), torch.save
    printed = dict(vars(torch._tensor_str.PRINT_OPTS))
    options: dict[str, Any] = {**np.get_printoptions()}
    options.pop("override_repr", None)
    with tempfile.TemporaryDirectory(prefix="physcheck-") as folder:
        os.environ["YOLO_AUTOINSTALL"] = "false"
        os.environ["YOLO_VERBOSE"] = "false"
        os.environ["YOLO_CONFIG_DIR"] = variables.get("YOLO_CONFIG_DIR", folder)
        try:
            yield
        finally:
            for name in os.environ.keys() - variables.keys():
                del os.environ[name]
            os.environ.update(variables)
            cv2.setNumThreads(threads)
            torch.save = save
            vars(torch._tensor_str.PRINT_OPTS).update(printed)
            np.set_printoptions(**options)
