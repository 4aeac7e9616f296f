"""The check `split`."""

from __future__ import annotations

from physcheck.checks import check
from physcheck.partings import parting_signals
from physcheck.types import Shot, Signal

__all__ = ["split"]


@check("split", group="permanence", unit="nats")
def split(shot: Shot, *, min_size_px: float = 12.0) -> list[Signal]:
    """One thing becomes two of its kind, each as large as it was.

    Statistic: log odds that one thing became two against that something innocent
        made it look so (two all along, a part, one hidden by the other, gone in before,
        an unsure outline): how alike the pixels of the two are, whether their ways meet
        where the one was, how long it was alone, sizes and colours, weighed together as
        labelled footage teaches. Either a second track begins beside it, or its own
        outline grows to hold two. Very low where nothing parts.
    Abstains: too small, seen in fewer than eight frames, at the border, in a fade or
        under a lost camera.
    Blind to: halves that are smaller than the whole; things that
        are never seen by themselves, as in a crowd.
    Source: solidity and number of objects, Spelke (1990).

    Args:
        min_size_px: smaller side below which a thing is not judged, px.
    """
    return parting_signals(shot.tracks, "split", "one becomes two of its kind", min_size_px)
