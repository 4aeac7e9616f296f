"""Our tracker and its rivals on the same boxes of the MOT and KITTI sequences.

All get the boxes of one file, with the same scores, and are asked for the boxes of
their tracks. What lies on things that are neither right nor wrong (people that stand
for mannequins, vans among cars, regions that nobody labelled) counts for nobody.
"""

from __future__ import annotations

import configparser
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from scipy.optimize import linear_sum_assignment

from physcheck import boxes as geometry
from physcheck.camera import Camera
from physcheck.detection_files import read_detections
from physcheck.detectors.motion import nothing
from physcheck.tracking import track
from physcheck.types import Detections, Floats, Ints, Piece, Track

__all__ = ["RIVALS", "Followed", "Outcome", "Sequence", "follow", "ours", "score", "sequences"]

FOLLOW_GAPS_S = 0.3
"""Our boxes are also given where a thing was lost for at most this long."""
_LEAST_SEEN = 8
"""Frames; a track that is seen in fewer is not given."""
_LEAST_SCORE = {"det_pointrcnn": 2.0}
"""Log odds; what scores less is not given to anybody."""
_SAME = 0.5
_MOT17_NEITHER = (2, 7, 8, 12)
_USUAL_FPS = 25.0

Rows = list[tuple[int, Floats]]
"""What a tracker says of a frame: (id, box xyxy) of each thing."""
Followed = list[Rows]


@dataclass(slots=True)
class Truth:
    """Of one frame: ids (G,), boxes (G, 4), and boxes that count for nobody.

    neither: whole things. regions: where anything may be.
    """

    ids: Ints = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    boxes: Floats = field(default_factory=lambda: np.zeros((0, 4)))
    neither: Floats = field(default_factory=lambda: np.zeros((0, 4)))
    regions: Floats = field(default_factory=lambda: np.zeros((0, 4)))


@dataclass(slots=True)
class Sequence:
    """One sequence with one file of detections."""

    folder: str
    name: str
    detections: list[Detections]
    truth: list[Truth]
    fps: float
    size_px: tuple[int, int]


@dataclass(slots=True)
class Outcome:
    """Figures of one tracker on one sequence; rates in percent."""

    idf1: float
    hota: float
    mota: float
    n_switches: int
    seconds: float


def sequences(root: Path) -> Iterator[Sequence]:
    """Each sequence below `root` with each file of detections that lies beside it."""
    for truth in sorted(root.glob("*/*/gt/gt.txt")):
        place = truth.parents[1]
        for file in sorted([*place.glob("det/*.txt"), *place.glob("trk/*.txt")]):
            yield _sequence(place, file)


def _sequence(place: Path, file: Path) -> Sequence:
    about = configparser.ConfigParser()
    about.read(place / "seqinfo.ini")
    info = about["Sequence"]
    n = int(info["seqLength"])
    read = read_detections(file, min_score=_LEAST_SCORE.get(file.stem)).frames
    detections = [read.get(k, nothing()) for k in range(n)]
    corner = np.max([d.boxes[:, 2:].max(axis=0) for d in detections if len(d.boxes)], axis=0)
    return Sequence(
        folder=place.parent.name,
        name=f"{place.name} {file.stem}",
        detections=detections,
        truth=_truth(place, n),
        fps=float(info.get("frameRate", str(_USUAL_FPS))),
        size_px=(
            int(info.get("imWidth", str(int(corner[0])))),
            int(info.get("imHeight", str(int(corner[1])))),
        ),
    )


def _truth(place: Path, n: int) -> list[Truth]:
    rows = np.loadtxt(place / "gt" / "gt.txt", delimiter=",", ndmin=2)
    counted, neither = rows[:, 6] == 1, np.zeros(len(rows), dtype=bool)
    if place.parent.name == "MOT17":
        neither = np.isin(rows[:, 7], _MOT17_NEITHER)
        counted &= rows[:, 7] == 1
    others, regions = _ignored(place / "gt" / "ignore.txt")
    result = []
    for k in range(1, n + 1):
        here = rows[:, 0] == k
        own = rows[here & counted]
        nobodys = [_xyxy(rows[here & neither][:, 2:6]), others.get(k, np.zeros((0, 4)))]
        result.append(
            Truth(
                own[:, 1].astype(np.int64),
                _xyxy(own[:, 2:6]),
                np.concatenate(nobodys),
                regions.get(k, np.zeros((0, 4))),
            )
        )
    return result


