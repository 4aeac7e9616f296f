"""From labelled clips to predictions: reports are made, or those that are there are used.

The report of a clip lies in REPORTS/<name of the label set>/<path of the clip, / as __>.json.
Reports that `physcheck analyze -o REPORTS/...` wrote are found by the name of their clip.
"""

from __future__ import annotations

import contextlib
import os
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

from physcheck import __version__
from physcheck.atomic import write_text
from physcheck.container import check_file, open_container, video_stream
from physcheck.errors import InputError
from physcheck.evaluation.baselines import BASELINES, predict_without_physics, read_changes
from physcheck.evaluation.predictions import Prediction, from_report, unread
from physcheck.labels import ClipLabel, LabelSet
from physcheck.records import Report, Unread, read_reports
from physcheck.runner import run_clips

__all__ = [
    "Predicted",
    "ReportFolder",
    "frame_rate",
    "predict",
    "predict_baselines",
    "with_distinct_names",
]

Predicted = list[tuple[ClipLabel, Prediction]]
Progress = Callable[[str, float], None]

_BASELINE_SUFFIX = ".baseline.json"


class _Found(NamedTuple):
    """A report that lies somewhere in the folder."""

    clip: str
    file: Path
    position: int


class ReportFolder:
    """Where the reports of labelled clips lie."""

    def __init__(self, folder: Path, sets: Sequence[LabelSet]) -> None:
        """Look at nothing yet.

        Args:
            folder: of the reports; made when the first is written.
            sets: all the labels that are looked at, to tell whether a name is unique.
        """
        self.folder = folder
        self._n_of_name = Counter(Path(one.clip).name for each in sets for one in each.clips)
        self._others: dict[str, list[_Found]] | None = None

    def own(self, labels: LabelSet, label: ClipLabel) -> Path:
        """The file in which evaluate keeps the report of a clip."""
        return self.folder / labels.name / f"{_flat(label.clip)}.json"

    def changes(self, labels: LabelSet, label: ClipLabel) -> Path:
        """The file in which evaluate keeps what the physics-free predictors measured."""
        return self.folder / labels.name / f"{_flat(label.clip)}{_BASELINE_SUFFIX}"

    def find(self, labels: LabelSet, label: ClipLabel) -> tuple[Path, Report] | None:
        """The report of a clip, or None where there is none.

        Returns:
            The file that holds it, and the report.
        """
        own = self.own(labels, label)
        if own.is_file():
            with contextlib.suppress(InputError, OSError):
                return own, Report.from_json(own.read_bytes())
        found = self._find_by_name(labels.path_of(label))
        if found is None:
            return None
        return found.file, read_reports(found.file.read_bytes()).reports[found.position]

    def _find_by_name(self, path: Path) -> _Found | None:
        if self._others is None:
            self._others = {}
            for one in self._scan():
                self._others.setdefault(Path(one.clip).name, []).append(one)
        named = self._others.get(path.name, [])
        exact = [one for one in named if os.path.realpath(one.clip) == os.path.realpath(path)]
        if exact:
            return exact[-1]
        return named[0] if len(named) == 1 and self._n_of_name[path.name] == 1 else None

    def _scan(self) -> Iterator[_Found]:
        """Every report below the folder; what is none is passed over."""
        for file in sorted(self.folder.rglob("*.json")):
            if file.name.endswith(_BASELINE_SUFFIX):
                continue
            with contextlib.suppress(InputError, OSError, UnicodeDecodeError):
                reports = read_reports(file.read_bytes()).reports
                yield from (_Found(one.video.path, file, k) for k, one in enumerate(reports))


def predict(
    labels: LabelSet,
    arguments: Mapping[str, Any],
    *,
    reports: ReportFolder | None = None,
    jobs: int = 1,
    fresh: bool = False,
    reports_only: bool = False,
    progress: Progress | None = None,
) -> Predicted:
    """What physcheck says of each clip, from reports that still hold or from the clip.

    A report still holds when it is of this version of physcheck and of the same rules
    and settings, and newer than its clip.

    Args:
        labels: the clips. arguments: keyword arguments of `physcheck.analyze`.
        reports: where reports are kept; nothing is kept where it is None.
        jobs: processes to analyse in.
        fresh: analyse every clip, whatever is there.
        reports_only: analyse nothing, and take reports as they are.
        progress: called with what is done and how many clips are.

    Returns:
        One pair a clip, in their order; a clip that could not be read, or has no
        report where only those count, is not scored, and says why.

    Raises:
        ConfigurationError: an argument is wrong, whatever the clip.
    """
    watch = progress or _unwatched
    known: dict[int, Prediction] = {}
    if reports is not None and not fresh:
        wanted = None if reports_only else _configuration(arguments)
        for number, label in enumerate(labels.clips):
            found = reports.find(labels, label)
            if found and (wanted is None or _holds(*found, labels.path_of(label), wanted)):
                known[number] = from_report(found[1], str(found[0]))
                watch(f"{labels.name}: reading reports", len(known))
    missing = [number for number in range(len(labels.clips)) if number not in known]
    if reports_only:
        known |= {number: _without_report(labels.clips[number]) for number in missing}
    else:
        known |= _analyse(labels, missing, arguments, reports, jobs, watch)
    return [(label, known[number]) for number, label in enumerate(labels.clips)]


