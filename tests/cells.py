"""What the cells of a notebook make: names and shown objects, for tests of what is declared there."""

import ast
from functools import cache
from types import SimpleNamespace

import nbformat

from helpers.explorer import Explorer
from helpers.publish import notebooks


@cache
def run(number):
    """Runs the cells of one notebook here. `names` holds its variables, `shown` what each cell ends with, by id."""
    path = next(path for path in notebooks.paths() if path.name.startswith(f"{number}_"))
    names, shown = {}, {}
    for cell in notebooks.code_cells(nbformat.read(path, as_version=4)):
        tree = ast.parse(cell.source)
        last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
        exec(compile(tree, f"{path.name}, cell {cell.id}", "exec"), names)
        if last:
            shown[cell.id] = eval(compile(ast.Expression(last.value), f"{path.name}, cell {cell.id}", "eval"), names)
    return SimpleNamespace(names=SimpleNamespace(**names), shown=shown)


def explorers(number):
    """The explorers of one notebook, by the id of the cell that shows them."""
    return {cell: made for cell, made in run(number).shown.items() if isinstance(made, Explorer)}