def _ignored(path: Path) -> tuple[dict[int, Floats], dict[int, Floats]]:
    """Boxes of things of other classes, and regions without labels, by frame from 1."""
    others: dict[int, list[list[float]]] = {}
    regions: dict[int, list[list[float]]] = {}
    for line in path.read_text().splitlines() if path.is_file() else []:
        cells = line.split(",")
        into = regions if cells[7] == "DontCare" else others
        into.setdefault(int(cells[0]), []).append([float(cell) for cell in cells[2:6]])
    return (
        {k: _xyxy(np.array(v)) for k, v in others.items()},
        {k: _xyxy(np.array(v)) for k, v in regions.items()},
    )


def _xyxy(ltwh: Floats) -> Floats:
    return np.concatenate([ltwh[:, :2], ltwh[:, :2] + ltwh[:, 2:]], axis=1)


def ours(sequence: Sequence) -> Followed:
    """What our tracker makes of a sequence, knowing nothing but the boxes."""
    n = len(sequence.detections)
    w, h = sequence.size_px
    piece = Piece(
        frames=np.arange(n),
        times_s=np.arange(n) / sequence.fps,
        luma=np.zeros((n, 1, 1), dtype=np.uint8),
        chroma=np.zeros((n, 1, 1, 2), dtype=np.uint8),
        transition=np.zeros(n, dtype=bool),
        px=np.ones(2),
    )
    camera = Camera("still", np.tile(np.eye(3), (n, 1, 1)), np.zeros(n, dtype=bool))
    result: Followed = [[] for _ in range(n)]
    for one in track(piece, camera, sequence.detections, (w, h)):
        boxes = geometry.from_centre(one.mean[:, :2], np.exp(one.mean[:, 2:4]))
        for k in _told(one):
            result[int(one.frames[k])].append((one.id, boxes[k]))
    return result


def _told(one: Track) -> Ints:
    """Rows of a track that are seen, or within a short gap; none of one hardly ever seen."""
    seen = np.flatnonzero(one.observed)
    if len(seen) < _LEAST_SEEN:
        return seen[:0]
    after = np.searchsorted(seen, np.arange(len(one.frames)))
    before = np.where(one.observed, after, after - 1)
    lost_s = one.times_s[seen[after]] - one.times_s[seen[before]]
    return np.flatnonzero(lost_s <= FOLLOW_GAPS_S)


def _roboflow(name: str) -> Callable[[Sequence], Followed]:
    def run(sequence: Sequence) -> Followed:
        import supervision
        import trackers

        tracker = getattr(trackers, name)()
        result: Followed = []
        for seen in sequence.detections:
            found = supervision.Detections(
                xyxy=seen.boxes.astype(np.float32),
                confidence=seen.scores.astype(np.float32),
                class_id=np.zeros(len(seen.boxes), dtype=int),
            )
            told = tracker.update(found)
            result.append(
                [(int(i), b) for i, b in zip(told.tracker_id, told.xyxy, strict=True) if i >= 0]
            )
        return result

    return run


def _byte_tracker(sequence: Sequence) -> Followed:
    from ultralytics.engine.results import Boxes
    from ultralytics.utils import YAML, IterableSimpleNamespace
    from ultralytics.utils.checks import check_yaml

    from ultralytics.trackers.byte_tracker import BYTETracker  # isort: skip

    settings = IterableSimpleNamespace(**YAML.load(check_yaml("bytetrack.yaml")))
    tracker = BYTETracker(settings)
    result: Followed = []
    for seen in sequence.detections:
        cells = np.concatenate(
            [seen.boxes, seen.scores[:, None], np.zeros((len(seen.boxes), 1))], axis=1
        )
        told = tracker.update(Boxes(cells.astype(np.float32), sequence.size_px[::-1]))
        result.append([(int(row[4]), row[:4].astype(np.float64)) for row in told])
    return result


