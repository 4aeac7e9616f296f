"""The second look: every birth, death and gap of a track is explained.

Tracks go in as fitted and come out with their ends explained, look-alikes that
take each other's place named, and what is mere light left out.
"""

from __future__ import annotations

from physcheck.explain.tracks import explain

__all__ = ["explain"]
