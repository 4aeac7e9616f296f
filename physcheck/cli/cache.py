"""physcheck cache: what is kept of earlier looks at clips, and how to be rid of it."""

from __future__ import annotations

import os
import time

import typer

from physcheck.cli.exits import Group

__all__ = ["cache"]

cache = typer.Typer(cls=Group, no_args_is_help=True, add_completion=False)


@cache.command("info")
def info_command() -> None:
    """Say where the cache is, how much is in it, and how much may be."""
    from physcheck.cache import open_cache

    store = open_cache()
    if store is None:
        print("no cache: PHYSCHECK_CACHE_MB is 0, or there is no home folder to put it in")
        return
    content = store.content()
    print(f"folder   {store.folder}")
    print(f"entries  {content.n_entries}")
    print(f"size     {_megabytes(content.n_bytes)} of {_megabytes(store.limit_bytes)}")
    if content.oldest_s is not None and content.newest_s is not None:
        print(f"used     {_when(content.oldest_s)} to {_when(content.newest_s)}")
    place = store.folder
    while not place.exists():
        place = place.parent
    if not os.access(place, os.W_OK):
        print(f"nothing can be kept: {place} cannot be written to")


@cache.command("clear")
def clear_command() -> None:
    """Remove all that is in the cache."""
    from physcheck.cache import open_cache

    store = open_cache()
    if store is None:
        print("no cache, nothing removed")
        return
    gone = store.clear()
    print(f"removed {gone.n_entries} entries, {_megabytes(gone.n_bytes)}, from {store.folder}")


def _megabytes(n_bytes: int) -> str:
    return f"{n_bytes / 1e6:.1f} MB"


def _when(at_s: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(at_s))
