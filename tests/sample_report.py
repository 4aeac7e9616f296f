"""A small clip made by hand: a ball bounces, sinks into the floor and is gone."""

from __future__ import annotations

import numpy as np

from physcheck.report import DetectorInfo, Report, build_report
from physcheck.rules import Decision, Pack
from physcheck.score import Score
from physcheck.types import (
    Alternative,
    Contact,
    Ending,
    Overlap,
    Signal,
    Timeline,
    Track,
    Video,
    Violation,
    World,
)

N_FRAMES = 48
FPS = 24.0
RULES = ("floor-penetration", "vanish", "size-jump", "teleport")
NAN = float("nan")


def video(path: str = "clip.mp4", problems: tuple[str, ...] = ()) -> Video:
    return Video(
        path=path,
        width_px=640,
        height_px=360,
        times_s=np.arange(N_FRAMES) / FPS,
        doubled=np.zeros(N_FRAMES, dtype=bool),
        transition=np.zeros(N_FRAMES, dtype=bool),
        shots=((0, N_FRAMES),),
        problems=problems,
    )


def track() -> Track:
    n = 6
    boxes = np.array([100.123456, 200.0, 124.5, 224.006]) + np.arange(n)[:, None] * 2.5
    tried = (Alternative("left the frame", 7.25, "191 px from the nearest edge"),)
    return Track(
        id=3,
        label="ball",
        frames=np.arange(30, 30 + n),
        times_s=np.arange(30, 30 + n) / FPS,
        observed=np.array([True, True, False, True, True, True]),
        boxes=boxes,
        mean=np.zeros((n, 10)),
        cov=np.zeros((n, 10, 10)),
        innovation=np.zeros((n, 4)),
        innovation_cov=np.zeros((n, 4, 4)),
        nis=np.zeros(n),
        border=np.zeros(n, dtype=bool),
        clear=np.ones(n, dtype=bool),
        merged=np.zeros(n, dtype=bool),
        open=np.ones(n, dtype=bool),
        scores=np.ones(n),
        features=np.zeros((n, 0)),
        birth=Ending(30, "missed", reason="too small to tell"),
        death=Ending(35, "open", 5.5, alternatives=tried, other_frame=36),
    )


def violation(**changes: object) -> Violation:
    fields = {
        "id": "v1",
        "rule": "floor-penetration",
        "group": "floor",
        "track_ids": (3,),
        "label": "ball",
        "start_frame": 30,
        "stop_frame": 34,
        "start_s": 30 / FPS,
        "stop_s": 34 / FPS,
        "peak_frame": 32,
        "box": (100.123456, 200.0, 124.5, 224.006),
        "peak": 9.4,
        "limit": 3.0,
        "unit": "px",
        "probability": 0.97123,
        "explanation": "9.4 px below the floor, limit 3.0 px",
        "alternatives": (Alternative("floor misplaced", NAN, "two contacts only"),),
    }
    return Violation(**{**fields, **changes})


def signal() -> Signal:
    return Signal(
        track_ids=(3,),
        label="ball",
        frames=np.arange(30, 34),
        values=np.array([0.1, NAN, 9.41234567, 3.0]),
        unit="px",
        reasons=np.array(["", "hidden", "", ""]),
        boxes=np.array([[1, 2, 3, 4], [NAN] * 4, [1, 2, 3, 4], [1, 2, 3, 4.006]]),
    )


def timeline() -> Timeline:
    excess = np.full((N_FRAMES, len(RULES)), NAN)
    excess[4:40, 0] = 0.2
    excess[30:34, 0] = 9.4 / 3.0
    excess[4:37, 1] = 0.1
    excess[36, 1] = 2.0
    excess[10:20, 2] = 0.5
    return Timeline(
        times_s=np.arange(N_FRAMES) / FPS,
        rules=RULES,
        excess=excess,
        reasons=np.full((N_FRAMES, len(RULES)), ""),
    )


def decision(*violations: Violation) -> Decision:
    return Decision(
        violations=violations,
        timeline=timeline(),
        coverage={"floor-penetration": 0.75, "vanish": 1.0, "size-jump": 0.37, "teleport": None},
        n_judged={"floor-penetration": 75, "vanish": 100, "size-jump": 37, "teleport": 0},
        abstained={
            "floor-penetration": {"no contact yet": 25},
            "vanish": {},
            "size-jump": {"too small": 40, "off-screen": 23},
            "teleport": {},
        },
        peak_probability={"floor-penetration": 0.97123},
    )


def vanish() -> Violation:
    return violation(
        id="v2",
        rule="vanish",
        group="permanence",
        start_frame=35,
        stop_frame=37,
        start_s=35 / FPS,
        stop_s=37 / FPS,
        peak_frame=36,
        peak=5.5,
        limit=2.75,
        unit="nats",
        probability=0.88,
        explanation="gone within 1 frame, behind nothing, limit 2.75 nats",
        alternatives=(),
    )


def world() -> World:
    """A bounce, and a passage in which the order turns round."""
    order = np.array([np.nan, -3.21987, 4.0])
    return World(
        camera=np.tile(np.eye(3), (3, 1, 1)),
        camera_frames=np.arange(3),
        moving_camera=False,
        contacts=(Contact(1, -1, 12, (100.126, 224.0), "bounce", 1.004),),
        overlaps=(Overlap(1, np.arange(20, 23), order, np.array([0.0, 0.3, 0.0]), 0.29996, 22),),
    )


def report(
    path: str = "clip.mp4",
    *,
    clean: bool = False,
    score: Score | None = None,
    signals: bool = False,
    problems: tuple[str, ...] = (),
) -> Report:
    broken = () if clean else (violation(), vanish())
    value = 0.96 if clean else 1 - 0.97123
    return build_report(
        video(path, problems),
        () if clean else (track(),),
        decision(*broken),
        score or Score(value, "made by hand"),
        detector=DetectorInfo(name="motion", settings={"working_px": 480}),
        pack=Pack("default", "1", "for tests", "0" * 64, "default.yaml", ()),
        config_sha256="1" * 64,
        seconds={"decode": 0.41234567, "detect": 1.2, "track": 0.3},
        worlds=() if clean else (world(),),
        signals={"floor-penetration": [signal()]} if signals else None,
        notes=("detector motion (no weights given or pulled)",),
    )
