"""Where the files that travel with the package lie.

The rule packs are in `rules/` beside the package in a checkout and in an
editable install, and in `physcheck/packs/` in a wheel; so does the clip of the demonstration, in
`samples/` or `physcheck/demo/`.
"""

from __future__ import annotations

from pathlib import Path

from physcheck.errors import ConfigurationError

__all__ = ["demo_clip", "packs_folder"]

_PACKAGE = Path(__file__).resolve().parent


def packs_folder() -> Path:
    """Return the folder of the shipped rule packs.

    Raises:
        ConfigurationError: the installation has lost it.
    """
    # The wheel comes first: beside an installed package lies site-packages,
    # where a folder named `rules` would be another project's.
    for folder in (_PACKAGE / "packs", _PACKAGE.parent / "rules"):
        if (folder / "default.yaml").is_file():
            return folder
    raise ConfigurationError(
        f"the rule packs are missing: neither {_PACKAGE / 'packs'} nor {_PACKAGE.parent / 'rules'} "
        "has default.yaml; install physcheck again"
    )


def demo_clip() -> Path:
    """Return the clip that comes with the package.

    Raises:
        ConfigurationError: the installation has lost it.
    """
    name = "three_balls.mp4"
    for folder in (_PACKAGE / "demo", _PACKAGE.parent / "samples"):
        if (folder / name).is_file():
            return folder / name
    raise ConfigurationError(f"the demonstration's clip {name} is missing; install physcheck again")
