"""pyproject.toml, requirements.lock and environment.yml describe one environment; commands do what README says."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import nbformat
import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
RANGES = PROJECT["project"]["dependencies"] + PROJECT["dependency-groups"]["dev"]


def locked():
    lock = (ROOT / "requirements.lock").read_text()
    found = {}
    for match in re.finditer(
        r"^([A-Za-z0-9._-]+)==(\S+)((?:.*\\\n)(?:\s+--hash=sha256:[0-9a-f]{64}.*\n?)+)?", lock, re.M
    ):
        name, version, hashes = match.groups()
        assert hashes, f"requirements.lock: {name}=={version} has no hash"
        found.setdefault(name.lower(), []).append(version)
    return found


def test_the_lock_pins_what_the_ranges_admit():
    pins = locked()
    for requirement in map(Requirement, RANGES):
        versions = pins.get(requirement.name.lower())
        assert versions, f"requirements.lock lacks {requirement.name}; run `make lock`"
        for version in versions:
            assert requirement.specifier.contains(version), f"{requirement.name}=={version} is outside {requirement}"


def test_environment_yml_repeats_the_ranges():
    lines = [line.strip()[2:] for line in (ROOT / "environment.yml").read_text().splitlines() if "- " in line]
    pip = lines[lines.index("pip:") + 1 :]
    assert pip == [*RANGES, "--editable ."]
    assert f"python{PROJECT['project']['requires-python']}" in lines


def test_build_tools_of_the_project_are_locked_too():
    for tool in PROJECT["build-system"]["requires"]:
        assert tool in locked()


def test_no_tracked_file_names_a_package_index():
    files = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True).stdout.split()
    hosts = re.compile(
        "|".join(["pypi" + r"\.org", "pythonhosted" + r"\.org", "conda" + r"\.anaconda\.org", "npmjs" + r"\.(org|com)"])
    )
    named = [name for name in files if hosts.search((ROOT / name).read_text(encoding="utf-8", errors="ignore"))]
    assert named == []


def test_ci_runs_the_test_command_and_nothing_else():
    commands = [line for line in (ROOT / ".ci/run").read_text().splitlines() if line and not line.startswith("#")]
    assert commands == ["set -euo pipefail", 'cd "$(dirname "$0")/.."', "make test"]
    workflow = (ROOT / ".github/workflows/test.yml").read_text()
    assert "run: make test" in workflow


def test_make_help_lists_the_commands():
    shown = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for target in ("lab", "test", "data", "notebooks"):
        assert re.search(rf"^  make {target} +\S", shown, re.M)
    readme = (ROOT / "README.md").read_text()
    assert "make lab" in readme
    assert "make test" in readme


def test_nbval_checks_in_the_environment_at_hand_whatever_the_kernel_is_called(tmp_path):
    notebook = nbformat.v4.new_notebook(metadata={"kernelspec": {"name": "conda-env-else-py", "display_name": "Else"}})
    notebook.cells = [nbformat.v4.new_code_cell("1 + 1", execution_count=1)]
    notebook.cells[0].outputs = [nbformat.v4.new_output("execute_result", {"text/plain": "2"}, execution_count=1)]
    for name, text in (("right", "2"), ("wrong", "3")):
        notebook.cells[0].outputs[0].data["text/plain"] = text
        nbformat.write(notebook, tmp_path / f"{name}.ipynb")
    command = [sys.executable, "-m", "pytest", "-c", str(ROOT / "pyproject.toml"), "-p", "no:cacheprovider", "--nbval"]
    codes = [subprocess.call([*command, str(tmp_path / f"{name}.ipynb")], cwd=ROOT) for name in ("right", "wrong")]
    assert codes == [0, 1]


def by_hand():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    return re.findall(r"^    python (-m (?!venv).+)$", readme, re.M)


def test_commands_for_a_machine_without_make_are_those_that_make_runs():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8").replace("$(LOCK)", "requirements.lock")
    run = re.findall(r"\$\(BIN\)/python (-m .+)$", makefile, re.M)
    assert len(by_hand()) == 8
    assert [words for words in by_hand() if words not in run] == []


@pytest.mark.parametrize("words", [words for words in by_hand() if words.split()[1] in ("helpers.data", "ruff")])
def test_commands_for_a_machine_without_make_work(words):
    run = subprocess.run([sys.executable, *words.split()], cwd=ROOT, capture_output=True, text=True)
    assert run.returncode == 0, run.stdout + run.stderr


def test_top_level_holds_only_what_belongs_there():
    files = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True).stdout.split()
    top = {name.split("/")[0] for name in files}
    assert top <= {
        *(
            ".ci",
            ".github",
            ".gitattributes",
            ".gitignore",
            "LICENSE",
            "Makefile",
            "README.md",
            "CITATION.cff",
            "CONTRIBUTING.md",
            "environment.yml",
        ),
        *("data", "helpers", "notebooks", "pyproject.toml", "requirements.lock", "tests"),
    }
