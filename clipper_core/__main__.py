"""The command line: ``python -m clipper_core``."""

from __future__ import annotations

import sys

from clipper_core.command_line.main import main as main

if __name__ == "__main__":
    sys.exit(main())
