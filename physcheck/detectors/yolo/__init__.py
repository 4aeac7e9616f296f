"""The detector `yolo`: networks of ultralytics, called directly, by several runtimes.

piece -> letterboxed batches -> network -> candidates -> suppression -> detections
"""

from __future__ import annotations

from physcheck.detectors.yolo.detector import BACKENDS, PRECISIONS, YoloDetector, build

__all__ = ["BACKENDS", "PRECISIONS", "YoloDetector", "build"]
