"""Finds a Chromium for the browser tests, installs Debian's where that is possible, or says what is skipped."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

from tests.browser.driver import chromium


def main() -> int:
    """0 when there is a Chromium, or when its absence may be passed over (never under CI)."""
    if chromium():
        return 0
    if shutil.which("apt-get") and hasattr(os, "geteuid"):
        prefix = [] if os.geteuid() == 0 else ["sudo", "-n"] if shutil.which("sudo") else None
        if prefix is not None:
            print("No Chromium found: installing Debian's ...")
            for command in (["apt-get", "update", "-qq"], ["apt-get", "install", "-y", "-qq", "chromium"]):
                subprocess.run([*prefix, *command], stdout=subprocess.DEVNULL, check=False)
    if chromium():
        return 0
    print(
        "No Chromium or Chrome was found, so the browser tests (tests/browser) are skipped: JupyterLab before and "
        "after running, and the pages from disk. Install one, or name it: make test CHROMIUM=/path/to/chrome"
    )
    return 1 if os.environ.get("CI") else 0


if __name__ == "__main__":
    sys.exit(main())
