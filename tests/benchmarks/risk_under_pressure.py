"""How the cost of the simulation grows with people: `python -m tests.benchmarks.risk_under_pressure`.

Judged as ratios, so that a slow machine does not fail: ten million people may not take longer per person than twenty
thousand, nor more than a little more memory. Exits with 1 where a ratio is broken.
"""

import sys
import time
import tracemalloc
from collections.abc import Callable

import numpy as np

from helpers import risk_under_pressure as risk
from helpers.data import load

SMALL, YEAR, LARGE = 20_000, 154_000, 10_000_000
PASSES = 7


def seconds(work: Callable[[], object]) -> float:
    """The quickest of several passes, which other work on the machine disturbs least."""
    taken = []
    for _ in range(PASSES):
        start = time.perf_counter()
        work()
        taken.append(time.perf_counter() - start)
    return min(taken)


def peak_bytes(work: Callable[[], object]) -> int:
    tracemalloc.start()
    work()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak


def person_by_person(people: int) -> None:
    """One draw for each person: what one draw of the simulation stands in for."""
    rng = np.random.default_rng(1)
    band = rng.choice(4, p=(0.15, 0.3, 0.3, 0.25), size=people)
    lowered = (band == 0) & (rng.random(people) < 0.5)
    np.bincount(np.where(lowered, 1, band), minlength=4)


def ratios() -> dict[str, tuple[float, float]]:
    """Each ratio by name, with the most that it may be."""
    inputs = risk.read(load("simulation_inputs"))

    def office(people: int) -> Callable[[], object]:
        one = risk.setting(inputs, "as the inspectors found", people=people)
        return lambda: risk.draw(one)

    risk.compute(inputs, people=SMALL)  # the first time imports what it uses
    times = {people: seconds(office(people)) for people in (SMALL, YEAR, LARGE)}
    memory = {people: peak_bytes(office(people)) for people in (SMALL, LARGE)}
    growth = (times[LARGE] / times[SMALL]) / (LARGE / SMALL)
    return {
        "time a person, ten million people against twenty thousand": (growth, 1.0),
        "memory, ten million people against twenty thousand": (memory[LARGE] / memory[SMALL], 1.5),
        "time, 400 draws of 154,000 people against one draw person by person": (
            times[YEAR] / seconds(lambda: person_by_person(YEAR)),
            10.0,
        ),
    }


def main() -> int:
    broken = False
    for name, (ratio, most) in ratios().items():
        print(f"{'ok    ' if ratio <= most else 'BROKEN'} {name} (at most {most:g}): {ratio:.4f}")
        broken |= ratio > most
    return int(broken)


if __name__ == "__main__":
    sys.exit(main())
