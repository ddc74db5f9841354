"""The chart of the bench in marimo: `marimo run marimo_app.py`."""

import marimo

app = marimo.App()


@app.cell
def _():
    import marimo as mo
    import same_chart

    return mo, same_chart


@app.cell
def _(mo, same_chart):
    choice = mo.ui.dropdown(options=same_chart.CHOICES, value=same_chart.CHOICES[0], label="Series")
    choice  # noqa: B018 - a marimo cell shows its last expression
    return (choice,)


@app.cell
def _(choice, same_chart):
    same_chart.chart(choice.value)
