"""physcheck mutate: put one known violation into footage that obeys physics."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from physcheck.cli.exits import EXIT_INPUT

if TYPE_CHECKING:
    from physcheck.mutation.making import Made

__all__ = ["mutate"]


def mutate(
    paths: Annotated[
        list[str],
        typer.Argument(
            metavar="CLIP|DIR...",
            help="Footage that obeys physics: files, folders, quoted globs, @list.txt.",
            show_default=False,
        ),
    ],
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="OUT", help="Folder for the set.")
    ],
    kind: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME,...", help="Which violation; none for a clean cut-and-paste."),
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="Every kind that fits.")] = False,
    seed: Annotated[int, typer.Option(metavar="N", help="Same seed, same clips.")] = 0,
    boxes: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Boxes of one clip, CSV: frame,x1,y1,x2,y2,obj."),
    ] = None,
    per_clip: Annotated[
        int | None,
        typer.Option(metavar="N", min=1, help="Most pairs of one clip.", show_default="no limit"),
    ] = None,
    repeat: Annotated[int, typer.Option(metavar="N", min=1, help="Pairs of one kind.")] = 1,
    max_frames: Annotated[
        int, typer.Option(metavar="N", min=24, help="Longest clip that is made, frames.")
    ] = 96,
    max_side: Annotated[
        int, typer.Option(metavar="PX", min=64, help="Longer side of what is made, px.")
    ] = 640,
    jobs: Annotated[int, typer.Option("--jobs", "-j", metavar="N", min=1, help="Processes.")] = 1,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="Only the summary and errors.")
    ] = False,
) -> None:
    """Put a known violation into footage, and write it beside a clean twin and its label.

    Writes OUT/clips/*.mp4, OUT/labels.json, and OUT/refused.json: where a clip gave
    nothing, and why. Exit status: 0 done, 2 wrong usage, 3 some clip could not be read.
    """
    from physcheck.cli.inputs import find_clips
    from physcheck.mutation.folders import chosen_kinds, mutate_clips, write_set
    from physcheck.mutation.kinds import KINDS
    from physcheck.mutation.making import Made, Settings

    names = [name for text in kind or () for name in text.split(",") if name]
    kinds = chosen_kinds([*(KINDS if every else ()), *names])
    settings = Settings(seed, max_frames, max_side, per_clip, repeat)
    done = []
    for one in mutate_clips(find_clips(paths), kinds, output, settings, boxes=boxes, jobs=jobs):
        done.append(one)
        # After each clip, so that what was made before an interruption has its labels.
        write_set(output, done)
        if isinstance(one, Made):
            _tell(one, output, quiet)
        else:
            typer.echo(f"physcheck: {one.path}: {one.error}", err=True)
    made = [one for one in done if isinstance(one, Made)]
    n_pairs = sum(bool(label.violations) for one in made for label in one.labels)
    n_clips = sum(len(one.labels) for one in made)
    n_refused = sum(len(one.refused) for one in made)
    print(
        f"{n_clips} clips, {n_pairs} pairs, from {sum(bool(one.labels) for one in made)} of "
        f"{len(done)} clips; {n_refused} refusals in {output / 'refused.json'}"
    )
    if len(made) < len(done):
        raise typer.Exit(EXIT_INPUT)


def _tell(made: Made, output: Path, quiet: bool) -> None:
    """A line for each clip written, and for each kind that did not fit."""
    if quiet:
        return
    for label in made.labels:
        what = "none"
        if label.violations:
            first = label.violations[0]
            what = (
                f"{first.kind}  frames {first.start_frame}-{first.end_frame}  "
                f"{first.magnitude:g} {first.magnitude_unit}"
            )
        print(f"{output / label.clip}  {what}")
    for refused in made.refused:
        typer.echo(f"physcheck: {refused.clip}: no {refused.kind}: {refused.reason}", err=True)
