"""What surrounds the tracks: contacts and the surfaces that things rest or bounce on."""

from __future__ import annotations

from physcheck.world.building import build_world

__all__ = ["build_world"]
