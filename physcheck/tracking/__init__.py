"""Tracks: detections of the frames of a piece become things followed in time.

The forward pass begins and continues tracklets, joining makes one of those
that are one thing, smoothing fits the states that the rules judge.
"""

from __future__ import annotations

from physcheck.tracking.smoothing import track

__all__ = ["track"]
