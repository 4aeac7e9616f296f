"""What the label file says of a clip that was made."""

from __future__ import annotations

import numpy as np

from physcheck.labels import BoxAt, ClipLabel, ViolationLabel
from physcheck.mutation.cutting import Cut, Source
from physcheck.mutation.kinds import Plan
from physcheck.types import Floats

__all__ = ["label_of", "violations_of"]

_CAMERAS = {"still": "static", "shaky": "handheld", "moving": "moving"}


def label_of(
    source: Source,
    cut: Cut,
    file: str,
    n_frames: int,
    pair_id: str | None,
    violations: tuple[ViolationLabel, ...],
) -> ClipLabel:
    """One clip of the label file. file: relative to it."""
    tags = source.label.get("tags")
    camera = source.label.get("camera") or _CAMERAS.get(cut.scene.footage.camera, "unknown")
    return ClipLabel(
        clip=file,
        origin="mutated",
        verdict="violation" if violations else "clean",
        fps=round(cut.scene.footage.fps, 3),
        frames=n_frames,
        camera=str(camera),
        tags=tuple(map(str, tags)) if isinstance(tags, (list, tuple)) else (),
        pair_id=pair_id,
        source=source.origin,
        violations=violations,
    )


def violations_of(cut: Cut, plan: Plan, start: int, stop: int) -> tuple[ViolationLabel, ...]:
    """What is wrong in a clip of frames `start` to `stop` (exclusive) of the footage."""

    def numbered(k: int) -> int:
        inside = min(max(k, start), stop - 1) - start
        return stop - start - 1 - inside if plan.picture == "backwards" else inside

    span = sorted((numbered(plan.start_frame), numbered(plan.end_frame)))
    first = ViolationLabel(
        kind=plan.kind,
        start_frame=span[0],
        end_frame=span[1],
        object=cut.scene.thing.label,
        box_at_peak=_box_at(numbered(plan.peak_frame), _peak_box(cut, plan)),
        note=plan.note,
        magnitude=round(plan.magnitude, 4),
        magnitude_unit=plan.unit,
        size_px=round(plan.size_px, 1),
        **{name: round(value, 3) for name, value in plan.details.items()},
    )
    seconds = (
        ViolationLabel(
            kind=one.kind,
            start_frame=numbered(one.start_frame),
            end_frame=numbered(one.end_frame),
            object=cut.scene.thing.label,
            box_at_peak=_box_at(numbered(one.peak_frame), cut.scene.thing.box(one.peak_frame)),
            note=one.note,
            size_px=round(plan.size_px, 1),
        )
        for one in plan.seconds
    )
    return (first, *seconds)


def _box_at(frame: int, box: Floats) -> BoxAt:
    x1, y1, x2, y2 = (round(float(side), 1) for side in box)
    return frame, x1, y1, x2, y2


def _peak_box(cut: Cut, plan: Plan) -> Floats:
    """What is to be seen at the peak, px of the clip."""
    if plan.box is not None:
        return np.array(plan.box)
    if plan.picture != "as it is":
        box = np.array(cut.scene.thing.box(plan.peak_frame))
        if plan.picture == "upside down":
            box[[1, 3]] = cut.scene.footage.size[1] - box[[3, 1]]
        return box
    found = np.stack([cut.compositor.placed_box(one) for one in plan.peak])
    if np.isnan(found).any():
        return cut.scene.thing.box(plan.peak_frame)
    return np.concatenate([found[:, :2].min(axis=0), found[:, 2:].max(axis=0)])
