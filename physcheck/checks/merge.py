"""The check `merge`."""

from __future__ import annotations

from physcheck.checks import check
from physcheck.partings import parting_signals
from physcheck.types import Shot, Signal

__all__ = ["merge"]


@check("merge", group="permanence", unit="nats")
def merge(shot: Shot, *, min_size_px: float = 12.0) -> list[Signal]:
    """Two things of a kind become one, as large as one of them was.

    Statistic: log odds that a thing goes into another
        against the best innocent explanation (two all along seen as one, a part, hidden
        behind the other, gone in before, the border, an unsure outline): one alone for
        so long that the other, at the pace at which they part, should have been seen,
        and then two of its size and colour.
    Abstains: too small, seen in fewer than six frames, at the border. 0 where nothing
        meets.
    Blind to: sums that are larger than either; things that
        are never seen by themselves, as in a crowd.
    Source: solidity and number of objects, Spelke (1990).

    Args:
        min_size_px: smaller side below which a thing is not judged, px.
    """
    return parting_signals(shot.tracks, -1, "goes into", min_size_px)
