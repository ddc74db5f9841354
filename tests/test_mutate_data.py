"""The campaign of wrong cells: its changes are seeded, single and spread; each check catches what it should."""

import csv
import shutil
import subprocess
import sys
from collections import Counter

import nbformat
import pytest

from helpers import data, explorer
from helpers.publish import compare
from tests.campaigns import mutate_data

KINDS = {
    *("digit", "sign", "band", "date", "provider", "source", "qualifier", "listed value", "reference"),
    *("digit in text", "dropped row", "doubled row"),
}


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    folder = tmp_path_factory.mktemp("changed") / "data"
    return shutil.copytree(data.DATA, folder, ignore=shutil.ignore_patterns("official"))


@pytest.fixture(scope="module")
def whole(copy):
    return mutate_data.changes(copy, 400, 2014)


def test_at_least_400_changes_reach_every_table_and_every_kind(copy, whole):
    assert len(whole) >= 400
    assert {change.kind for change in whole} == KINDS
    hits = Counter(change.table for change in whole)
    assert set(hits) == set(data.tables(copy).index)
    assert min(hits.values()) >= 2
    rows = {name: len(data.load(name, copy)) for name in hits}
    assert hits[max(rows, key=rows.get)] == max(hits.values())


def test_the_seed_decides(copy, whole):
    assert mutate_data.changes(copy, 400, 2014) == whole
    assert set(mutate_data.changes(copy, 400, 2015)) != set(whole)
    assert len({(c.table, c.kind, c.row, c.column) for c in whole}) == len(whole)


