"""CONTRIBUTING.md followed word for word on a copy of the project, and the skeleton that it starts from."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from helpers import data
from helpers.publish import notebooks, readme

ROOT = Path(__file__).resolve().parent.parent
SKELETON = notebooks.FOLDER / notebooks.SKELETON
BLOCKS = re.findall(r"^```sh\n(.*?)^```$", (ROOT / "CONTRIBUTING.md").read_text("utf-8"), re.MULTILINE | re.DOTALL)


def git(folder, *words):
    done = subprocess.run(["git", *words], cwd=folder, capture_output=True, text=True, check=True)
    return done.stdout


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A copy of the project's files with a history of its own, and this environment as its .venv."""
    copy = tmp_path_factory.mktemp("walk") / "project"
    named = git(ROOT, "ls-files", "-z").split("\0")
    for name in filter(None, named):
        if (ROOT / name).exists():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, copy / name)
    git(copy, "init", "--quiet")
    git(copy, "add", "--all")
    git(copy, "-c", "user.name=Test", "-c", "user.email=test@example.org", "commit", "--quiet", "--message", "Copy")
    environment = copy / ".venv"
    environment.mkdir()
    for entry in Path(sys.prefix).iterdir():
        if entry.is_dir() or entry.name == "pyvenv.cfg":
            (environment / entry.name).symlink_to(entry)
    (environment / ".ready").touch()  # newer than the lock file: make finds the environment as it wants it
    return copy


@pytest.fixture(scope="module")
def walk(project):
    """What each shell step of the page said, in order. Every one must succeed."""
    surroundings = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "MAKE"))}
    surroundings["PATH"] = f"{project / '.venv/bin'}{os.pathsep}{surroundings['PATH']}"
    surroundings["PYTHONPATH"] = str(project)  # before the project that the environment was made for
    said, states = [], []
    for block in BLOCKS:
        run = subprocess.run(
            ["sh", "-e", "-c", block], cwd=project, env=surroundings, capture_output=True, text=True, timeout=300
        )
        assert run.returncode == 0, f"{block}\n{run.stdout}\n{run.stderr}"
        said.append(run.stdout)
        states.append(git(project, "status", "--porcelain").split("\n")[:-1])
    return list(zip(BLOCKS, said, states))


def after(walk, step):
    return next((said, state) for block, said, state in walk if block.strip() == step)


def test_every_shell_step_is_in_a_block_and_none_rebuilds_the_environment(walk):
    text = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    assert text.count("```") == 2 * len(BLOCKS)
    assert not any("Setting up the environment" in said for _, said, _ in walk)


def test_the_data_with_the_new_rating_are_accepted(walk):
    said, state = after(walk, "make data")
    assert f"{len(data.load('ratings')) + 1} rows" in next(line for line in said.splitlines() if "ratings.csv" in line)
    assert state == [" M data/ratings/ratings.csv", " M data/sources.csv"]


def test_the_page_is_counted_again(walk):
    said, _ = after(walk, "make readme")
    rows = len(data.load("ratings"))
    assert f"-| ratings | ratings/ratings.csv | Inspection ratings | {rows} |" in said
    assert f"+| ratings | ratings/ratings.csv | Inspection ratings | {rows + 1} |" in said
    assert f"+{len(data.load('sources')) + 1} documents: " in said


def test_the_changed_figure_is_reported(walk):
    said, state = after(walk, "make notebooks ONLY=02")
    assert said.startswith("02_nps_v_crc.ipynb: changed\n")
    for place in ("cell grid: chart 'Which services did well on which standards?', row ", "cell sources: table "):
        assert any(line.strip().startswith(place) and "Essex CRC" in line for line in said.splitlines())
    read = (data.load("ratings").query("round == '2018-19' and standard != 'overall'")["band"].notna()).sum()
    assert f"  cell answer: text: to say: {read} of 280 -> to say: {read + 1} of 280\n" in said
    assert re.search(r"row \d+ is new \(Essex CRC, 2018-19, 1\.3 Outstanding", said)
    assert " M notebooks/02_nps_v_crc.ipynb" in state


def test_the_new_notebook_is_published_listed_and_tested(walk):
    said, state = after(walk, "make notebooks ONLY=14\nmake readme")
    assert "14_example.ipynb: " in said
    assert "  +| [14 Example](notebooks/14_example.ipynb) | What does this notebook ask? |" in said
    assert "  +| [14 Example](14_example.ipynb) | What does this notebook ask? |" in said
    assert " M notebooks/00_start_here.ipynb" in state
    tested, _ = after(walk, ".venv/bin/pytest tests/test_notebooks.py -k 14_example")
    assert re.search(r"[1-9] passed", tested)


def test_taking_the_example_out_leaves_no_trace(walk):
    assert walk[-1][2] == []


def test_the_skeleton_keeps_the_rules_and_is_no_page():
    assert notebooks.problems(SKELETON) == []
    assert SKELETON not in notebooks.paths()
    sections = [cell.source for cell in nbformat.read(SKELETON, as_version=4).cells if cell.cell_type == "markdown"]
    assert sections[0].startswith("# NN Title\n\n**")
    assert {"## How to read it", "## What could be wrong", "## Sources"} <= {text.split("\n")[0] for text in sections}


def test_a_number_without_a_notebook_is_refused(capsys):
    assert notebooks.main(["98", "skeleton"]) == 1
    assert capsys.readouterr().err.startswith("No notebook 98. There are: 00 ")


def test_the_lists_and_counts_are_up_to_date():
    """`make readme` mends it."""
    paths = notebooks.paths()
    page, counts = ROOT / "README.md", data.DATA / "README.md"
    first = nbformat.read(paths[0], as_version=4)
    listing = next(cell.source for cell in first.cells if readme.NOTEBOOKS in cell.source)
    for text, lines in (
        (page.read_text("utf-8"), readme.entries(paths, "notebooks/")),
        (listing, readme.entries(paths[1:])),
    ):
        assert readme.with_rows(text, readme.NOTEBOOKS, lines) == text
    tables = {name: data.load(name) for name in data.tables().index}
    assert readme.recounted(counts.read_text("utf-8"), tables) == counts.read_text("utf-8")


def test_a_notebook_that_does_not_open_with_title_and_question_is_named(tmp_path):
    for name, opening in (("01_one.ipynb", "# 01 One\n\n**Why?** Because."), ("02_two.ipynb", "# Two")):
        notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell(opening)])
        nbformat.write(notebook, tmp_path / name)
    assert readme.entries([tmp_path / "01_one.ipynb"]) == ["| [01 One](01_one.ipynb) | Why? |"]
    with pytest.raises(notebooks.NotebookError, match=r"02_two\.ipynb: the first cell must be '# 02 Title'"):
        readme.entries([tmp_path / "01_one.ipynb", tmp_path / "02_two.ipynb"])
