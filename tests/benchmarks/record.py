"""How long the record takes: `python -m tests.benchmarks.record`. Exits with 1 where an aim is missed.

All runs in one process of its own, which knows nothing from before: all that notebook 02 needs on opening, then a
change of threshold, of the statements used, and the groups that take longest. Processor time, which other
work on the machine does not disturb. `make bench` prints the same.
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
    start = time.process_time()
    asked = record.cells(tables, round), record.statements(tables, round, use, rule)
    record.cell_bands(*asked)
    record.totals(*asked, rule)
    for measure in record.MEASURES:
        record.gap(*asked, rule, measure)
    return time.process_time() - start
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


def measured() -> list[tuple[str, float, float, str]]:
    """Each case: what, how much it took, the most that it may take, and the unit of both (s or MB)."""
    code = MEASURE + CASES
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    times, megabytes = json.loads(answer)
    cases = [(what, taken, CHANGE if number else OPENING, "s") for number, (what, taken) in enumerate(times.items())]
    return [*cases, ("memory of the process", megabytes, MEGABYTES, "MB")]


def main() -> int:
    """Prints a line for each case, with the most that it may take."""
    cases = measured()
    for what, taken, most, unit in cases:
        print(f"{what:28} {taken:6.{2 if unit == 's' else 0}f} {unit}, at most {most:g} {unit}")
    return int(any(taken > most for _, taken, most, _ in cases))


if __name__ == "__main__":
    sys.exit(main())
