"""`make pythons`: the checks, but for the browsers', on every Python that the project is for and this machine has.

Each has an environment of its own in .venv/. With ONLY=newest, as `make test` runs it, the newest alone, unless that is
the one that everything else ran on already; then without the tests that walk through the whole project in processes
of their own and take a third of the time.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

VERSIONS = ("3.11", "3.12", "3.13")
OWN = f"{sys.version_info.major}.{sys.version_info.minor}"
LONG = ("tests/test_contributing.py", "tests/test_determinism.py", "tests/test_stopping.py")
# Debian's Python may come without ensurepip, and then makes no environment.
QUESTION = "import ensurepip, sys; print('%d.%d' % sys.version_info[:2])"


def places(version: str) -> Iterator[str]:
    """Where a Python of this version may be."""
    yield from filter(None, [shutil.which(f"python{version}")])
    yield from sorted(map(str, Path.home().glob(f".pyenv/versions/{version}.*/bin/python")), reverse=True)
    if uv := shutil.which("uv", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"):
        asked = [uv, "python", "find", "--no-project", "--no-python-downloads", "--managed-python", version]
        yield from subprocess.run(asked, capture_output=True, text=True).stdout.split("\n")[:1]


def find(version: str) -> str | None:
    """The path of a Python of this version that can make an environment, or None."""
    for place in filter(None, places(version)):
        answer = subprocess.run([place, "-c", QUESTION], capture_output=True, text=True)  # pyenv's shims may be empty
        if answer.stdout.strip() == version:
            return place
    return None


def checks(version: str, python: str, short: bool) -> bool:
    """Whether every check passed on this Python."""
    environment = dict(os.environ)
    if short:
        environment["PYTEST_ADDOPTS"] = " ".join(f"--ignore={name}" for name in LONG)
    folder = ".venv" if version == OWN else f".venv/python{version}"
    words = ["data", "unit", "notebook-tests", f"PYTHON={python}", f"VENV={folder}"]
    return subprocess.call([os.environ.get("MAKE", "make"), "--no-print-directory", *words], env=environment) == 0


def main() -> int:
    """0 when every check passed on every Python that was to be tried."""
    found = {version: python for version in VERSIONS if (python := find(version))}
    missing = [version for version in VERSIONS if version not in found]
    print(f"Python found: {', '.join(found) or 'none'}; not found: {', '.join(missing) or 'none'}.", flush=True)
    newest_only = os.environ.get("ONLY") == "newest"
    tried = list(found)[-1:] if newest_only else list(found)
    if newest_only and tried in ([], [OWN]):
        print(f"The newest is the {OWN} that the other checks ran on, so they are not run again.")
        return 0
    failed = []
    for version in tried:
        less = f", without {', '.join(LONG)}" if newest_only else ""
        print(f"Python {version}: data, unit tests and notebooks{less} ...", flush=True)
        if not checks(version, found[version], newest_only):
            failed.append(version)
    print(f"Failed on Python {', '.join(failed)}." if failed else f"Every check passed on Python {', '.join(tried)}.")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
