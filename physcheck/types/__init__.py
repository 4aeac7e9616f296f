"""The data that flows through physcheck: frozen, checked for shape, read-only.

Letters for sizes: F frames of a video, n frames of a piece, T frames of one
track, N detections of a frame, D = 10 state of a track, h x w working picture.

Frame numbers are 0-based positions in the file as decoded. Boxes are
(x1, y1, x2, y2) in px of the clip, y pointing down. `*_stop` is exclusive.
"""

from __future__ import annotations

from physcheck.types.arrays import Bools, Bytes, Floats, Ints, Labels, Tensor
from physcheck.types.followed import (
    STATE,
    Alternative,
    Change,
    Contact,
    Ending,
    Gap,
    Horizon,
    Overlap,
    Return,
    Shot,
    Stretch,
    Support,
    Track,
    World,
)
from physcheck.types.footage import Detections, Piece, Video
from physcheck.types.judged import Evidence, Incident, Signal, Timeline, Violation

__all__ = [
    "STATE",
    "Alternative",
    "Bools",
    "Bytes",
    "Change",
    "Contact",
    "Detections",
    "Ending",
    "Evidence",
    "Floats",
    "Gap",
    "Horizon",
    "Incident",
    "Ints",
    "Labels",
    "Overlap",
    "Piece",
    "Return",
    "Shot",
    "Signal",
    "Stretch",
    "Support",
    "Tensor",
    "Timeline",
    "Track",
    "Video",
    "Violation",
    "World",
]
