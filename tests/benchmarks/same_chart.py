"""The chart that every tool draws in the bench: 28 bars with labels, moved by one list of choices.

It needs pandas and altair only, so that the environments of the other tools can import it too. The numbers are drawn
at random from a fixed seed and mean nothing.
"""

import altair as alt
import numpy as np
import pandas as pd

CHOICES = [f"series {letter}" for letter in "ABCDEF"]
NAMES = [f"body {number:02}" for number in range(1, 29)]
_VALUES = dict(zip(CHOICES, np.random.default_rng(1).integers(10, 100, size=(len(CHOICES), len(NAMES)))))


def rows(choice: str) -> pd.DataFrame:
    return pd.DataFrame({"name": NAMES, "value": _VALUES[choice]})


def draw(base: alt.Chart) -> alt.LayerChart:
    bars = base.encode(x=alt.X("value:Q", scale=alt.Scale(domain=[0, 100])), y="name:N")
    return (bars.mark_bar() + bars.mark_text(align="left", dx=4).encode(text="value:Q")).properties(width=500)


def chart(choice: str) -> alt.LayerChart:
    """As every chart here, drawn as SVG: Vega-Embed takes the renderer from the specification, whoever calls it."""
    return draw(alt.Chart(rows(choice))).properties(usermeta={"embedOptions": {"renderer": "svg", "actions": False}})
