"""Words and numbers as a page shows them."""

from __future__ import annotations

import math

from physcheck.records import FLAG_PROBABILITY, Report, ViolationRecord

__all__ = [
    "count",
    "judged_share",
    "number",
    "odds",
    "odds_share",
    "percent",
    "verdict",
    "who",
]


def count(amount: int, noun: str) -> str:
    """`1 frame`, `2 frames`."""
    return f"{amount:,} {noun}{'' if amount == 1 else 's'}".replace(",", " ")


def percent(share: float | None) -> str:
    """A share as a whole per cent, with care at the ends."""
    if share is None:
        return "–"
    if 0 < share < 0.005:
        return "< 1 %"
    return "> 99 %" if 0.995 < share < 1 else f"{share * 100:.0f} %"


def number(value: float | None) -> str:
    """A measured number with three significant digits."""
    if value is None or not math.isfinite(value):
        return "–"
    if abs(value) >= 1e4:
        return f"{value:.2g}"
    digits = max(0, 2 - math.floor(math.log10(abs(value)))) if value else 0
    text = f"{value:.{min(digits, 3)}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def odds(log_odds: float | None) -> str:
    """Log odds in words: `35 to 1 against`."""
    if log_odds is None:
        return "could not be told"
    side = "against" if log_odds >= 0 else "for"
    ratio = math.exp(min(abs(log_odds), 7.0))
    if ratio > 1000:
        return f"> 1000 to 1 {side}"
    return f"{ratio:.2g} to 1 {side}" if ratio < 10 else f"{ratio:.0f} to 1 {side}"


def odds_share(log_odds: float | None) -> float:
    """How far log odds against an explanation go, on a scale that ends at 1000 to 1."""
    return 0.0 if log_odds is None else min(max(log_odds / math.log(1000), 0.0), 1.0)


def who(violation: ViolationRecord) -> str:
    """The things that break a rule: `object 3 (ball)`."""
    if not violation.track_ids:
        return "the picture"
    noun = "object" if len(violation.track_ids) == 1 else "objects"
    label = f" ({violation.label})" if violation.label else ""
    return f"{noun} {', '.join(map(str, violation.track_ids))}{label}"


def judged_share(report: Report) -> float | None:
    """Share of visible track-frames judged, the mean of all rules."""
    shares = [share for share in report.coverage.values() if share is not None]
    return sum(shares) / len(shares) if shares else None


def verdict(report: Report) -> tuple[str, str]:
    """What is said of a clip in a few words, and how it is coloured: bad, doubt, fine, untold."""
    sure = sum(one.probability >= FLAG_PROBABILITY for one in report.violations)
    doubtful = len(report.violations) - sure
    rest = f", {doubtful} doubtful" if doubtful else ""
    if sure:
        return f"{count(sure, 'violation')}{rest}", "bad"
    if report.score is None:
        return "Could not tell", "untold"
    if doubtful:
        return f"No sure violation{rest}", "doubt"
    return "No violation found", "fine"