def read(path):
    with open(path, encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


def test_each_change_is_one_cell_or_one_row(copy, whole, tmp_path):
    folder = tmp_path / "data"
    mutate_data.linked(copy, folder)
    for change in whole:
        path = change.file.removeprefix("data/")
        before = read(copy / path)
        mutate_data.write(change, folder)
        after = read(folder / path)
        assert read(copy / path) == before, "the copy itself stays whole"
        (folder / path).unlink()
        (folder / path).symlink_to(copy / path)
        if change.kind in ("dropped row", "doubled row"):
            less, more = sorted((before, after), key=len)
            assert more[: change.row + 1] + more[change.row + 2 :] == less
        else:
            pairs = zip(before, after, strict=True)
            differing = [(a, b) for one, other in pairs for a, b in zip(one, other, strict=True) if a != b]
            assert differing == [(change.old, change.new)]
            assert change.old and change.new


@pytest.mark.parametrize(("old", "never"), [("10", "00"), ("0.5", "0.5"), ("-12.5", "-02.5"), ("7", "7")])
def test_a_changed_digit_leaves_a_number_of_the_same_length(old, never):
    rng = mutate_data.np.random.default_rng(1)
    for _ in range(200):
        new = mutate_data._digit(old, rng)
        assert len(new) == len(old)
        assert new not in (old, never)
        assert data._number(new) != data._number(old)


def notebook(source):
    cells = [nbformat.v4.new_code_cell(source, id="one")]
    return nbformat.v4.new_notebook(cells=cells)


def test_the_first_cell_that_differs_is_named_with_both_values(monkeypatch):
    monkeypatch.setattr(explorer.Explorer, "_repr_mimebundle_", None)
    sample = notebook("from helpers import display\nfigure = 6\ndisplay.findings(f'{figure} services')")
    assert mutate_data.notebook_differences(sample) == {"one": "0 outputs became 1"}
    fresh = mutate_data.run_cell(sample.cells[0].source, {})
    sample.cells[0].outputs = [nbformat.v4.new_output("execute_result", data=fresh[0])]
    assert mutate_data.notebook_differences(sample) == {}
    sample.cells[0].source = sample.cells[0].source.replace("6", "7")
    assert mutate_data.notebook_differences(sample) == {"one": "text: 6 services -> 7 services"}
    sample.cells[0].source = "1 / 0"
    assert mutate_data.notebook_differences(sample) == {"one": "ZeroDivisionError: division by zero"}


def test_names_of_views_are_no_difference_and_pictures_are_not_compared():
    one = [{"image/png": "a", compare.VEGALITE_MIME: {"views": ["view_0123456789abcdef_0"], "x": 1}}]
    other = [{compare.VEGALITE_MIME: {"x": 1, "views": ["view_fedcba9876543210_7"]}}]
    assert mutate_data.compared(one) == mutate_data.compared(other)
    other[0][compare.VEGALITE_MIME]["x"] = 2
    assert mutate_data.compared(one) != mutate_data.compared(other)


CAMPAIGN = """
import json, pathlib, sys
from helpers.publish import notebooks
from tests.campaigns import mutate_data
copy = pathlib.Path(sys.argv[1])
change = dict(table="case_quality", file="data/ratings/case_quality.csv", line=0, row=0, about="")
rows = mutate_data.Table(copy, dict(name="case_quality", path="ratings/case_quality.csv", schema=dict(fields=[])))
cells = dict(zip(rows.header, rows.rows[0]))
wrong = {
    "loader": ("digit", "value", "101"),
    "known totals": ("dropped row", "", ""),
    "notebooks": ("source", "source_id", sys.argv[2]),
}
path = [path for path in notebooks.paths() if path.name[:2] == "03"]
campaign = mutate_data.prepare(copy, path, ["case_quality"], 2)
assert not campaign.failing and not campaign.stale[path[0].name], (campaign.failing, campaign.stale)
jobs = {}
for name, (kind, column, new) in wrong.items():
    one = mutate_data.Change(**change, kind=kind, column=column, old=cells.get(column, ""), new=new)
    jobs[name] = lambda one=one: campaign.judge(one)
print(json.dumps({name: answer for name, answer in mutate_data.forked(jobs, 2)}))
"""


def test_each_check_catches_what_it_is_for_and_the_cheapest_comes_first(copy):
    used = data.load("case_quality")["source_id"]
    other = next(source for source in data.load("sources")["source_id"] if source != used.iloc[0])
    run = subprocess.run(
        [sys.executable, "-c", CAMPAIGN, str(copy), other], capture_output=True, text=True, cwd=mutate_data.ROOT
    )
    assert run.returncode == 0, run.stderr[-2000:]
    answers = mutate_data.json.loads(run.stdout)
    assert {name: answer["check"] for name, answer in answers.items()} == {name: name for name in mutate_data.CHECKS}
    assert "at most 100" in answers["loader"]["said"]
    assert answers["known totals"]["said"].startswith("tests/test_case_quality.py::")
    assert "03_case_quality.ipynb, cell " in answers["notebooks"]["said"]


def test_a_check_that_gives_no_answer_stops_the_campaign(monkeypatch):
    monkeypatch.setattr(mutate_data.traceback, "print_exc", lambda: None)
    monkeypatch.setattr(mutate_data.gc, "freeze", lambda: None)
    with pytest.raises(RuntimeError, match="broken: the process ended"):
        list(mutate_data.forked({"broken": lambda: 1 / 0}, 1))


def test_the_report_counts_by_check_and_names_every_survivor():
    base = {"table": "staff", "column": "value", "kind": "digit"}
    results = mutate_data.pd.DataFrame(
        [
            {**base, "name": "a", "check": "loader", "said": "x"},
            {**base, "name": "b", "check": "notebooks", "said": "x"},
            {**base, "name": "c", "check": "", "said": ""},
        ]
    )
    nothing = mutate_data.Campaign(data.DATA, {}, {}, {}, {}, [], {})
    text = mutate_data.report(results, nothing, 1)
    assert "Caught by any check: **2 of 3 (66.7%)**" in text
    assert "| digit | 3 | 1 | 0 | 1 | 1 |" in text
    assert "## Caught by no check\n\n- c\n" in text
