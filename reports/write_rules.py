"""Write docs/rules: a page and a picture for each rule of the default pack.

    python reports/write_rules.py [--work DIR] [--pictures]

The words come from the checks and the pack, the figures from rules/measured.json, which
measure_accuracy.py writes. With --pictures the pictures are drawn anew: the frames around a
labelled violation of a sample, or, for what no sample shows, of the simulated set in DIR.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np

from physcheck.labels import ClipLabel, LabelSet, ViolationLabel, read_labels
from physcheck.rules import load_pack, rule_page
from physcheck.types import Bytes

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "docs" / "rules"
TILE_PX = (240, 160)
AROUND = 5.0
"""A tile is so many sizes of the thing wide."""
SHOWN_BY = {"count-change": "split"}
"""For rules whose kind no set is made with: the kind in whose pictures it is seen too."""
ACCUSED, QUALITY = (40, 40, 230), 82


def main(arguments: Sequence[str] | None = None) -> None:
    """Draw what is asked for and write all pages."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--work", type=Path, default=ROOT / "out" / "accuracy", metavar="DIR")
    parser.add_argument("--pictures", action="store_true")
    options = parser.parse_args(arguments)
    FOLDER.mkdir(parents=True, exist_ok=True)
    if options.pictures:
        draw_pictures(options.work)
    for path, text in pages():
        path.write_text(text, encoding="utf-8")


def pages() -> Iterator[tuple[Path, str]]:
    """Yield the file and the text of each page, the list of them last."""
    pack = load_pack("default")
    rows = ["# Rules", "", "| rule | group | objects to |", "|---|---|---|"]
    for rule in pack.rules:
        text = rule_page(pack, rule.name, pictures=pictures_of(rule.name))
        yield FOLDER / f"{rule.name}.md", text
        summary = text.split("\n")[2]
        rows.append(f"| [{rule.name}]({rule.name}.md) | {rule.group} | {summary} |")
    yield FOLDER / "README.md", "\n".join(rows) + "\n"


def pictures_of(rule: str) -> list[tuple[str, str]]:
    """Addresses, seen from the page, and what they show."""
    picture = FOLDER / f"{rule}.jpg"
    told = f"{rule}: before, as it begins, as it ends, after"
    return [(picture.name, told)] if picture.is_file() else []


def draw_pictures(work: Path) -> None:
    """One picture for each rule that some sample or simulated clip breaks."""
    sets = [read_labels(ROOT / "samples" / "labels.json")]
    if (work / "simulated" / "labels.json").is_file():
        sets.append(read_labels(work / "simulated" / "labels.json"))
    for rule in load_pack("default").rules:
        found = example(SHOWN_BY.get(rule.name, rule.name), sets)
        if found:
            strip = draw(*found)
            path = FOLDER / f"{rule.name}.jpg"
            cv2.imwrite(str(path), strip, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])


def example(rule: str, sets: Sequence[LabelSet]) -> tuple[Path, ClipLabel, ViolationLabel] | None:
    """The plainest labelled violation: of the first set that has any, the largest thing."""
    for one in sets:
        found = [
            (label, wrong)
            for label in one.clips
            for wrong in label.violations
            if wrong.kind == rule and wrong.box_at_peak
        ]
        if found:
            label, wrong = max(found, key=plainness)
            return one.path_of(label), label, wrong
    return None


def plainness(found: tuple[ClipLabel, ViolationLabel]) -> float:
    """How well a picture would show it: a large thing, and much of the wrong."""
    label, wrong = found
    _, x1, y1, x2, y2 = wrong.box_at_peak or (0, 0, 0, 0, 0)
    return (x2 - x1) * (y2 - y1) * (wrong.magnitude or 1.0) ** 0.5 / len(label.violations)


def draw(path: Path, label: ClipLabel, wrong: ViolationLabel) -> Bytes:
    """Tiles side by side, (h, w, 3) BGR; the thing is framed where it is labelled."""
    at, *box = wrong.box_at_peak or (0, 0.0, 0.0, 0.0, 0.0)
    pause = max(2, round(0.15 * (label.fps or 24.0)))
    wanted = [wrong.start_frame - pause, wrong.start_frame, wrong.end_frame]
    wanted.append(wrong.end_frame + pause)
    nearest = int(np.argmin(np.abs(np.array(wanted) - at)))
    wanted[nearest] = int(at)
    frames = decoded(path)
    tiles = [
        tile(frames, frame, box, framed=number == nearest) for number, frame in enumerate(wanted)
    ]
    return np.concatenate(tiles, axis=1)


def tile(frames: Sequence[Bytes], frame: int, box: Sequence[float], *, framed: bool) -> Bytes:
    """One frame, cut to the surroundings of a box xyxy, with its number."""
    frame = min(max(frame, 0), len(frames) - 1)
    picture = frames[frame].copy()
    if framed:
        x1, y1, x2, y2 = (round(value) for value in box)
        cv2.rectangle(picture, (x1 - 3, y1 - 3), (x2 + 3, y2 + 3), ACCUSED, 1, cv2.LINE_AA)
    picture = cv2.resize(cut(picture, box), TILE_PX, interpolation=cv2.INTER_CUBIC)
    for colour, width in ((255, 255, 255), 3), ((20, 20, 20), 1):
        place, font = (6, 17), cv2.FONT_HERSHEY_SIMPLEX
        cv2.putText(picture, str(frame), place, font, 0.45, colour, width, cv2.LINE_AA)
    return picture


def cut(picture: Bytes, box: Sequence[float]) -> Bytes:
    """The part of a picture around a box, of the tile's proportions."""
    h, w = picture.shape[:2]
    x1, y1, x2, y2 = box
    width = min(max(AROUND * max(x2 - x1, y2 - y1), w / 3), w, h * TILE_PX[0] / TILE_PX[1])
    height = width * TILE_PX[1] / TILE_PX[0]
    left = min(max((x1 + x2 - width) / 2, 0.0), w - width)
    top = min(max((y1 + y2 - height) / 2, 0.0), h - height)
    return picture[round(top) : round(top + height), round(left) : round(left + width)]


def decoded(path: Path) -> list[Bytes]:
    """All frames, BGR."""
    capture = cv2.VideoCapture(str(path))
    frames = []
    while True:
        read, frame = capture.read()
        if not read:
            return frames
        frames.append(frame)


if __name__ == "__main__":
    main()
