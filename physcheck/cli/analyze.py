"""physcheck analyze: look at clips and report which rules are broken."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from physcheck.cli.exits import EXIT_INPUT

__all__ = ["analyze"]

_INPUT, _RULES, _SCENE, _OUTPUT = "Detector", "Rules", "Scene", "Output"


def analyze(
    paths: Annotated[
        list[str],
        typer.Argument(
            metavar="PATH...",
            help="Files, folders, quoted globs, @list.txt, or - for a list on stdin.",
            show_default=False,
        ),
    ],
    detector: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="auto, motion, yolo, hybrid, transformers or detections.",
            rich_help_panel=_INPUT,
        ),
    ] = None,
    weights: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Weights of the detector: file or name.", rich_help_panel=_INPUT
        ),
    ] = None,
    detections: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE|DIR",
            help="Boxes computed elsewhere; a folder holds files named like the clips.",
            rich_help_panel=_INPUT,
        ),
    ] = None,
    device: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="auto, cpu, cuda:N or mps.", rich_help_panel=_INPUT),
    ] = None,
    imgsz: Annotated[
        int | None,
        typer.Option(
            metavar="PX", help="Longer side of what the network sees.", rich_help_panel=_INPUT
        ),
    ] = None,
    batch: Annotated[
        int | None,
        typer.Option(metavar="N", help="Frames at a time.", rich_help_panel=_INPUT),
    ] = None,
    every: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            help="With hybrid, show the network every N-th frame.",
            rich_help_panel=_INPUT,
        ),
    ] = None,
    classes: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME,...", help="Only things of these words.", rich_help_panel=_INPUT
        ),
    ] = None,
    backend: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", help="What runs yolo: torch, onnx or openvino.", rich_help_panel=_INPUT
        ),
    ] = None,
    precision: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="auto, fp32, fp16 or bf16.", rich_help_panel=_INPUT),
    ] = None,
    trust: Annotated[
        bool | None,
        typer.Option(
            "--trust/--no-trust",
            help="Load weights that may run any program.",
            show_default=False,
            rich_help_panel=_INPUT,
        ),
    ] = None,
    cache: Annotated[
        bool | None,
        typer.Option(
            "--cache/--no-cache",
            help="Keep what was seen on disk, and use it again.",
            show_default=False,
            rich_help_panel=_INPUT,
        ),
    ] = None,
    filter: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", help="Kalman filter: numpy or filterpy.", rich_help_panel=_INPUT
        ),
    ] = None,
    pack: Annotated[
        str | None,
        typer.Option(
            metavar="NAME|FILE",
            help="Rule pack: default, strict, lenient, or a YAML file.",
            rich_help_panel=_RULES,
        ),
    ] = None,
    select: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME,...", help="Only these rules or groups.", rich_help_panel=_RULES
        ),
    ] = None,
    ignore: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME,...", help="Not these.", rich_help_panel=_RULES),
    ] = None,
    floor: Annotated[
        str | None,
        typer.Option(
            metavar="Y|X1,Y1,X2,Y2", help="Where the floor is, px.", rich_help_panel=_SCENE
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
            help="text, json, jsonl, csv.",
            rich_help_panel=_OUTPUT,
        ),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help="Write to this file instead of stdout; its suffix tells the format.",
            rich_help_panel=_OUTPUT,
        ),
    ] = None,
    save_detections: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Also write what was detected, one JSON a clip.",
            rich_help_panel=_OUTPUT,
        ),
    ] = None,
    signals: Annotated[
        bool | None,
        typer.Option(
            "--signals/--no-signals",
            help="Store every signal, frame by frame (JSON).",
            show_default=False,
            rich_help_panel=_OUTPUT,
        ),
    ] = None,
    jobs: Annotated[
        int | None,
        typer.Option("--jobs", "-j", metavar="N", help="Processes.", rich_help_panel=_OUTPUT),
    ] = None,
    quiet: Annotated[
        bool | None,
        typer.Option("--quiet", "-q", help="Only errors on stderr.", rich_help_panel=_OUTPUT),
    ] = None,
    verbose: Annotated[
        bool | None,
        typer.Option(
            "--verbose",
            "-v",
            help="Notes, timelines, and where time went.",
            rich_help_panel=_OUTPUT,
        ),
    ] = None,
) -> None:
    """Look at clips and report which rules are broken, by what, and when.

    Exit status: 0 done, 2 wrong usage or configuration, 3 some input could not be
    read, or not to its end.
    """
    flags = dict(locals())
    for name in ("paths", "format", "output"):
        del flags[name]
    from physcheck.cli.analyzing import run

    if not run(paths, flags, form=format, output=output):
        raise typer.Exit(EXIT_INPUT)
