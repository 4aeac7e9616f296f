"""Flags that several commands know: each is written here once."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

__all__ = [
    "OUTPUT",
    "RULES",
    "SIGHT",
    "Detector",
    "Device",
    "EmbedLimit",
    "Ignore",
    "Jobs",
    "Labels",
    "Pack",
    "Plot",
    "Quiet",
    "Reports",
    "Select",
    "Video",
    "Weights",
    "settings_among",
]

SIGHT, RULES, OUTPUT = "Detector", "Rules", "Output"
"""Headings in the help."""

Labels = Annotated[
    list[Path],
    typer.Argument(
        metavar="LABELS...",
        help="Label files: JSON, or CSV with clip,kind,start_s,end_s.",
        show_default=False,
    ),
]
Reports = Annotated[
    Path | None,
    typer.Option(metavar="DIR", help="Keep reports here, and use those that still hold."),
]
Detector = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="auto, motion, yolo, hybrid, transformers or detections.",
        rich_help_panel=SIGHT,
    ),
]
Weights = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE", help="Weights of the detector: file or name.", rich_help_panel=SIGHT
    ),
]
Device = Annotated[
    str | None,
    typer.Option(metavar="NAME", help="auto, cpu, cuda:N or mps.", rich_help_panel=SIGHT),
]
Pack = Annotated[
    str | None,
    typer.Option(
        metavar="NAME|FILE",
        help="Rule pack: default, strict, lenient, or a YAML file.",
        rich_help_panel=RULES,
    ),
]
Select = Annotated[
    list[str] | None,
    typer.Option(metavar="NAME,...", help="Only these rules or groups.", rich_help_panel=RULES),
]
Ignore = Annotated[
    list[str] | None,
    typer.Option(metavar="NAME,...", help="Not these.", rich_help_panel=RULES),
]
EmbedLimit = Annotated[
    float | None,
    typer.Option(
        metavar="MB",
        help="HTML: larger clips lie beside the page, not in it.",
        rich_help_panel=OUTPUT,
    ),
]
Video = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE|DIR",
        help="Write the clip with what was found drawn in; a folder for several clips.",
        rich_help_panel=OUTPUT,
    ),
]
Plot = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE|DIR",
        help="Write lanes, curves and worst frames as PNG; a folder for several clips.",
        rich_help_panel=OUTPUT,
    ),
]
Jobs = Annotated[
    int | None,
    typer.Option("--jobs", "-j", metavar="N", help="Processes.", rich_help_panel=OUTPUT),
]
Quiet = Annotated[
    bool | None,
    typer.Option("--quiet", "-q", help="Only errors on stderr.", rich_help_panel=OUTPUT),
]


def settings_among(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Those of a command's arguments that are settings; None is one that was not given."""
    from physcheck.config import Settings

    return {name: value for name, value in arguments.items() if name in Settings.model_fields}