def predict_baselines(
    labels: LabelSet,
    *,
    reports: ReportFolder | None = None,
    jobs: int = 1,
    progress: Progress | None = None,
) -> dict[str, Predicted]:
    """What the predictors without physics say of each clip, by their names.

    Args:
        labels: the clips. reports: where what was measured is kept.
        jobs: threads. progress: called with what is done and how many clips are.
    """
    watch = progress or _unwatched

    def look(label: ClipLabel) -> dict[str, Prediction]:
        cache = None if reports is None else reports.changes(labels, label)
        changes = read_changes(labels.path_of(label), cache)
        return predict_without_physics(changes, label.frames or 0)

    found: dict[str, Predicted] = {name: [] for name in BASELINES}
    with ThreadPoolExecutor(max(jobs, 1)) as threads:
        for number, said in enumerate(threads.map(look, labels.clips)):
            for name in BASELINES:
                found[name].append((labels.clips[number], said[name]))
            watch(f"{labels.name}: predictors without physics", number + 1)
    return found


def with_distinct_names(sets: Sequence[LabelSet]) -> list[LabelSet]:
    """The same sets, none of them called like another, nor `all`."""
    taken = {"all"}
    renamed = []
    for one in sets:
        name, number = one.name, 2
        while name in taken:
            name, number = f"{one.name}-{number}", number + 1
        taken.add(name)
        renamed.append(one._replace(name=name))
    return renamed


def frame_rate(path: Path) -> float:
    """Frames a second, as the container says.

    Raises:
        InputError: the clip cannot be read, or does not say.
    """
    check_file(path)
    with open_container(path) as container:
        rate = video_stream(container, path).average_rate
    if not rate:
        raise InputError(f"{path}: does not tell its frame rate; give it in a column fps")
    return float(rate)


def _analyse(
    labels: LabelSet,
    numbers: Sequence[int],
    arguments: Mapping[str, Any],
    reports: ReportFolder | None,
    jobs: int,
    watch: Progress,
) -> dict[int, Prediction]:
    """Analyse clips by their numbers, and keep the reports."""
    n_known = len(labels.clips) - len(numbers)
    paths = [str(labels.path_of(labels.clips[number])) for number in numbers]
    said: dict[int, Prediction] = {}

    def show(clip: str, stage: str, share: float) -> None:
        watch(f"{Path(clip).name} {stage}", n_known + len(said) + min(share, 0.999))

    work = run_clips(paths, arguments, jobs=jobs, progress=show)
    with contextlib.closing(work) as outcomes:
        for number, outcome in zip(numbers, outcomes, strict=True):
            label = labels.clips[number]
            if isinstance(outcome.result, Unread):
                said[number] = unread(outcome.result, label.frames or 0)
            else:
                file = None if reports is None else reports.own(labels, label)
                said[number] = _keep(outcome.result, file)
            watch(f"{labels.name}: {Path(label.clip).name}", n_known + len(said))
    return said


def _keep(report: Report, file: Path | None) -> Prediction:
    if file is None:
        return from_report(report)
    file.parent.mkdir(parents=True, exist_ok=True)
    write_text(file, report.to_json())
    return from_report(report, str(file))


def _configuration(arguments: Mapping[str, Any]) -> str:
    from physcheck.analysis import configuration_sha256

    return configuration_sha256(**arguments)


def _holds(file: Path, report: Report, clip: Path, configuration: str) -> bool:
    """Whether analysing the clip again would give the same report."""
    if report.physcheck != __version__ or report.config_sha256 != configuration:
        return False
    try:
        looked_at = Path(report.video.path)
        # It may lie elsewhere by now, but it must not be another clip that is still there.
        same = not looked_at.exists() or looked_at.samefile(clip)
        return same and file.stat().st_mtime >= clip.stat().st_mtime
    except (OSError, ValueError):
        return False


def _without_report(label: ClipLabel) -> Prediction:
    return unread(Unread(path=label.clip, error="there is no report of it"), label.frames or 0)


def _flat(clip: str) -> str:
    """A path as a file name."""
    return clip.replace("\\", "/").replace("/", "__").replace(":", "_")


def _unwatched(text: str, n_done: float) -> None:
    """Nobody watches."""