RIVALS: Mapping[str, Callable[[Sequence], Followed]] = {
    "SORT": _roboflow("SORTTracker"),
    "ByteTrack": _roboflow("ByteTrackTracker"),
    "OC-SORT": _roboflow("OCSORTTracker"),
    "BYTETracker": _byte_tracker,
}


def follow(sequence: Sequence, tracker: Callable[[Sequence], Followed]) -> tuple[Followed, float]:
    """Run a tracker; its boxes and the seconds it took."""
    start = time.perf_counter()
    followed = tracker(sequence)
    return followed, time.perf_counter() - start


def score(sequence: Sequence, followed: Followed, seconds: float) -> Outcome:
    """Compare what a tracker said with the truth, by the code of TrackEval.

    Source: Bernardin, Stiefelhagen (2008) for MOTA; Ristani et al. (2016) for IDF1;
    Luiten et al. (2021) for HOTA.
    """
    from trackeval.metrics import CLEAR, HOTA, Identity

    data = _as_trackeval(sequence, followed)
    quiet = {"PRINT_CONFIG": False}
    clear = CLEAR(quiet).eval_sequence(data)
    identity = Identity(quiet).eval_sequence(data)
    hota = HOTA().eval_sequence(data)
    return Outcome(
        idf1=100 * float(identity["IDF1"]),
        hota=100 * float(np.mean(hota["HOTA"])),
        mota=100 * float(clear["MOTA"]),
        n_switches=int(clear["IDSW"]),
        seconds=seconds,
    )


def _as_trackeval(sequence: Sequence, followed: Followed) -> dict[str, object]:
    """Ids counted from 0 and similarities, the way TrackEval's metrics want them."""
    gt_number = {
        i: k for k, i in enumerate(sorted({int(i) for t in sequence.truth for i in t.ids}))
    }
    number: dict[int, int] = {}
    gt_ids, ids, similarities = [], [], []
    for truth, rows in zip(sequence.truth, followed, strict=True):
        boxes = np.array([box for _, box in rows]).reshape(-1, 4)
        overlap = geometry.iou(truth.boxes, boxes)
        keep = ~_counts_for_nobody(truth, boxes)
        gt_ids.append(np.array([gt_number[int(i)] for i in truth.ids], dtype=int))
        kept = [i for (i, _), counts in zip(rows, keep, strict=True) if counts]
        ids.append(np.array([number.setdefault(i, len(number)) for i in kept], dtype=int))
        similarities.append(overlap[:, keep])
    return {
        "gt_ids": gt_ids,
        "tracker_ids": ids,
        "similarity_scores": similarities,
        "num_timesteps": len(followed),
        "num_gt_ids": len(gt_number),
        "num_tracker_ids": len(number),
        "num_gt_dets": sum(map(len, gt_ids)),
        "num_tracker_dets": sum(map(len, ids)),
    }


def _counts_for_nobody(truth: Truth, boxes: Floats) -> np.ndarray:
    """Which boxes (N, 4) lie on what is neither right nor wrong, (N,)."""
    nobodys = np.zeros(len(boxes), dtype=bool)
    if not len(boxes):
        return nobodys
    overlap = geometry.iou(np.concatenate([truth.boxes, truth.neither]), boxes)
    rows, columns = linear_sum_assignment(np.where(overlap >= _SAME, -overlap, 0.0))
    matched = overlap[rows, columns] >= _SAME
    nobodys[columns[matched & (rows >= len(truth.boxes))]] = True
    if len(truth.regions):
        within = geometry.containment(boxes, truth.regions).max(axis=1) > _SAME
        within[columns[matched]] = False
        nobodys |= within
    return nobodys
