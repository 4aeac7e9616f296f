"""The detector `transformers`: RT-DETR, D-FINE, RF-DETR and their kin, from a local folder.

piece -> RGB of the size that the folder asks for -> network -> sets of boxes -> detections

Nothing is downloaded, and no code of the folder is run. The libraries torch and
transformers are under permissive licenses, unlike those of the detector `yolo`.
"""

from __future__ import annotations

from physcheck.detectors.detr.detector import DetrDetector, build

__all__ = ["DetrDetector", "build"]
