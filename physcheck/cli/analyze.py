"""physcheck analyze: look at clips and report which rules are broken."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from physcheck.cli.exits import EXIT_INPUT
from physcheck.cli.flags import (
    OUTPUT,
    SIGHT,
    Detector,
    Device,
    EmbedLimit,
    Ignore,
    Jobs,
    Pack,
    Plot,
    Quiet,
    Select,
    Video,
    Weights,
    settings_among,
)

__all__ = ["analyze"]

_SCENE = "Scene"


def analyze(
    paths: Annotated[
        list[str],
        typer.Argument(
            metavar="PATH...",
            help="Files, folders, quoted globs, @list.txt, or - for a list on stdin.",
            show_default=False,
        ),
    ],
    detector: Detector = None,
    weights: Weights = None,
    detections: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE|DIR",
            help="Boxes computed elsewhere; a folder holds files named like the clips.",
            rich_help_panel=SIGHT,
        ),
    ] = None,
    device: Device = None,
    imgsz: Annotated[
        int | None,
        typer.Option(
            metavar="PX", help="Longer side of what the network sees.", rich_help_panel=SIGHT
        ),
    ] = None,
    batch: Annotated[
        int | None,
        typer.Option(metavar="N", help="Frames at a time.", rich_help_panel=SIGHT),
    ] = None,
    every: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            help="With hybrid, show the network every N-th frame.",
            rich_help_panel=SIGHT,
        ),
    ] = None,
    classes: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME,...", help="Only things of these words.", rich_help_panel=SIGHT),
    ] = None,
    backend: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="What runs yolo: torch, onnx or openvino.",
            rich_help_panel=SIGHT,
        ),
    ] = None,
    precision: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="auto, fp32, fp16 or bf16.", rich_help_panel=SIGHT),
    ] = None,
    trust: Annotated[
        bool | None,
        typer.Option(
            "--trust/--no-trust",
            help="Load weights that may run any program.",
            show_default=False,
            rich_help_panel=SIGHT,
        ),
    ] = None,
    cache: Annotated[
        bool | None,
        typer.Option(
            "--cache/--no-cache",
            help="Keep what was seen on disk, and use it again.",
            show_default=False,
            rich_help_panel=SIGHT,
        ),
    ] = None,
    filter: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", help="Kalman filter: numpy or filterpy.", rich_help_panel=SIGHT
        ),
    ] = None,
    pack: Pack = None,
    select: Select = None,
    ignore: Ignore = None,
    floor: Annotated[
        str | None,
        typer.Option(
            metavar="Y|X1,Y1,X2,Y2", help="Where the floor is, px.", rich_help_panel=_SCENE
        ),
    ] = None,
    px_per_metre: Annotated[
        float | None,
        typer.Option(
            metavar="PX", help="How long a metre is where things fly.", rich_help_panel=_SCENE
        ),
    ] = None,
    true_fps: Annotated[
        float | None,
        typer.Option(
            metavar="FPS",
            help="Rate at which it was recorded; with both, falls are judged by 9.81 m/s2.",
            rich_help_panel=_SCENE,
        ),
    ] = None,
    ignore_region: Annotated[
        list[str] | None,
        typer.Option(
            metavar="X1,Y1,X2,Y2",
            help="Do not judge what lies in this box, px. Repeatable.",
            rich_help_panel=_SCENE,
        ),
    ] = None,
    ignore_span: Annotated[
        list[str] | None,
        typer.Option(
            metavar="START:STOP",
            help="Do not judge these frames (10:20) or seconds (0.5s:2s). Repeatable.",
            rich_help_panel=_SCENE,
        ),
    ] = None,
    format: Annotated[
        str | None,
        typer.Option(
            "--format",
            "-f",
            metavar="NAME",
            help="text, json, jsonl, csv, html, junit, github, vtt, srt, otio, edl, mot, coco, "
            "label-studio.",
            rich_help_panel=OUTPUT,
        ),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help="Write to this file instead of stdout; its suffix tells the format.",
            rich_help_panel=OUTPUT,
        ),
    ] = None,
    save_detections: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Also write what was detected, one JSON a clip.",
            rich_help_panel=OUTPUT,
        ),
    ] = None,
    signals: Annotated[
        bool | None,
        typer.Option(
            "--signals/--no-signals",
            help="Store every signal, frame by frame (JSON).",
            show_default=False,
            rich_help_panel=OUTPUT,
        ),
    ] = None,
    embed_limit: EmbedLimit = None,
    video: Video = None,
    plot: Plot = None,
    jobs: Jobs = None,
    quiet: Quiet = None,
    verbose: Annotated[
        bool | None,
        typer.Option(
            "--verbose",
            "-v",
            help="Notes, timelines, and where time went.",
            rich_help_panel=OUTPUT,
        ),
    ] = None,
) -> None:
    """Look at clips and report which rules are broken, by what, and when.

    Exit status: 0 done, 2 wrong usage or configuration, 3 some input could not be
    read, or not to its end.
    """
    flags = settings_among(locals())
    from physcheck.cli.analyzing import run

    if not run(paths, flags, form=format, output=output, video=video, plot=plot):
        raise typer.Exit(EXIT_INPUT)
