"""Measure whether verdicts hold when a clip is changed in ways that no viewer minds.

    python reports/measure_stability.py [--footage DIR] [--jobs N] [-o FILE]

Each real and generated clip is analysed as it is and in three variants: encoded again at a lower
quality, without its first frame, and without 2 % of its height and width. A verdict is whether
the clip is flagged, or has no score. Written to stability.md.
"""

from __future__ import annotations

import argparse
import multiprocessing
import tempfile
from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple

import av
import numpy as np
from sections import with_section

from physcheck.analysis import analyze
from physcheck.errors import PhyscheckError
from physcheck.labels import read_labels
from physcheck.records import Report

ROOT = Path(__file__).resolve().parents[1]
SETS = ("real", "generated")
TITLE = "# Whether verdicts hold when a clip changes in ways that no viewer minds"
HEADING = "Real and generated clips"
CRF = {"as it is": None, "encoded again": 30, "a frame less": 12, "2 % less": 12}
WANTED = 0.95


class Verdict(NamedTuple):
    """What is said of one variant. word: "flagged", "clean" or "untold"."""

    clip: str
    variant: str
    word: str
    score: float | None
    rules: tuple[str, ...]


def main(arguments: Sequence[str] | None = None) -> None:
    """Analyse all variants and write the page."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    add = parser.add_argument
    add("--footage", type=Path, default=ROOT.parent / "shared" / "clips", metavar="DIR")
    add("--jobs", type=int, default=2, metavar="N")
    add("-o", "--output", type=Path, default=ROOT / "reports" / "stability.md", metavar="FILE")
    options = parser.parse_args(arguments)
    jobs = []
    for name in SETS:
        labels = read_labels(options.footage / name / "labels.json")
        jobs += [(name, label.clip, labels.path_of(label)) for label in labels.clips]
    with multiprocessing.get_context("spawn").Pool(options.jobs) as pool:
        found = [one for rows in pool.imap(verdicts, jobs, chunksize=1) for one in rows]
    before = options.output.read_text(encoding="utf-8") if options.output.exists() else TITLE
    text = "\n".join(lines(found))
    options.output.write_text(with_section(before, HEADING, text), encoding="utf-8")
    print(text)


def verdicts(job: tuple[str, str, Path]) -> list[Verdict]:
    """All variants of one clip; the first is the clip itself."""
    name, clip, path = job
    found = []
    with tempfile.TemporaryDirectory() as folder:
        for variant, crf in CRF.items():
            changed = path if crf is None else Path(folder) / f"{variant.replace(' ', '-')}.mp4"
            if crf is not None:
                write_variant(path, changed, variant, crf)
            try:
                report = analyze(changed)
            except PhyscheckError:
                found.append(Verdict(f"{name}/{Path(clip).name}", variant, "unread", None, ()))
                continue
            rules = tuple(sorted({one.rule for one in report.violations}))
            said = (variant, word_of(report), report.score, rules)
            found.append(Verdict(f"{name}/{Path(clip).name}", *said))
    return found


def word_of(report: Report) -> str:
    """The verdict in a word."""
    if report.flagged:
        return "flagged"
    return "untold" if report.score is None else "clean"


def write_variant(source: Path, target: Path, variant: str, crf: int) -> None:
    """Decode, change, and encode with the times that the frames had."""
    with av.open(str(source)) as reading, av.open(str(target), "w") as writing:
        video = reading.streams.video[0]
        stream = None
        for number, frame in enumerate(reading.decode(video)):
            if variant == "a frame less" and number == 0:
                continue
            picture = frame.to_ndarray(format="rgb24")
            picture = cropped(picture, 0.02 if variant == "2 % less" else 0.0)
            if stream is None:
                rate = video.average_rate or Fraction(24)
                stream = writing.add_stream("libx264", rate=rate, options={"crf": str(crf)})
                stream.height, stream.width = picture.shape[:2]
                stream.pix_fmt = "yuv420p"
                stream.codec_context.time_base = video.time_base
            made = av.VideoFrame.from_ndarray(picture, format="rgb24")
            made.pts, made.time_base = frame.pts, video.time_base
            writing.mux(stream.encode(made))
        if stream is not None:
            writing.mux(stream.encode())


def cropped(picture: np.ndarray, share: float) -> np.ndarray:
    """The middle of a picture, of even height and width."""
    h, w = picture.shape[:2]
    top, left = round(h * share / 2), round(w * share / 2)
    inside = picture[top : h - top, left : w - left]
    h, w = inside.shape[:2]
    return np.ascontiguousarray(inside[: h - h % 2, : w - w % 2])


def lines(found: Sequence[Verdict]) -> Iterator[str]:
    """The section."""
    plain = {one.clip: one for one in found if one.variant == "as it is"}
    yield (
        f"Made by `python reports/{Path(__file__).name}`: {len(plain)} real and generated clips at "
        "the default settings. A verdict is flagged, clean, or no score; kept means that the "
        f"variant has the same. Wanted: {WANTED} of all."
    )
    yield ""
    yield "| variant | verdicts kept | newly flagged | no longer flagged | score moved, 90 % |"
    yield "|---|---|---|---|---|"
    variants = [variant for variant in CRF if variant != "as it is"]
    for variant in [*variants, "all"]:
        rows = [one for one in found if one.variant == variant or variant == "all"]
        rows = [one for one in rows if one.variant != "as it is"]
        yield row_of(variant, rows, plain)
    changed = [one for one in found if one.word != plain[one.clip].word]
    yield ""
    if changed:
        yield "Verdicts that changed: " + "; ".join(told(one, plain[one.clip]) for one in changed)


def row_of(variant: str, rows: Sequence[Verdict], plain: dict[str, Verdict]) -> str:
    """One line of the table."""
    kept = sum(one.word == plain[one.clip].word for one in rows)
    new = sum(one.word == "flagged" != plain[one.clip].word for one in rows)
    gone = sum(one.word != "flagged" == plain[one.clip].word for one in rows)
    pairs = [(one.score, plain[one.clip].score) for one in rows]
    moved = [abs(a - b) for a, b in pairs if a is not None and b is not None]
    spread = f"{np.quantile(moved, 0.9):.2f}" if moved else "-"
    share = f"{kept / len(rows):.3f} ({kept} of {len(rows)})"
    return f"| {variant} | {share} | {new} | {gone} | {spread} |"


def told(one: Verdict, before: Verdict) -> str:
    """One change in words."""
    return f"{one.clip} ({one.variant}): {words(before)} to {words(one)}"


def words(one: Verdict) -> str:
    """A verdict and its rules."""
    return f"{one.word} ({', '.join(one.rules)})" if one.rules else one.word


if __name__ == "__main__":
    main()
