"""What all pages have in common: templates, style, scripts, and what they may load.

A page is one file that asks nobody for anything: its Content-Security-Policy allows
the one style and the one script that are in it, by their hashes, and nothing else.
"""

from __future__ import annotations

import base64
import functools
import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import jinja2

__all__ = ["data_url", "fill"]

_FOLDER = Path(__file__).resolve().parent
_VENDOR = _FOLDER / "vendor" / "uplot"


def fill(
    name: str, values: Mapping[str, Any], *, scripts: Sequence[str], media: str = "blob:"
) -> str:
    """Fill a template in.

    Args:
        name: of the template. values: what it shows; all of it is escaped.
        scripts: names of the page's own scripts, which are run in one function.
        media: sources of video that the page may play.
    """
    style, script = _style(name), _script(tuple(scripts))
    policy = {
        "default-src": "'none'",
        "script-src": _hash(script),
        "style-src": _hash(style),
        "img-src": "data:",
        "media-src": media,
        "base-uri": "'none'",
        "form-action": "'none'",
    }
    return (
        _templates()
        .get_template(f"{name}.html.j2")
        .render(
            **values,
            policy="; ".join(f"{what} {where}" for what, where in policy.items()),
            style=style,
            script=script,
            notice=_notice() if "curve" in scripts else "",
        )
    )


def data_url(data: bytes, kind: str) -> str:
    """The bytes as an address, kind being their media type."""
    return f"data:{kind};base64,{base64.b64encode(data).decode()}"


@functools.cache
def _templates() -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(_FOLDER / "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


@functools.cache
def _style(name: str) -> str:
    own = [_read(f"templates/{part}.css") for part in ("shared", name)]
    return "\n".join(
        [(_VENDOR / "uPlot.min.css").read_text("utf-8") if name == "page" else "", *own]
    )


@functools.cache
def _script(names: tuple[str, ...]) -> str:
    own = "\n".join(_read(f"templates/scripts/{name}.js") for name in names)
    plot = (_VENDOR / "uPlot.iife.min.js").read_text("utf-8") if "curve" in names else ""
    return f'{plot}\n(() => {{\n"use strict";\n{own}\n}})();\n'


def _notice() -> str:
    return (_VENDOR / "LICENSE").read_text("utf-8").strip()


def _read(name: str) -> str:
    return (_FOLDER / name).read_text("utf-8")


def _hash(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"
