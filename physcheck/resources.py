"""Where the files that travel with the package lie.

The rule packs are in `rules/` beside the package in a checkout and in an
editable install, and in `physcheck/packs/` in a wheel.
"""

from __future__ import annotations

from pathlib import Path

from physcheck.errors import ConfigurationError

__all__ = ["packs_folder"]

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
