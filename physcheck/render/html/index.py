"""The index of many clips: which to look at first, and why."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Any, NamedTuple

from physcheck import __version__
from physcheck.records import FLAG_PROBABILITY, Report, Unread
from physcheck.render import wording
from physcheck.render.html.crops import worst_frame
from physcheck.render.html.page import review_key
from physcheck.render.html.shell import fill
from physcheck.render.names import clip_name

__all__ = ["IndexEntry", "render_index"]

_TONES = ("bad", "doubt", "fine", "untold", "unread")


class IndexEntry(NamedTuple):
    """A clip of the index. link: address of its page, or empty. picture: WebP, or nothing."""

    outcome: Report | Unread
    link: str = ""
    picture: bytes = b""


def render_index(entries: Sequence[IndexEntry]) -> str:
    """Draw the index; what is listed can be sorted and narrowed down in the page."""
    rows = [_row(one) for one in entries]
    counts = {tone: sum(row["tone"] == tone for row in rows) for tone in _TONES}
    values = {
        "version": __version__,
        "title": wording.count(len(rows), "clip"),
        "counts": counts,
        "data": {"clips": rows},
    }
    return fill("index", values, scripts=("index",))


def _row(entry: IndexEntry) -> dict[str, Any]:
    outcome = entry.outcome
    if isinstance(outcome, Unread):
        return {
            "name": clip_name(outcome.path),
            "path": outcome.path,
            "tone": "unread",
            "verdict": outcome.error,
            "rules": [],
        }
    words, tone = wording.verdict(outcome)
    surest: dict[str, float] = {}
    for one in outcome.violations:
        surest[one.rule] = max(one.probability, surest.get(one.rule, 0.0))
    ranked = sorted(surest.items(), key=lambda item: -item[1])
    return {
        "name": clip_name(outcome.video.path),
        "path": outcome.video.path,
        "link": entry.link,
        "key": review_key(outcome),
        "tone": tone,
        "verdict": outcome.score_reason if tone == "untold" else words,
        "score": outcome.score,
        "judged": wording.judged_share(outcome),
        "seconds": round(outcome.video.duration_s, 2),
        "n": sum(one.probability >= FLAG_PROBABILITY for one in outcome.violations),
        "rules": [[rule, p >= FLAG_PROBABILITY] for rule, p in ranked],
        "picture": base64.b64encode(entry.picture).decode(),
        "size": [outcome.video.width, outcome.video.height],
        "box": worst_frame(outcome)[1],
    }
