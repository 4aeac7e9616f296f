"""Whether the errors of our filter are what it says they are, on footage that obeys.

The normalised innovation squared (NIS) of a filter that knows its errors is
chi-squared with as many degrees of freedom as a box has numbers: four.

Source: Bar-Shalom, Li, Kirubarajan (2001), Estimation with Applications to Tracking
and Navigation, section 5.4.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from scipy.stats import chi2

from physcheck.types import Floats, Track

__all__ = ["as_markdown", "draw", "nis_of"]

_N_NUMBERS = 4
_SETTLED = 6
"""Rows after which a filter has learned how fast a thing is."""
_MIN_ROWS = 12
_SHARES = (0.5, 0.9, 0.95, 0.99)
_WIDEST = 20.0


def nis_of(tracks: Sequence[Track]) -> Floats:
    """NIS of all clear rows of things that were long seen, (N,)."""
    rows = [np.zeros(0)]
    for one in tracks:
        known = one.clear & np.isfinite(one.nis)
        if known.sum() >= _MIN_ROWS:
            known[: np.flatnonzero(one.observed)[_SETTLED]] = False
            rows.append(one.nis[known])
    return np.concatenate(rows)


def as_markdown(clips: Mapping[str, Floats], picture: Path) -> str:
    """The share of rows over quantiles of chi-squared, over all clips and the middle clip."""
    some = {name: nis for name, nis in clips.items() if len(nis)}
    all_rows = np.concatenate(list(some.values()))
    lines = [
        "## Errors as they are said to be: NIS on real footage",
        "",
        f"![Histogram of NIS beside chi-squared with four degrees of freedom]({picture.name})",
        "",
        f"{len(all_rows)} rows in {len(some)} clips. Each row is foretold from earlier ones only,",
        "and its noise comes from the median of the whole track. The middle of the errors is as",
        "said; their tails are heavier than normal, for outlines jump and things turn, bounce and",
        "are let go. So no check takes a large NIS for an event by itself.",
        "",
        "| | said | all rows | middle clip |",
        "|---|---|---|---|",
        f"| median | {chi2.ppf(0.5, _N_NUMBERS):.2f} | {np.median(all_rows):.2f} | "
        f"{np.median([np.median(nis) for nis in some.values()]):.2f} |",
    ]
    for share in _SHARES[1:]:
        limit = chi2.ppf(share, _N_NUMBERS)
        over = [float(np.mean(nis > limit)) for nis in some.values()]
        cells = [f"{1 - share:.0%}", f"{np.mean(all_rows > limit):.0%}", f"{np.median(over):.0%}"]
        lines.append(f"| over {limit:.1f} | " + " | ".join(cells) + " |")
    return "\n".join([*lines, ""])


def draw(clips: Mapping[str, Floats], picture: Path) -> None:
    """Write the histogram as SVG; what lies beyond its end is in the last bar."""
    import matplotlib as mpl

    mpl.use("svg")
    mpl.rcParams["svg.hashsalt"] = "physcheck"
    import matplotlib.pyplot as plt

    edges = np.arange(0.0, _WIDEST + 1.0)
    weights = [np.full(len(nis), 1.0 / len(nis)) for nis in clips.values() if len(nis)]
    rows = [np.minimum(nis, _WIDEST - 0.5) for nis in clips.values() if len(nis)]
    figure, axes = plt.subplots(figsize=(7, 3), layout="constrained")
    counts, _ = np.histogram(np.concatenate(rows), edges, weights=np.concatenate(weights))
    axes.bar(edges[:-1], counts / len(rows), 1.0, align="edge", color="#9ecae1", label="measured")
    expected = np.diff(chi2.cdf(edges, _N_NUMBERS))
    axes.stairs(expected, edges, color="#d55e00", label="chi-squared, 4 degrees of freedom")
    axes.set(xlabel="NIS (last bar: all beyond)", ylabel="share of rows, each clip counted once")
    axes.legend(frameon=False)
    figure.savefig(picture, metadata={"Date": None})
    plt.close(figure)
