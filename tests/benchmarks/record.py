"""How long the record takes: `python -m tests.benchmarks.record`. Exits with 1 where an aim is missed.

Each case runs in a process of its own, which knows nothing from before: all that notebook 02 needs on opening, then a
change of threshold, of the statements used, and the groups that take longest.
"""

import json
import subprocess
import sys

from tests.benchmarks.growth import MEASURE

OPENING, CHANGE, MEGABYTES = 3.0, 1.0, 500
CASES = """
import json, time
from helpers import data, ratings, record
tables = {name: data.load(name) for name in record.TABLES}
def shown(round="2018-19", use=record.USED, rule=ratings.DEFAULT_RULE):
    start = time.perf_counter()
    asked = record.cells(tables, round), record.statements(tables, round, use, rule)
    record.cell_bands(*asked)
    record.totals(*asked, rule)
    for measure in record.MEASURES:
        record.gap(*asked, rule, measure)
    return time.perf_counter() - start
times = {
    "opening, both rounds": shown() + shown("2019-20"),
    "another threshold": shown(rule=ratings.ScoringRule(good_from=17)),
    "another threshold, below": shown(rule=ratings.ScoringRule(requires_improvement_from=5)),
    "without what is inferred": shown(use=("stated", "implied", "overall")),
    "stated only": shown(use=("stated", "overall")),
    "without the overall bands": shown(use=record.BASES),
    "with the league table": shown(use=record.GROUPS),
    "the same again": shown(),
}
print(json.dumps([times, peak()]))
"""


def main() -> int:
    """Prints a line for each case, with the most that it may take."""
    code = MEASURE + CASES
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    times, megabytes = json.loads(answer)
    missed = megabytes > MEGABYTES
    for number, (what, taken) in enumerate(times.items()):
        most = CHANGE if number else OPENING
        missed |= taken > most
        print(f"{what:28} {taken:6.2f} s, at most {most:g} s")
    print(f"{'memory of the process':28} {megabytes:6.0f} MB, at most {MEGABYTES} MB")
    return int(missed)


if __name__ == "__main__":
    sys.exit(main())
