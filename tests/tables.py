"""Tables as they stand in their files, for tests that don't trust what loads them."""

from typing import Any

import pandas as pd

from helpers import data


def raw(path: str, **kept: Any) -> pd.DataFrame:
    """The rows of a file of data/ whose columns hold what is asked for."""
    rows = pd.read_csv(data.DATA / path)
    for column, value in kept.items():
        rows = rows[rows[column] == value]
    return rows
