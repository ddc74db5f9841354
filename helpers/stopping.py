"""Ctrl+C in a command: one line that says what was left as it was, no traceback."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable

INTERRUPTED = 130  # what a shell gives a command that Ctrl+C ended


def run(main: Callable[[], int | None], left: str) -> None:
    """Runs a command and ends the process with its code; Ctrl+C ends it at once with `left` as the one line said.

    main  does the work, imports what is heavy itself (so that a stop while importing is caught too)
    left  the state in which a stop leaves things, such as 'No notebook was changed.'
    """
    try:
        code = main() or 0
    except KeyboardInterrupt:
        print(f"\nStopped. {left}", file=sys.stderr, flush=True)
        # Threads that still wait for a kernel would hold the process back; kernels end with the process.
        os._exit(INTERRUPTED)
    sys.exit(code)
