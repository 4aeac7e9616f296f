"""One more decode of a clip: a small H.264 copy of it, and the pieces shown enlarged."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from fractions import Fraction
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

import av
import cv2
import numpy as np
from av.video.frame import PictureType
from av.video.reformatter import ColorRange

from physcheck.container import Packets, open_container, video_stream
from physcheck.errors import InputError
from physcheck.types import Bytes, Floats

__all__ = ["Cut", "Footage", "read_footage", "read_pictures", "thumbnail_cut"]

HEIGHT_PX, WIDTH_PX = 480, 854
"""The copy is no larger."""
CROP_PX = 300
"""An enlarged piece is no wider."""
THUMBNAIL_PX = 192
_CRF = "24"
_TICK = Fraction(1, 90_000)
_KEY_S = 1.0
"""A key frame at least so often, so that seeking is quick, s."""
_WEBP = 78


class Cut(NamedTuple):
    """A window (x1, y1, x2, y2) of a frame, px of the clip, and how wide its picture may be."""

    window: tuple[int, int, int, int]
    widest_px: int = CROP_PX


class Footage(NamedTuple):
    """What was made of a clip.

    mp4: the copy, whole file. pictures: WebP, by frame and cut.
    """

    mp4: bytes
    pictures: dict[tuple[int, Cut], bytes]


def thumbnail_cut(width: int, height: int) -> Cut:
    """The whole picture, small."""
    return Cut((0, 0, width, height), THUMBNAIL_PX)


def read_footage(
    clip: Path, times_s: Sequence[float], wanted: Mapping[int, Sequence[Cut]]
) -> Footage:
    """Decode a clip once more.

    Args:
        clip: the file.
        times_s: presentation times of all its frames, as the report has them.
        wanted: what is to be shown enlarged, or small, by frame.

    Raises:
        InputError: it cannot be read, or is not the clip that the report is about.
    """
    pictures: dict[tuple[int, Cut], bytes] = {}
    since_s = np.asarray(times_s) - (times_s[0] if len(times_s) else 0.0)
    frames = _frames(clip, len(times_s), wanted, pictures)
    first = next(frames, None)
    if first is None:
        raise InputError(f"{clip}: the report knows of no frame in it")
    return Footage(_encoded(chain([first], frames), first.width, first.height, since_s), pictures)


def _encoded(frames: Iterable[Any], width: int, height: int, since_s: Floats) -> bytes:
    """An MP4 of frames that are shown at `since_s`."""
    step_s = float(np.median(np.diff(since_s))) if len(since_s) > 1 else 0.04
    rate = Fraction(1 / max(step_s, 1e-3)).limit_denominator(60_000)
    options = {"preset": "veryfast", "crf": _CRF, "bf": "0"}
    options["g"] = str(max(1, round(_KEY_S * rate)))
    file = io.BytesIO()
    with av.open(file, "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=rate, options=options)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.codec_context.time_base = _TICK
        for frame, time_s in zip(frames, since_s, strict=True):
            frame.pts, frame.time_base = round(time_s / _TICK), _TICK
            frame.pict_type = PictureType.NONE
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return file.getvalue()


def read_pictures(clip: Path, wanted: Mapping[int, Sequence[Cut]]) -> dict[tuple[int, Cut], bytes]:
    """Some WebP pictures of a clip, without a copy of it.

    Raises:
        InputError: the clip cannot be read, or is shorter.
    """
    found: dict[tuple[int, Cut], bytes] = {}
    for number, decoded, turn in _decoded(clip):
        cuts = wanted.get(number, ())
        if cuts:
            whole = _upright(decoded, turn)
            found |= {(number, cut): _cut(whole, cut) for cut in cuts}
        if number >= max(wanted, default=-1):
            return found
    raise InputError(f"{clip}: has no frame {max(wanted, default=0)}")


def _frames(
    clip: Path,
    n_frames: int,
    wanted: Mapping[int, Sequence[Cut]],
    pictures: dict[tuple[int, Cut], bytes],
) -> Iterator[Any]:
    """Every frame at the size of the copy, upright; `pictures` is filled on the way."""
    size: tuple[int, int] | None = None
    number = -1
    for number, decoded, turn in _decoded(clip):
        size = size or _copy_size(decoded.width, decoded.height, turn)
        cuts = wanted.get(number, ())
        if cuts:
            whole = _upright(decoded, turn)
            for cut in cuts:
                pictures[number, cut] = _cut(whole, cut)
        if number < n_frames:
            yield _small(decoded, size, turn)
    if number + 1 != n_frames:
        raise InputError(f"{clip}: has not as many frames as the report says")


def _small(decoded: Any, size: tuple[int, int], turn: int) -> Any:
    """A frame at the size of the copy, as every browser takes it."""
    how = {"format": "yuv420p", "dst_color_range": ColorRange.MPEG, "interpolation": "AREA"}
    if not turn:
        return decoded.reformat(*size, **how)
    small = decoded.reformat(*size, format="rgb24", interpolation="AREA").to_ndarray()
    upright = np.ascontiguousarray(np.rot90(small, turn))
    return av.VideoFrame.from_ndarray(upright, format="rgb24").reformat(**how)


def _decoded(clip: Path) -> Iterator[tuple[int, Any, int]]:
    """Number and quarter turns of every frame; the same frames that the analysis saw."""
    with open_container(clip) as container:
        packets = Packets(container, video_stream(container, clip))
        turn: int | None = None
        for number, decoded in enumerate(packets.frames()):
            turn = round(decoded.rotation / 90) % 4 if turn is None else turn
            yield number, decoded, turn


def _upright(decoded: Any, turn: int) -> Bytes:
    return np.ascontiguousarray(np.rot90(decoded.to_ndarray(format="rgb24"), turn))


def _copy_size(width: int, height: int, turn: int) -> tuple[int, int]:
    """Size of the copy before it is turned upright, even."""
    most = (HEIGHT_PX, WIDTH_PX) if turn % 2 else (WIDTH_PX, HEIGHT_PX)
    share = min(1.0, most[0] / width, most[1] / height)
    return max(2, int(width * share) // 2 * 2), max(2, int(height * share) // 2 * 2)


def _cut(whole: Bytes, cut: Cut) -> bytes:
    x1, y1, x2, y2 = cut.window
    return _webp(whole[y1:y2, x1:x2], cut.widest_px)


def _webp(picture: Bytes, widest_px: int) -> bytes:
    """Encode, shrunk to a width."""
    height, width = picture.shape[:2]
    if width > widest_px:
        size = (widest_px, max(1, round(height * widest_px / width)))
        picture = np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)
    bgr = np.ascontiguousarray(picture[..., ::-1])
    _, data = cv2.imencode(".webp", bgr, [cv2.IMWRITE_WEBP_QUALITY, _WEBP])
    return data.tobytes()
