"""`python -m physcheck` is the same as `physcheck`."""

from __future__ import annotations

import sys

from physcheck.cli import main

if __name__ == "__main__":
    sys.exit(main())
