"""Videos and plots beside the result, one of each for every clip."""

from __future__ import annotations

import importlib.util
from pathlib import Path

from physcheck.atomic import check_writable
from physcheck.cli.terminal import Terminal
from physcheck.errors import ConfigurationError, InputError, MissingExtraError
from physcheck.records import Report, Unread
from physcheck.render.names import Names

__all__ = ["Pictures"]

_VIDEO, _PLOT = ".mp4", ".png"


class Pictures:
    """Writes what was asked for as the outcomes come in."""

    def __init__(
        self, video: Path | None, plot: Path | None, terminal: Terminal, *, single: bool
    ) -> None:
        """Check early that everything can be written.

        Args:
            video, plot: a file, or a folder where there are several clips.

        Raises:
            ConfigurationError: it cannot.
            MissingExtraError: what draws plots is not installed.
        """
        if plot is not None and importlib.util.find_spec("matplotlib") is None:
            raise MissingExtraError("--plot needs matplotlib: pip install 'physcheck[plot]'")
        self._video, self._plot, self._terminal = video, plot, terminal
        self._single = single
        self._names = Names()
        for flag, place, suffix in (("--video", video, _VIDEO), ("--plot", plot, _PLOT)):
            if place is not None:
                self._check(flag, place, suffix)

    def _check(self, flag: str, place: Path, suffix: str) -> None:
        if place.is_dir():
            return
        if self._single:
            if place.suffix.lower() != suffix:
                raise ConfigurationError(f"{flag}: {place}: name a file that ends in {suffix}")
            check_writable(place)
            return
        if place.suffix or place.exists():
            raise ConfigurationError(f"{flag}: {place}: several clips need a folder")
        try:
            place.mkdir()
        except OSError as error:
            raise ConfigurationError(f"{flag}: {place}: {error.strerror}") from error

    def add(self, outcome: Report | Unread) -> None:
        """Draw the next clip."""
        if isinstance(outcome, Unread) or (self._video is None and self._plot is None):
            return
        clip, name = Path(outcome.video.path), self._names.take(outcome.video.path)
        try:
            if self._video is not None:
                from physcheck.render.overlay import write_overlay

                write_overlay(outcome, clip, _file(self._video, name, _VIDEO))
            if self._plot is not None:
                from physcheck.render.plot import write_plot

                write_plot(outcome, clip, _file(self._plot, name, _PLOT))
        except InputError as error:
            self._terminal.warn(str(error))


def _file(place: Path, name: str, suffix: str) -> Path:
    return place / f"{name}{suffix}" if place.is_dir() else place
