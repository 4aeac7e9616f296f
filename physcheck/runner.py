"""Analyse many clips, in this process or in several, and lose none."""

from __future__ import annotations

import functools
import multiprocessing
import signal
import traceback
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

from physcheck.detector_choice import Sight
from physcheck.errors import ConfigurationError, InputError, MissingExtraError
from physcheck.records import Report, Unread

if TYPE_CHECKING:
    from physcheck.sight import OpenedSight

__all__ = ["Outcome", "run_clips"]

NO_OPENCV = (
    "OpenCV cannot be loaded; install the system's packages that it needs (on Debian or Ubuntu: "
    "apt-get install libgl1 libglib2.0-0), or OpenCV itself (pip install opencv-python)"
)
DIED = "the process that read it died (out of memory, or a fault in the decoder)"


class Outcome(NamedTuple):
    """What came of one clip. traceback: of an unexpected failure, else empty."""

    result: Report | Unread
    traceback: str = ""


def run_clips(
    clips: Sequence[str | Unread],
    arguments: Mapping[str, Any],
    *,
    jobs: int = 1,
    progress: Callable[[str, str, float], None] | None = None,
) -> Generator[Outcome, None, None]:
    """Analyse clips and yield what came of each, in their order.

    Args:
        clips: paths; what is unread already passes through.
        arguments: keyword arguments of `physcheck.analyze`.
        jobs: processes to work in; 1 is this one.
        progress: called with clip, stage and share done of the stage; with one job only.

    Raises:
        ConfigurationError: what was asked for is wrong, whatever the clip.
        MissingExtraError: what was asked for is not installed.
    """
    n_jobs = min(jobs, sum(isinstance(clip, str) for clip in clips))
    if n_jobs > 1:
        yield from _run_in_processes(clips, arguments, n_jobs)
        return
    for clip in clips:
        watch = functools.partial(progress, clip) if progress and isinstance(clip, str) else None
        yield run_clip(clip, arguments, watch)


def run_clip(
    clip: str | Unread,
    arguments: Mapping[str, Any],
    progress: Callable[[str, float], None] | None = None,
) -> Outcome:
    """Analyse one clip; a failure that concerns only this clip becomes an `Unread`."""
    if isinstance(clip, Unread):
        return Outcome(clip)
    _use_one_core()
    from physcheck.analysis import analyze

    try:
        arguments = {**arguments, "sight": _opened(arguments.get("sight"))}
        return Outcome(analyze(clip, progress=progress, **arguments))
    except (ConfigurationError, MissingExtraError):
        raise
    except InputError as error:
        cause = str(error).removeprefix(f"{clip}: ")
        return Outcome(Unread(path=clip, error=_one_line(cause)))
    except Exception as error:
        text = f"unexpected {type(error).__name__}: {error}"
        return Outcome(Unread(path=clip, error=_one_line(text)), traceback.format_exc())


@functools.lru_cache(maxsize=1)
def _opened(sight: Sight | None) -> OpenedSight | None:
    """The sight, loaded once in this process."""
    from physcheck.sight import open_sight

    return None if sight is None else open_sight(sight)


@functools.cache
def _use_one_core() -> None:
    """One core a process: threads within a small picture cost more than they bring.

    Raises:
        MissingExtraError: OpenCV is not there, or a system library that it needs.
    """
    try:
        import cv2
    except ImportError as error:
        raise MissingExtraError(f"{NO_OPENCV} ({_one_line(str(error))})") from error
    cv2.setNumThreads(1)


def _run_in_processes(
    clips: Sequence[str | Unread], arguments: Mapping[str, Any], jobs: int
) -> Iterator[Outcome]:
    """Fan out; when a worker dies, the clips that it took along are tried again one by one."""
    with _workers(jobs) as executor:
        with _interrupts_held():
            futures = [executor.submit(run_clip, clip, arguments) for clip in clips]
        for clip, future in zip(clips, futures, strict=True):
            try:
                outcome = future.result()
            except BrokenProcessPool:
                outcome = _run_alone(clip, arguments)
            yield outcome


def _run_alone(clip: str | Unread, arguments: Mapping[str, Any]) -> Outcome:
    """Analyse one clip in a process of its own."""
    with _workers(1) as executor:
        with _interrupts_held():
            future = executor.submit(run_clip, clip, arguments)
        try:
            return future.result()
        except BrokenProcessPool:
            path = clip if isinstance(clip, str) else clip.path
            return Outcome(Unread(path=path, error=DIED))


@contextmanager
def _workers(n_workers: int) -> Iterator[ProcessPoolExecutor]:
    """Processes that are ended at once where the work is given up."""
    context = multiprocessing.get_context("spawn")
    executor = ProcessPoolExecutor(n_workers, mp_context=context, initializer=_ignore_interrupt)
    try:
        yield executor
    except BaseException:
        executor.shutdown(wait=False, cancel_futures=True)
        for worker in multiprocessing.active_children():
            worker.terminate()
        raise
    executor.shutdown()


@contextmanager
def _interrupts_held() -> Iterator[None]:
    """Put Ctrl-C off while workers start: they inherit that, and so never see one."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _ignore_interrupt() -> None:
    """Ctrl-C is the parent's business: it ends the workers."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _one_line(text: str) -> str:
    return " ".join(text.split())
