"""Labelled clips: what a person says is wrong in which frames, read from files and written.

A label file is a JSON list of clips (or CSV, see `read_labels`). Frames are 0-based
and inclusive. The interval of a violation is the change itself: for a thing that
vanishes from the last frame in which it is whole to the first in which it is gone.
"""

from __future__ import annotations

from physcheck.labels.clips import BoxAt, ClipLabel, LabelSet, ViolationLabel
from physcheck.labels.reading import read_labels
from physcheck.labels.writing import LABELS_VERSION, labels_schema_json, to_plain, write_labels

__all__ = [
    "LABELS_VERSION",
    "BoxAt",
    "ClipLabel",
    "LabelSet",
    "ViolationLabel",
    "labels_schema_json",
    "read_labels",
    "to_plain",
    "write_labels",
]
