"""The check `vanish`."""

from __future__ import annotations

from physcheck.checks import check
from physcheck.ends import end_signal
from physcheck.types import Shot, Signal

__all__ = ["vanish"]


@check("vanish", group="permanence", unit="nats")
def vanish(shot: Shot, *, min_size_px: float = 10.0, min_seen_frames: int = 4) -> list[Signal]:
    """A thing that is seen in the open is gone from one frame to the next.

    Statistic: log odds that the thing ceased to exist against the innocent ends (left
        the frame, missed by the detector, went behind something, merged with a
        neighbour, light or shadow, too fast, unsure outline): tests of motion,
        neighbours and pixels around the end, weighed together as labelled ends teach.
        0 while the thing is simply there.
    Abstains: too small, seen too briefly, at the border, in a fade or under a lost
        camera, within three frames of the end of the shot.
    Blind to: fades that take more than about three frames; things that never
        change and so are never detected; things faster than their own size a frame.
    Source: after the idea of explaining away of VMBench (2025) and the likelihood
        of hidden against gone of ADEPT (Smith et al. 2019).

    Args:
        min_size_px: smaller side below which a thing is not judged, px.
        min_seen_frames: frames a thing must have been seen in.
    """
    return [
        end_signal(
            track,
            shot,
            [track.death, *(gap.departure for gap in track.gaps)],
            min_size_px=min_size_px,
            min_seen_frames=min_seen_frames,
            verb="vanishes",
        )
        for track in shot.tracks
    ]
