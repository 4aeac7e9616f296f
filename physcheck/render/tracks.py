"""What was followed, for other programs: MOT text, COCO for video, Label Studio."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from physcheck.records import Box, Report, TrackRecord, Unread
from physcheck.render import wording
from physcheck.render.names import clip_name

__all__ = ["render_coco", "render_label_studio", "render_mot"]

_UNNAMED = "thing"


def render_mot(report: Report) -> str:
    """MOT Challenge text: frame from 1, id, left, top, width, height, 1, -1, -1, -1.

    Only boxes that were seen; those in between are left out.
    """
    rows = [
        (frame + 1, track.id, *_corner_and_size(box))
        for track in report.tracks
        for frame, box, seen in zip(track.frames, track.boxes, track.observed, strict=True)
        if seen
    ]
    return "".join(
        f"{frame},{ident},{x:g},{y:g},{w:g},{h:g},1,-1,-1,-1\n"
        for frame, ident, x, y, w, h in sorted(rows)
    )


def render_coco(outcomes: Iterable[Report | Unread]) -> str:
    """COCO for video: videos, images (frames with something in them), tracks, annotations.

    The violations stand beside them, with the ids of their video and tracks.
    """
    reports = [one for one in outcomes if isinstance(one, Report)]
    labels = sorted({track.label or _UNNAMED for one in reports for track in one.tracks})
    categories = {label: number for number, label in enumerate(labels, start=1)}
    found: dict[str, list[dict[str, Any]]] = {
        "videos": [],
        "images": [],
        "categories": [{"id": number, "name": label} for label, number in categories.items()],
        "tracks": [],
        "annotations": [],
        "violations": [],
    }
    for report in reports:
        _add_coco(found, report, categories)
    return json.dumps(found, ensure_ascii=False) + "\n"


def _add_coco(
    found: dict[str, list[dict[str, Any]]], report: Report, categories: dict[str, int]
) -> None:
    video_id = len(found["videos"]) + 1
    size = {"width": report.video.width, "height": report.video.height}
    found["videos"].append(
        {"id": video_id, "name": report.video.path, "length": report.video.frames, **size}
    )
    images: dict[int, int] = {}
    tracks: dict[int, int] = {}
    for track in report.tracks:
        category = categories[track.label or _UNNAMED]
        tracks[track.id] = len(found["tracks"]) + 1
        found["tracks"].append(
            {"id": tracks[track.id], "video_id": video_id, "category_id": category}
        )
        for frame, box, seen in zip(track.frames, track.boxes, track.observed, strict=True):
            if not seen:
                continue
            if frame not in images:
                images[frame] = len(found["images"]) + 1
                name = f"{clip_name(report.video.path)}#{frame}"
                found["images"].append(
                    {
                        "id": images[frame],
                        "video_id": video_id,
                        "frame_id": frame,
                        "file_name": name,
                        **size,
                    }
                )
            x, y, w, h = _corner_and_size(box)
            found["annotations"].append(
                {
                    "id": len(found["annotations"]) + 1,
                    "image_id": images[frame],
                    "video_id": video_id,
                    "track_id": tracks[track.id],
                    "category_id": category,
                    "bbox": [x, y, w, h],
                    "area": round(w * h, 2),
                    "iscrowd": 0,
                }
            )
    for one in report.violations:
        own = [tracks[ident] for ident in one.track_ids if ident in tracks]
        said = one.model_dump(mode="json", exclude={"alternatives", "track_ids"})
        found["violations"].append({**said, "video_id": video_id, "track_ids": own})


def render_label_studio(outcomes: Iterable[Report | Unread]) -> str:
    """Label Studio tasks with predictions: a box sequence a track, a time range a violation."""
    tasks = [_task(one) for one in outcomes if isinstance(one, Report)]
    return json.dumps(tasks, indent=1, ensure_ascii=False) + "\n"


def _task(report: Report) -> dict[str, Any]:
    results = [_sequence(report, one) for one in report.tracks]
    for one in report.violations:
        # Frames are counted from 1 there, both ends inclusive.
        last = max(one.start_frame, one.stop_frame - 1) + 1
        results.append(
            {
                "id": one.id,
                "type": "timelinelabels",
                "from_name": "rules",
                "to_name": "video",
                "score": one.probability,
                "meta": {"text": [f"{wording.who(one)}: {one.explanation}"]},
                "value": {
                    "ranges": [{"start": one.start_frame + 1, "end": last}],
                    "timelinelabels": [one.rule],
                },
            }
        )
    model = f"physcheck {report.physcheck}"
    prediction = {"model_version": model, "result": results, "score": report.score}
    return {"data": {"video": report.video.path}, "predictions": [prediction]}


def _sequence(report: Report, track: TrackRecord) -> dict[str, Any]:
    """A track as Label Studio has it: places in per cent of the picture."""
    width, height = max(report.video.width, 1), max(report.video.height, 1)
    times_s = report.timeline.times_s
    sequence = []
    for frame, box in zip(track.frames, track.boxes, strict=True):
        x, y, w, h = _corner_and_size(box)
        place = {"x": x / width, "y": y / height, "width": w / width, "height": h / height}
        sequence.append(
            {
                "frame": frame + 1,
                "time": times_s[frame] if frame < len(times_s) else 0.0,
                "enabled": True,
                "rotation": 0,
                **{name: round(100 * share, 3) for name, share in place.items()},
            }
        )
    return {
        "id": f"track{track.id}",
        "type": "videorectangle",
        "from_name": "box",
        "to_name": "video",
        "value": {
            "framesCount": report.video.frames,
            "duration": report.video.duration_s,
            "sequence": sequence,
            "labels": [track.label or _UNNAMED],
        },
    }


def _corner_and_size(box: Box) -> tuple[float, float, float, float]:
    x1, y1, x2, y2 = box
    return x1, y1, round(x2 - x1, 2), round(y2 - y1, 2)
