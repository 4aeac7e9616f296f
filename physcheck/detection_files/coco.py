"""COCO for video: `videos`, `images` with video_id and frame_id, `annotations` with bbox.

Tracks in the manner of YouTube-VIS, with one list `bboxes` over the frames of a video, are
read as well. Boxes are left, top, width, height, px. Some writers count frames from 0,
some from 1: where nobody says, the least frame_id of a video's images, if it is 1, is
its first frame. Segmentations and track ids are not read.

Source: Lin et al. (2014), Microsoft COCO; Yang, Fan, Xu (2019), video instance
segmentation.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import PurePath
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from physcheck.detection_files.own import explain
from physcheck.detection_files.rows import NO_NOISE, Count, Four, Px, Row, Rows
from physcheck.errors import InputError
from physcheck.types import Detections

__all__ = ["format_coco", "parse_coco"]

Id = int | str


class _Part(BaseModel):
    """What is not known here is skipped."""

    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False)


class _Video(_Part):
    id: Id
    name: str = ""
    file_name: str = ""
    file_names: tuple[str, ...] = ()
    width: int | None = Field(default=None, gt=0)
    height: int | None = Field(default=None, gt=0)
    length: Count | None = None

    @property
    def called(self) -> str:
        """Its name, or the folder of its pictures."""
        folder = str(PurePath(self.file_names[0]).parent) if self.file_names else ""
        return self.name or self.file_name or folder or str(self.id)


class _Image(_Part):
    id: Id
    video_id: Id | None = None
    frame_id: Count | None = None
    width: int | None = Field(default=None, gt=0)
    height: int | None = Field(default=None, gt=0)


class _Category(_Part):
    id: Id
    name: str


class _Annotation(_Part):
    image_id: Id | None = None
    video_id: Id | None = None
    category_id: Id | None = None
    bbox: Four | None = None
    bboxes: tuple[Four | None, ...] | None = None
    score: Px | None = None
    noise_px: Four | None = None


class _File(_Part):
    videos: tuple[_Video, ...] = ()
    images: tuple[_Image, ...] = ()
    categories: tuple[_Category, ...] = ()
    annotations: tuple[_Annotation, ...]


def parse_coco(data: Any, name: str, clip: str | None, first_frame: int | None) -> Rows:
    """Read the boxes of one video.

    Args:
        data: the JSON, read. name: how messages call the file.
        clip: name of the clip, needed where there are several videos.
        first_frame: frame_id of a video's first frame; None to find out.

    Raises:
        InputError: something is wrong; the message names file and field.
    """
    try:
        file = _File.model_validate(data)
    except ValidationError as error:
        raise InputError(explain(error, name)) from None
    video = _choose(file.videos, name, clip)
    images = [one for one in file.images if video is None or one.video_id in (None, video.id)]
    number_of, remark = _numbers(images, first_frame, name)
    rows = Rows(clip=video.called if video else "", size_px=_size(video, images))
    rows.n_frames = (video.length if video else None) or len(images) or None
    rows.remarks += [remark] if remark else []
    labels = {one.id: one.name for one in file.categories}
    others = {one.id for one in file.images} - number_of.keys()
    for k, one in enumerate(file.annotations):
        place = f"annotations[{k}]"
        if one.image_id in others or (video and one.video_id not in (None, video.id)):
            continue
        rows.rows += [
            Row(frame, box, _nan(one.score), _label(one, labels), one.noise_px or NO_NOISE, place)
            for frame, box in _boxes(one, number_of, f"{name}: {place}")
        ]
    return rows


def _choose(videos: tuple[_Video, ...], name: str, clip: str | None) -> _Video | None:
    """The video that is meant; None where the file knows of none."""
    if len(videos) <= 1:
        return videos[0] if videos else None
    wanted = PurePath(clip or "")
    for same in ("name", "stem"):
        found = [one for one in videos if _same(PurePath(one.called), wanted, same)]
        if len(found) == 1:
            return found[0]
    known = ", ".join(one.called for one in videos[:6]) + (", ..." if len(videos) > 6 else "")
    raise InputError(f"{name}: videos: which one is '{clip or ''}'? It holds {known}")


def _same(a: PurePath, b: PurePath, part: str) -> bool:
    return bool(getattr(a, part) == getattr(b, part))


def _numbers(images: list[_Image], first_frame: int | None, name: str) -> tuple[dict[Id, int], str]:
    """The 0-based frame of each image, and a remark where it had to be guessed."""
    said = [one.frame_id for one in images if one.frame_id is not None]
    if not said:
        return {one.id: k for k, one in enumerate(images)}, ""
    if len(said) < len(images):
        lacking = next(one.id for one in images if one.frame_id is None)
        raise InputError(f"{name}: images: the one with id {lacking!r} has no frame_id")
    remark = ""
    if first_frame is None:
        first_frame = 1 if min(said) == 1 else 0
        remark = "no frame_id is 0: frames were counted from 1" if first_frame else ""
    if min(said) < first_frame:
        raise InputError(f"{name}: images: frame_id {min(said)} is before the first, {first_frame}")
    return {one.id: (one.frame_id or 0) - first_frame for one in images}, remark


def _size(video: _Video | None, images: list[_Image]) -> tuple[int, int] | None:
    for one in (video, *images[:1]):
        if one and one.width and one.height:
            return one.width, one.height
    return None


def _boxes(one: _Annotation, number_of: Mapping[Id, int], place: str) -> Iterator[tuple[int, Four]]:
    """The frames and boxes, xyxy, of an annotation."""
    if one.bboxes is not None:
        yield from ((k, _corners(box)) for k, box in enumerate(one.bboxes) if box)
        return
    if one.bbox is None:
        raise InputError(f"{place}.bbox: missing")
    if one.image_id is None or one.image_id not in number_of:
        raise InputError(f"{place}.image_id: there is no image {one.image_id!r}")
    yield number_of[one.image_id], _corners(one.bbox)


def _corners(box: Four) -> Four:
    left, top, width, height = box
    return left, top, left + width, top + height


def _label(one: _Annotation, labels: Mapping[Id, str]) -> str:
    return "" if one.category_id is None else labels.get(one.category_id, str(one.category_id))


def _nan(score: float | None) -> float:
    return float("nan") if score is None else score


def format_coco(
    frames: Mapping[int, Detections],
    *,
    clip: str,
    size_px: tuple[int, int] | None,
    n_frames: int | None,
) -> str:
    """One video in COCO form, frame_id 0-based; `noise_px` is a field of our own."""
    numbers = range(n_frames) if n_frames is not None else sorted(frames)
    size = {"width": size_px[0], "height": size_px[1]} if size_px else {}
    video = {"id": 1, "name": clip, "length": len(numbers)} | size
    stem = PurePath(clip).stem or "clip"
    images = [
        {"id": k + 1, "video_id": 1, "frame_id": k, "file_name": f"{stem}/{k:06d}.jpg"} | size
        for k in numbers
    ]
    words = sorted({str(word) for seen in frames.values() for word in seen.labels})
    ids = {word: k for k, word in enumerate(words, start=1)}
    found = [row for k in sorted(frames) for row in _plain(k, frames[k], ids)]
    parts = {
        "videos": [video],
        "images": images,
        "categories": [{"id": k, "name": word} for word, k in ids.items()],
        "annotations": [{"id": k} | row for k, row in enumerate(found, start=1)],
    }
    text = ",\n".join(f'"{key}": {_listed(rows)}' for key, rows in parts.items())
    return "{\n" + text + "\n}\n"


def _plain(frame: int, seen: Detections, ids: Mapping[str, int]) -> Iterator[dict[str, Any]]:
    corners = seen.boxes.round(4).tolist()
    noise = seen.noise_px.round(4).tolist()
    for k, (x1, y1, x2, y2) in enumerate(corners):
        box = [x1, y1, round(x2 - x1, 4), round(y2 - y1, 4)]
        yield {
            "image_id": frame + 1,
            "video_id": 1,
            "category_id": ids[str(seen.labels[k])],
            "bbox": box,
            "area": round(box[2] * box[3], 4),
            "iscrowd": 0,
            "score": round(float(seen.scores[k]), 6),
            "noise_px": noise[k],
        }


def _listed(rows: list[dict[str, Any]]) -> str:
    return "[\n" + ",\n".join(json.dumps(row) for row in rows) + "\n]" if rows else "[]"
