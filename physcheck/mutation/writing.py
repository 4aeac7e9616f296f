"""Clips are written so that twins are coded alike up to where they differ."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Iterable
from pathlib import Path

from physcheck.mutation.footage import Footage
from physcheck.types import Bytes
from physcheck.video import write_video

__all__ = ["matching_crf", "write_clip"]

# No look-ahead, no B frames, no rate control that knows the future; one thread, so
# that the same frames give the same bytes.
_CAUSAL = {"preset": "veryfast", "tune": "zerolatency", "threads": "1", "bf": "0"}
_TRIAL_CRF = 22
_N_TRIAL = 24
_CRFS_PER_HALVING = 6.0
_KINDER = 2
"""Coding for a second time loses again: a little better than the source makes up for it."""


def matching_crf(footage: Footage, source: str | Path) -> int:
    """Tell the quality at which footage takes about the bits per px of its source.

    Args:
        footage: what will be written. source: the file it comes from.

    Returns:
        x264 crf, 16 to 28.
    """
    width, height = footage.size
    per_frame = Path(source).stat().st_size / _n_frames(footage)
    source_px = width * height / (footage.scale[0] * footage.scale[1])
    first = footage.n // 2 - min(_N_TRIAL, footage.n) // 2
    trial = footage.frames[first : first + _N_TRIAL]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "trial.mp4"
        write_clip(path, trial, footage.fps, crf=_TRIAL_CRF)
        spent = path.stat().st_size / len(trial)
    ratio = (spent / (width * height)) / (per_frame / source_px)
    crf = _TRIAL_CRF + _CRFS_PER_HALVING * math.log2(ratio) - _KINDER
    return round(min(max(crf, 16), 28))


def _n_frames(footage: Footage) -> int:
    """Number of frames in the file; the footage may be a part of it."""
    return max(footage.n_file, footage.start + footage.n)


def write_clip(path: str | Path, frames: Iterable[Bytes], fps: float, *, crf: int = 20) -> None:
    """Encode RGB frames as H.264 so that a frame's code depends on no later frame.

    Twins that share their frames up to a point so decode to the same pictures up to it.

    Args:
        path: file to write. frames: (H, W, 3) uint8 each. fps: their rate. crf: quality.
    """
    write_video(path, frames, fps, crf=crf, options=_CAUSAL)
