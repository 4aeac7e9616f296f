"""The work behind `physcheck calibrate`."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from physcheck.atomic import check_writable, write_text
from physcheck.calibration import Calibration, calibrate, gather_peaks, pack_yaml
from physcheck.calibration.peaks import ClipReport
from physcheck.cli.terminal import Terminal
from physcheck.config import Settings, load_settings
from physcheck.errors import ConfigurationError
from physcheck.evaluation.running import ReportFolder, frame_rate, predict, with_distinct_names
from physcheck.labels import LabelSet, read_labels
from physcheck.records import Report
from physcheck.rules import Pack, load_pack

__all__ = ["run"]


def run(
    labels: Sequence[Path],
    output: Path,
    share: float | None,
    reports: Path | None,
    flags: dict[str, Any],
) -> bool:
    """Calibrate, and write the pack.

    Returns:
        Whether every clip could be read.
    """
    if share is not None and not 0.0 < share < 1.0:
        raise ConfigurationError(f"--share {share:g}: must be between 0 and 1, such as 0.01")
    check_writable(output)
    settings = load_settings(flags)
    pack = load_pack(settings.pack)
    sets = with_distinct_names([read_labels(path, frame_rate) for path in labels])
    terminal = Terminal(quiet=bool(settings.quiet))
    with tempfile.TemporaryDirectory() as passing:
        found, lost = _analysed(sets, settings, reports or Path(passing), terminal)
    learned = calibrate(gather_peaks(found, pack), pack, share=share)
    choice = settings.sight().choose()
    text = pack_yaml(learned, pack, name=output.stem, detector=choice.name)
    write_text(output, text)
    terminal.result(_told(learned, pack))
    terminal.note(f"wrote {output}")
    for clip, reason in lost:
        terminal.warn(f"{clip}: {reason}")
    return not lost


def _analysed(
    sets: Sequence[LabelSet], settings: Settings, folder: Path, terminal: Terminal
) -> tuple[list[ClipReport], list[tuple[str, str]]]:
    """The reports of all clips, and the clips that could not be read."""
    kept = ReportFolder(folder, sets)
    found: list[ClipReport] = []
    lost: list[tuple[str, str]] = []
    n_before = 0
    with terminal.progress(sum(len(one.clips) for one in sets)):
        for labels in sets:
            said = predict(
                labels,
                settings.analysis(),
                reports=kept,
                jobs=settings.jobs,
                progress=_watch(terminal, n_before),
            )
            n_before += len(labels.clips)
            for label, one in said:
                if one.report:
                    report = Report.from_json(Path(one.report).read_bytes())
                    found.append(ClipReport(labels.name, label, report))
                else:
                    lost.append((label.clip, one.reason))
    return found, lost


def _watch(terminal: Terminal, n_before: int) -> Callable[[str, float], None]:
    """Move the bar on from where the set before has left it."""
    return lambda text, n_done: terminal.show(text, n_before + n_done)


def _told(learned: Calibration, pack: Pack) -> str:
    """A table of the limits, old and new, and how they do on clips that were held out."""
    return "\n".join(_lines(learned, pack)) + "\n"


def _lines(learned: Calibration, pack: Pack) -> Iterator[str]:
    before = {rule.name: rule for rule in pack.rules}
    width = max(len(one.name) for one in learned.rules)
    head = "limit was         is  unit          clean  violating  worst clean"
    yield f"{'rule':<{width}}  {head}"
    for one in learned.rules:
        rule = before[one.name]
        yield (
            f"{one.name:<{width}}  {rule.limit:>9.3g}  {one.limit:>9.3g}  {rule.unit:<12}"
            f"  {one.n_clean:>5}  {one.n_violating:>9}  {one.highest_clean:>11.3g}"
        )
    held = learned.held_out
    yield ""
    yield (
        f"on clips held out: {held.clean_flagged:.1%} of {held.n_clean} clean ones flagged, "
        f"{held.violating_flagged:.1%} of {held.n_violating} violating ones where it is labelled, "
        f"calibration error of the score {held.calibration_error:.3f}"
    )
