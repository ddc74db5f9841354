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


def main() -> int:
    inputs = risk.read(load("simulation_inputs"))

    def office(people: int) -> Callable[[], object]:
        one = risk.setting(inputs, "as the inspectors found", people=people)
        return lambda: risk.simulate(one)

    start = time.perf_counter()
    risk.compute(inputs, people=SMALL)
    first = time.perf_counter() - start
    times = {people: seconds(office(people)) for people in (SMALL, YEAR, LARGE)}
    memory = {people: peak_bytes(office(people)) for people in times}
    whole_page = seconds(lambda: risk.compute(inputs, people=SMALL))
    for people, taken in times.items():
        print(f"{people:>12,} people, 400 draws: {1e3 * taken:8.2f} ms, {memory[people] / 1e6:6.2f} MB")
    print(f"compute at {SMALL:,} people: {1e3 * whole_page:.2f} ms, the first time {1e3 * first:.0f} ms")
    growth = (times[LARGE] / times[SMALL]) / (LARGE / SMALL)
    ratios = {
        "time a person, ten million against twenty thousand (at most 1)": (growth, 1.0),
        "memory, ten million against twenty thousand (at most 1.5)": (memory[LARGE] / memory[SMALL], 1.5),
        "time, 400 draws of 154,000 against one draw person by person (at most 10)": (
            times[YEAR] / seconds(lambda: person_by_person(YEAR)),
            10.0,
        ),
    }
    for name, (ratio, most) in ratios.items():
        print(f"{'ok    ' if ratio <= most else 'BROKEN'} {name}: {ratio:.4f}")
    return int(any(ratio > most for ratio, most in ratios.values()))


if __name__ == "__main__":
    sys.exit(main())
