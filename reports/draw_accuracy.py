"""The plots of accuracy.md: precision and recall, calibration, recall against magnitude."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import matplotlib

matplotlib.use("svg")

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FormatStrFormatter, LogLocator, NullFormatter

from physcheck.evaluation.records import CurveRecord
from physcheck.evaluation.running import Predicted
from physcheck.statistics import equal_mass_bins
from physcheck.types import Bools, Floats

__all__ = ["draw_calibration", "draw_curves", "draw_precision_recall"]

BLUE, GREY = "#0072b2", "#8a8a8a"
COLUMNS = 4
plt.rcParams.update(
    {"svg.hashsalt": "physcheck", "svg.fonttype": "none", "font.size": 9, "axes.grid": True}
    | {"grid.alpha": 0.3, "axes.spines.top": False, "axes.spines.right": False}
)


def scored(predicted: Predicted) -> tuple[Floats, Bools]:
    """How surely each clip is said to be wrong, and whether it is; unsure ones left out."""
    rows = [(said.violation, label.verdict) for label, said in predicted]
    known = [(value, verdict == "violation") for value, verdict in rows if verdict != "unsure"]
    return np.array([value for value, _ in known]), np.array([wrong for _, wrong in known])


def draw_precision_recall(predicted: Predicted, path: Path) -> None:
    """Precision over recall of violating clips, a point for each limit."""
    scores, wrong = scored(predicted)
    limits = np.unique(scores[scores > 0])[::-1]
    recall = [float((scores[wrong] >= limit).mean()) for limit in limits]
    precision = [float(wrong[scores >= limit].mean()) for limit in limits]
    figure, axes = plt.subplots(figsize=(4, 3))
    axes.step(recall, precision, where="post", color=BLUE, label="physcheck")
    axes.axhline(wrong.mean(), color=GREY, linestyle=":", label="guessing")
    axes.set(xlabel="recall of violating clips", ylabel="precision", xlim=(0, 1), ylim=(0, 1.02))
    axes.legend(frameon=False, loc="lower right")
    save(figure, path)


def draw_calibration(predicted: Predicted, path: Path, n_bins: int = 10) -> None:
    """Share of violating clips over 1 - score, in bins of equal mass."""
    scores, wrong = scored(predicted)
    bins = equal_mass_bins(scores, n_bins)
    figure, axes = plt.subplots(figsize=(4, 3))
    axes.plot([0, 1], [0, 1], color=GREY, linestyle=":", label="calibrated")
    members = [bins == number for number in np.unique(bins)]
    axes.plot(
        [scores[one].mean() for one in members],
        [wrong[one].mean() for one in members],
        "o-",
        color=BLUE,
        label="physcheck",
    )
    axes.set(xlabel="1 - score, mean of the bin", ylabel="share that is violating")
    axes.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02))
    axes.legend(frameon=False, loc="upper left")
    save(figure, path)


def draw_curves(curves: Sequence[CurveRecord], path: Path) -> None:
    """Recall against magnitude, a panel for each kind."""
    whole = [one for one in curves if not one.split]
    n_rows = -(-len(whole) // COLUMNS)
    figure, grid = plt.subplots(
        n_rows, COLUMNS, figsize=(2.6 * COLUMNS, 2.1 * n_rows), squeeze=False
    )
    for axes, curve in zip(grid.flat, whole, strict=False):
        draw_curve(axes, curve)
    for axes in grid.flat[len(whole) :]:
        axes.set_axis_off()
    figure.supylabel("recall")
    save(figure, path)


def draw_curve(axes: Axes, curve: CurveRecord) -> None:
    """One kind: recall in bins, and the fit."""
    low = [one.low for one in curve.bins]
    high = [one.high for one in curve.bins]
    middle = np.sqrt(np.array(low) * np.array(high))
    recall = [one.recall for one in curve.bins]
    axes.hlines(recall, low, high, color=BLUE, alpha=0.4)
    axes.plot(middle, recall, "o", color=BLUE, markersize=4)
    if curve.slope is not None and curve.intercept is not None and low:
        x = np.geomspace(min(low), max(high), 50)
        axes.plot(x, 1 / (1 + np.exp(-(curve.intercept + curve.slope * np.log(x)))), color=GREY)
    axes.set_xscale("log")
    axes.xaxis.set_major_locator(LogLocator(subs=(1.0, 3.0)))
    axes.xaxis.set_major_formatter(FormatStrFormatter("%g"))
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.set(ylim=(-0.05, 1.05), xlabel=curve.unit)
    axes.set_title(f"{curve.kind} ({curve.n})", fontsize=9)


def save(figure: plt.Figure, path: Path) -> None:
    """Write it, without a date: the same figures give the same file."""
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None})
    plt.close(figure)
