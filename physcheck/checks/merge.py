"""The check `merge`."""

from __future__ import annotations

from physcheck.checks import check
from physcheck.partings import parting_signals
from physcheck.types import Shot, Signal

__all__ = ["merge"]


@check("merge", group="permanence", unit="nats")
def merge(shot: Shot, *, min_size_px: float = 12.0) -> list[Signal]:
    """Two things become one, as large as one of them was.

    Statistic: log odds that two things became one against that something innocent
        made it look so; what `split` measures, backwards in time. Very low where
        nothing meets.
    Abstains: too small, seen in fewer than eight frames, at the border, in a fade or
        under a lost camera.
    Blind to: sums that are larger than either; things that
        are never seen by themselves, as in a crowd; a thing at rest that was never
        told from its background.
    Source: solidity and number of objects, Spelke (1990).

    Args:
        min_size_px: smaller side below which a thing is not judged, px.
    """
    return parting_signals(shot.tracks, "merge", "two become one", min_size_px)
