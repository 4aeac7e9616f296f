"""The check `appear`."""

from __future__ import annotations

from physcheck.checks import check
from physcheck.ends import end_signal
from physcheck.types import Shot, Signal

__all__ = ["appear"]


@check("appear", group="permanence", unit="nats")
def appear(shot: Shot, *, min_size_px: float = 10.0, min_seen_frames: int = 4) -> list[Signal]:
    """A thing starts to exist, or is back, in the open from one frame to the next.

    Statistic: log odds that the thing came from nothing against the innocent births
        (entered at the border, was there and undetected, came from behind something,
        split from a neighbour, light or shadow, too fast, unsure outline); the tests of
        `vanish` played backwards.
    Abstains: too small, seen too briefly, at the border, in a fade or under a lost
        camera, within three frames of the beginning of the shot.
    Blind to: things that grow into view over more than about three frames; things
        that come out of a hand or a container are told by their neighbour only.
    Source: as for `vanish`.

    Args:
        min_size_px: smaller side below which a thing is not judged, px.
        min_seen_frames: frames a thing must have been seen in.
    """
    return [
        end_signal(
            track,
            shot,
            [track.birth, *(gap.arrival for gap in track.gaps)],
            min_size_px=min_size_px,
            min_seen_frames=min_seen_frames,
            verb="appears",
        )
        for track in shot.tracks
    ]
