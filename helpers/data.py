"""The tables of data/, read and checked against data/datapackage.json.

`tables()` lists them, `describe(name)` explains the columns of one, `load(name)` returns it validated and
typed, `sources_of(...)` gives the sources behind a table. `python -m helpers.data` checks everything.
"""

import ast
import csv
import difflib
import json
import os
import re
import shutil
import sys
import tempfile
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from types import CodeType

import numpy as np
import pandas as pd

from helpers import stopping

DATA = Path(__file__).resolve().parent.parent / "data"
PACKAGE = "datapackage.json"
SHOWN_PER_FILE = 50
SHOWN_OF_A_VALUE = 60


# What is wrong, and what to do about it


def _escape(text: str) -> str:
    """The text with control, invisible and right-to-left characters written as escapes."""
    return "".join(
        c if c.isprintable() and unicodedata.bidirectional(c) not in ("R", "AL", "AN")
        else c.encode("unicode_escape", "surrogatepass").decode("ascii")
        for c in text
    )  # fmt: skip


def _short(text: str, quoted: bool = False) -> str:
    start = repr(text[:SHOWN_OF_A_VALUE]) if quoted else text[:SHOWN_OF_A_VALUE]
    return start if len(text) <= SHOWN_OF_A_VALUE else f"{start}... ({len(text):,} characters)"


@dataclass(frozen=True)
class Problem:
    """One broken rule. `row` is the line of the file as an editor numbers it; the header is line 1.

    In datapackage.json `column` says which part is meant, such as 'value of money'.
    """

    file: str
    row: int | None
    column: str | None
    value: str | None
    rule: str
    fix: str

    def __str__(self) -> str:
        where = [f"line {self.row}"] if self.row else []
        where += [f"column {_short(self.column)}" if self.row else _short(self.column)] if self.column else []
        said = self.rule
        if self.value is not None:
            shown = _short(self.value, quoted=True) if self.value else "an empty cell"
            said = f"{shown} {said}" if said.startswith("must") else f"{said}, not {shown}"
        return _escape(f"{', '.join(where)}{': ' if where else ''}{said}. {self.fix}.")


class DataError(Exception):
    """Everything that is wrong with the data. `pandas.DataFrame(error.problems)` lists it as a table."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(dict.fromkeys(problems))
        super().__init__(self.problems)

    def __str__(self) -> str:
        by_file: dict[str, list[Problem]] = {}
        for problem in self.problems:
            by_file.setdefault(problem.file, []).append(problem)
        lines = [f"{_count(len(self.problems), 'problem')} in {_count(len(by_file), 'file')}"]
        for file, problems in by_file.items():
            lines += ["", _escape(file), *(f"  {problem}" for problem in problems[:SHOWN_PER_FILE])]
            if len(problems) > SHOWN_PER_FILE:
                lines.append(f"  ... and {len(problems) - SHOWN_PER_FILE} more (all are in the error's .problems)")
        return "\n".join(lines)

    def _render_traceback_(self) -> list[str]:
        # IPython shows these lines instead of a traceback: the fault is in a file, not in the calling code.
        return f"DataError: {self}".split("\n")


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _nearest(value: str, known: Iterable[str]) -> str:
    """'Did you mean ...?' where something close is known, else nothing."""
    close = difflib.get_close_matches(value, list(known), 1, 0.7)
    return f"Did you mean {close[0]!r}? " if close else ""


def _listing(values: Iterable[object], most: int = 12) -> str:
    values = [str(value) for value in values]
    return ", ".join(values[:most]) + (f", ... ({len(values)} in all)" if len(values) > most else "")


# What the columns may hold


class _Refused(ValueError):
    """A cell breaks a rule: the rule, and what to do."""


def _integer(text: str) -> int:
    if not re.fullmatch(r"-?(0|[1-9][0-9]*)", text):
        raise _Refused("must be a whole number", "Write plain digits such as 1200, without spaces, commas or units")
    if len(text) > 20 or not -(2**63) < int(text) < 2**63:
        raise _Refused("must be a whole number of at most 64 bits", "Check the number of digits")
    return int(text)


def _number(text: str) -> float:
    if not re.fullmatch(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?", text):
        fix = "Write plain digits such as 1200 or 31.5, without spaces, commas, units, exponents, nan or inf"
        raise _Refused("must be a number", fix)
    number = float(text)
    if len(text) > 15 and Decimal(text) != Decimal(repr(number)):
        raise _Refused("must be a number that 64 bits hold without rounding", "Check the number of digits")
    return number


def _date(text: str) -> str:
    # Kept as text, which compares as dates do. date.fromisoformat alone would take 20190215 and 2019-W07 too.
    try:
        date.fromisoformat(text if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text) else "")
    except ValueError:
        raise _Refused("must be a date of the calendar", "Write it as YYYY-MM-DD, such as 2014-06-01") from None
    if not "1678" <= text[:4] <= "2261":
        raise _Refused("must be a date between 1678 and 2261, which is what pandas can hold", "Check the year")
    return text


def _boolean(text: str) -> bool:
    if text not in ("true", "false"):
        raise _Refused("must be true or false", "Write it in lower case")
    return text == "true"


_CASTS = {"string": str, "integer": _integer, "number": _number, "date": _date, "boolean": _boolean}
# Nanoseconds in pandas 2, microseconds in pandas 3: what the reader's own dates will be, so that they join.
_DATES = pd.to_datetime(["2014-06-01"]).dtype


@dataclass
class _Field:
    name: str
    type: str = "string"
    title: str = ""
    description: str = ""
    unit: str = ""
    required: bool = False
    unique: bool = False
    allowed: list | None = None
    ordered: bool = False
    minimum: object = None
    maximum: object = None
    pattern: re.Pattern | None = None
    list_of: tuple[str, str] | None = None

    def parse(self, text: str) -> object:
        """The value of a cell that is not empty. Raises _Refused."""
        if text != text.strip():
            raise _Refused("must not begin or end with a space", "Delete the space")
        value = _CASTS[self.type](text)
        if self.allowed is not None and value not in self.allowed:
            near = _nearest(text, map(str, self.allowed))
            raise _Refused(f"must be one of: {_listing(self.allowed)}", f"{near}Correct it, or add it to {PACKAGE}")
        if self.minimum is not None and value < self.minimum:
            raise _Refused(f"must be at least {self.minimum}", "Check the figure and its unit")
        if self.maximum is not None and value > self.maximum:
            raise _Refused(f"must be at most {self.maximum}", "Check the figure and its unit")
        if self.pattern and not self.pattern.fullmatch(text):
            raise _Refused(f"must match the pattern {self.pattern.pattern}", "Correct it")
        if self.list_of and ("  " in text or len(set(text.split(" "))) <= text.count(" ")):
            raise _Refused("must be a list of different ids with one space between two", "Correct the list")
        return value

    def column(self, values: list) -> object:
        """Parsed values as a typed column."""
        if self.type == "string":
            if self.allowed is not None:
                return pd.Categorical(values, categories=self.allowed, ordered=self.ordered)
            return pd.array(values, dtype="string")
        if self.type == "date":
            return np.array(values, dtype="datetime64[D]").astype(_DATES)
        if self.type == "boolean":
            return pd.array(values, dtype="boolean") if not self.required else np.array(values, dtype=bool)
        return pd.array(values, dtype="Int64") if self.type == "integer" else np.array(values, dtype=float)

    @property
    def values(self) -> str:
        """What a cell may hold beyond its type, in words."""
        words = [_listing(self.allowed, 100).replace(",", " <" if self.ordered else ",")] if self.allowed else []
        words += [f"at least {self.minimum}"] if self.minimum is not None else []
        words += [f"at most {self.maximum}"] if self.maximum is not None else []
        words += ["never empty"] if self.required else []
        words += ["never twice"] if self.unique else []
        return "; ".join(words)


@dataclass
class _Rule:
    name: str
    message: str
    columns: list[str]
    may_be_empty: set[str]
    code: CodeType


@dataclass(frozen=True)
class Comparable:
    """Which figures may stand together, and why: an entry of `comparable` in datapackage.json.

    use       axis (one scale of values), line (one line), count (one bar of a count), mean (one mean), beside or apart
              (in one chart with `tables`, or never)
    fields    the columns whose values must be the same in all figures
    together  values of `fields` (there is one) that count as the same
    only      the one value that `fields` may have
    tables    the other tables, for beside and apart
    reason    a sentence for the reader
    """

    use: str
    fields: tuple[str, ...] = ()
    together: tuple[tuple[str, ...], ...] = ()
    only: str | None = None
    tables: tuple[str, ...] = ()
    reason: str = ""


@dataclass
class _Table:
    name: str
    path: str
    title: str = ""
    description: str = ""
    fields: list[_Field] = field(default_factory=list)
    primary_key: list[str] = field(default_factory=list)
    # (columns here, table there, columns there)
    foreign_keys: list[tuple[list[str], str, list[str]]] = field(default_factory=list)
    rules: list[_Rule] = field(default_factory=list)
    # (columns, their values in each row that the code looks up by them)
    needs: list[tuple[list[str], list[tuple[str, ...]]]] = field(default_factory=list)
    comparable: list[Comparable] = field(default_factory=list)

    def referred(self) -> set[str]:
        return {table for _, table, _ in self.foreign_keys} | {f.list_of[0] for f in self.fields if f.list_of}


# Reading datapackage.json

_NOT_CHECKED = {
    "format", "decimalChar", "groupChar", "bareNumber", "trueValues", "falseValues", "missingValues",
}  # fmt: skip
_CONSTRAINTS = {"required", "unique", "enum", "minimum", "maximum", "pattern"}
_USES = ("axis", "line", "count", "mean", "beside", "apart")
_KINDS = {str: "text", list: "a list", dict: "an object", bool: "true or false"}
_FUNCTIONS = {"abs": abs, "min": min, "max": max}
_NODES = (
    ast.Expression, ast.BoolOp, ast.boolop, ast.UnaryOp, ast.Not, ast.USub, ast.BinOp, ast.Add, ast.Sub,
    ast.Mult, ast.Div, ast.Compare, ast.cmpop, ast.Name, ast.Load, ast.Constant, ast.Tuple, ast.List,
    ast.Call,
)  # fmt: skip


class _Reader:
    """Turns the JSON of a descriptor into tables, and notes every problem on the way."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.problems: list[Problem] = []

    def wrong(self, where: str, rule: str, value: object = None, fix: str = "") -> None:
        value = value if value is None or isinstance(value, str) else json.dumps(value)
        fix = fix if fix.startswith("Leave") else f"{fix}Correct it in {PACKAGE}"
        self.problems.append(Problem(self.file, None, where or None, value, rule, fix))

    def get(self, holder: dict, key: str, kind: type, where: str) -> object:
        """The value of an optional property, or the empty value of its kind."""
        value = holder.get(key)
        if value is not None and not isinstance(value, kind):
            self.wrong(where, f"{key} must be {_KINDS[kind]}", value)
            value = None
        return kind() if value is None else value

    def objects(self, holder: dict, key: str, where: str) -> Iterator[dict]:
        for item in self.get(holder, key, list, where):
            if isinstance(item, dict):
                yield item
            else:
                self.wrong(where, f"{key} must hold objects only", item)

    def name(self, holder: dict, where: str) -> str:
        name = self.get(holder, "name", str, where)
        if not re.fullmatch("[a-z][a-z0-9_]*", name):
            self.wrong(where, "name must be lower case letters, digits and underscores", name)
        return name

    def columns(self, value: object, what: str, table: _Table, where: str) -> list[str]:
        """One column or a list of columns, or nothing if any is not in the table."""
        names = [value] if isinstance(value, str) else value
        if not isinstance(names, list) or not names or not all(isinstance(name, str) for name in names):
            self.wrong(where, f"{what} must be a column or a list of columns", value)
            return []
        known = [f.name for f in table.fields]
        for name in names:
            if name not in known:
                self.wrong(where, f"{what} must name a column of {table.name}", name, _nearest(name, known))
        return names if set(names) <= set(known) else []

    def package(self, content: object) -> dict[str, _Table]:
        if not isinstance(content, dict) or not content.get("resources"):
            self.wrong("", "must be an object with a list of resources")
            return {}
        tables: dict[str, _Table] = {}
        schemas: dict[str, dict] = {}
        for number, resource in enumerate(self.objects(content, "resources", ""), start=1):
            table, schema = self.table(resource, number)
            for other in tables.values():
                if table.name == other.name or table.path == other.path:
                    self.wrong(table.name, f"must not share its name or its path with {other.name}")
            tables[table.name], schemas[table.name] = table, schema
        for name, table in tables.items():
            self.references(table, schemas[name], tables)
            for rule in table.comparable:
                for other in set(rule.tables) - tables.keys():
                    self.wrong(f"comparable of {name}", "must name a table", other, _nearest(other, tables))
        return tables

    def table(self, resource: dict, number: int) -> tuple[_Table, dict]:
        name = self.name(resource, f"number {number} of resources")
        path = self.get(resource, "path", str, name)
        if not re.fullmatch(r"([A-Za-z0-9_][\w.-]*/)*[A-Za-z0-9_][\w.-]*\.csv", path):
            self.wrong(name, "path must name a .csv file inside the data folder", path)
        if str(resource.get("encoding", "utf-8")).lower() not in ("utf-8", "utf8"):
            self.wrong(name, "encoding must be utf-8", resource["encoding"])
        if resource.get("dialect", {"delimiter": ","}) != {"delimiter": ","}:
            self.wrong(name, "dialect must be that of plain CSV", fix="Leave dialect out")
        schema = self.get(resource, "schema", dict, name)
        if schema.get("missingValues", [""]) != [""]:
            self.wrong(name, 'missingValues must be [""]: an unknown cell is empty')
        if schema.get("fieldsMatch", "exact") not in ("exact", ["exact"]):
            self.wrong(name, "fieldsMatch must be exact", fix="Leave fieldsMatch out")
        fields = [self.field(item, name) for item in self.objects(schema, "fields", name)]
        if not fields or max(Counter(f.name for f in fields).values()) > 1:
            self.wrong(name, "schema must list the fields of the table, each once")
        title, description = (self.get(resource, key, str, name) for key in ("title", "description"))
        table = _Table(name, path, title, description, fields)
        rules = [self.rule(item, table) for item in self.objects(resource, "rules", name)]
        table.rules = [rule for rule in rules if rule]
        table.needs = [need for item in self.objects(resource, "needs", name) if (need := self.need(item, table))]
        listed = self.objects(resource, "comparable", name)
        table.comparable = [rule for item in listed if (rule := self.comparable(item, table))]
        return table, schema

    def field(self, item: dict, table: str) -> _Field:
        name = self.name(item, f"a field of {table}")
        where = f"{name} of {table}"
        kind = self.get(item, "type", str, where) or "string"
        if kind not in _CASTS:
            self.wrong(where, f"type must be one of: {_listing(_CASTS)}", kind)
            kind = "string"
        constraints = self.get(item, "constraints", dict, where)
        for key in sorted(_NOT_CHECKED & item.keys() | constraints.keys() - _CONSTRAINTS):
            # What the loader would not check must not look as if it was.
            if (key, item.get(key)) != ("format", "default"):
                known = _listing(sorted(_CONSTRAINTS))
                self.wrong(where, f"{key} is never checked", fix=f"Leave it out; the constraints are: {known}")
        title, description, unit = (self.get(item, key, str, where) for key in ("title", "description", "unit"))
        result = _Field(name, kind, title, description, unit)
        result.required = self.get(constraints, "required", bool, where)
        result.unique = self.get(constraints, "unique", bool, where)
        result.ordered = self.get(item, "categoriesOrdered", bool, where)
        for holder, key in ((constraints, "enum"), (item, "categories")):
            if key in holder:
                self.allow(result, self.get(holder, key, list, where), key, where)
        if result.ordered and result.allowed is None:
            self.wrong(where, "categoriesOrdered must come with categories")
        for key in ("minimum", "maximum"):
            if key in constraints and kind in ("string", "boolean"):
                self.wrong(where, f"{key} means nothing for type {kind}", fix=f"Leave {key} out")
            elif key in constraints:
                setattr(result, key, self.constant(constraints[key], kind, key, where))
        pattern = self.get(constraints, "pattern", str, where)
        try:
            result.pattern = re.compile(pattern) if pattern else None
        except (re.error, OverflowError, RecursionError) as error:
            self.wrong(where, f"pattern must be a regular expression ({error})", pattern)
        list_of = self.get(item, "listOf", str, where)
        if list_of and (list_of.count(".") != 1 or kind != "string"):
            self.wrong(where, "listOf must be table.column, for a column of type string", list_of)
        elif list_of:
            result.list_of = tuple(list_of.split("."))
        return result

    def allow(self, column: _Field, listed: list, key: str, where: str) -> None:
        """The values of an enum or of categories, which may be objects with a value and a label."""
        listed = [item.get("value") if isinstance(item, dict) else item for item in listed]
        values = [self.constant(value, column.type, key, where) for value in listed]
        if None in values:
            return
        if not values or len(set(values)) < len(values):
            self.wrong(where, f"{key} must list different values", listed)
        elif column.allowed is not None and set(column.allowed) != set(values):
            self.wrong(where, "enum and categories must list the same values")
        else:
            column.allowed = values

    def constant(self, value: object, kind: str, key: str, where: str) -> object:
        """A value that a descriptor allows, if a cell of the column could hold it; else None."""
        kinds = {"boolean": bool, "string": str, "date": str}
        if isinstance(value, kinds.get(kind, (int, float))):
            try:
                if kind != "boolean":
                    _CASTS[kind](str(value))
                return value
            except _Refused:
                pass
        self.wrong(where, f"{key} must fit the type {kind}", value)
        return None

    def rule(self, item: dict, table: _Table) -> _Rule | None:
        where = f"rules of {table.name}"
        name, expression, message = (self.get(item, key, str, where) for key in ("name", "expression", "message"))
        if not (name and expression and message):
            self.wrong(where, "each rule must have a name, an expression and a message", item)
            return None
        try:
            tree = ast.parse(expression.strip(), mode="eval")
            code = compile(tree, name, "eval")
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            self.wrong(where, f"must be an expression ({error})", expression)
            return None
        nodes = list(ast.walk(tree))
        calls = [n for n in nodes if isinstance(n, ast.Call)]
        functions = {id(n.func) for n in calls}
        columns = [n.id for n in nodes if isinstance(n, ast.Name) and id(n) not in functions]
        unknown = any(getattr(n.func, "id", "") not in _FUNCTIONS for n in calls)
        if unknown or not columns or not all(isinstance(n, _NODES) for n in nodes):
            allowed = "and or not, comparisons, in, is None, + - * /, abs() min() max()"
            self.wrong(where, f"must compare columns with nothing but {allowed}", expression)
            return None
        if not (columns := self.columns(list(dict.fromkeys(columns)), "expression", table, where)):
            return None
        tests = [n for n in nodes if isinstance(n, ast.Compare) and isinstance(n.ops[0], ast.Is | ast.IsNot)]
        may_be_empty = {n.left.id for n in tests if isinstance(n.left, ast.Name)}
        return _Rule(name, message, columns, may_be_empty, code)

    def need(self, item: dict, table: _Table) -> tuple[list[str], list[tuple[str, ...]]] | None:
        """Rows that must be there, because the code looks them up."""
        where = f"needs of {table.name}"
        columns = self.columns(item.get("fields"), "fields", table, where)
        listed = self.get(item, "values", list, where)
        rows = [(value,) if isinstance(value, str) else value for value in listed]
        fit = all(isinstance(row, tuple | list) and len(row) == len(columns) for row in rows) if columns else True
        if not rows or not fit or not all(isinstance(cell, str) for row in rows for cell in row):
            cells = _listing(columns) or "fields"
            self.wrong(where, f"values must list the cells of {cells} in each row needed", listed)
            return None
        return (columns, [tuple(row) for row in rows]) if columns else None

    def comparable(self, item: dict, table: _Table) -> Comparable | None:
        """Which figures may stand together; that the tables named exist is checked once all are known."""
        where = f"comparable of {table.name}"
        use, reason, only = (self.get(item, key, str, where) for key in ("for", "reason", "only"))
        others, together = (self.get(item, key, list, where) for key in ("tables", "together"))
        if use not in _USES or not reason:
            self.wrong(where, f"each entry must have a reason and be for one of: {_listing(_USES)}", item)
            return None
        if use in ("beside", "apart"):
            if not others or not all(isinstance(name, str) for name in others):
                self.wrong(where, "tables must list the other tables", others)
                return None
            return Comparable(use, tables=tuple(others), reason=reason)
        columns = self.columns(item.get("fields"), "fields", table, where)
        sets = all(isinstance(each, list) and all(isinstance(value, str) for value in each) for each in together)
        if not sets or (together and len(columns) != 1):
            self.wrong(where, "together must list sets of values of the one column of fields", together)
        elif columns:
            return Comparable(use, tuple(columns), tuple(map(tuple, together)), only or None, (), reason)
        return None

    def references(self, table: _Table, schema: dict, tables: dict[str, _Table]) -> None:
        """The keys of a table, once all tables are known."""
        if schema.get("primaryKey"):
            table.primary_key = self.columns(schema["primaryKey"], "primaryKey", table, table.name)
        # agreesWith is a foreign key that holds only where no cell is empty: two tables tell of one thing alike.
        for kind, key in (
            (k, item) for k in ("foreignKeys", "agreesWith") for item in self.objects(schema, k, table.name)
        ):
            there = self.get(key, "reference", dict, table.name)
            other = self.get(there, "resource", str, table.name) or table.name
            columns = self.columns(key.get("fields"), f"fields of {kind}", table, table.name)
            targets = self.there(other, there.get("fields"), f"reference of {kind}", tables, table.name)
            if len(columns) == len(targets):
                table.foreign_keys.append((columns, other, targets))
            elif columns and targets:
                self.wrong(table.name, f"{kind} must pair as many columns here as there")
        for column in table.fields:
            if column.list_of:
                self.there(*column.list_of, "listOf", tables, f"{column.name} of {table.name}")

    def there(self, name: str, columns: object, what: str, tables: dict[str, _Table], where: str) -> list[str]:
        if name in tables:
            return self.columns(columns, what, tables[name], where)
        self.wrong(where, f"{what} must name a table", name, _nearest(name, tables))
        return []


# Reading a CSV file

# Broken bytes (which decode to lone surrogates), controls, invisible and text-direction characters.
_UNWANTED = re.compile(
    "[\x00-\x09\x0b-\x1f\x7f-\x9f\xad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffd\ud800-\udfff]"
)


@dataclass
class _Text:
    """The cells of a file. Rows that cannot be told apart into columns are in `problems` only."""

    header: list[str] = field(default_factory=list)
    rows: list[list[str]] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


def _read_bytes(path: Path, file: str) -> tuple[bytes, list[Problem]]:
    try:
        return path.read_bytes(), []
    except FileNotFoundError:
        fix = f"Put it there, or correct {PACKAGE}" if path.name != PACKAGE else "It describes every table: restore it"
        return b"", [Problem(file, None, None, None, "must exist: there is no such file", fix)]
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or type(error).__name__
        return b"", [Problem(file, None, None, None, f"must be readable ({reason})", "Check the file")]


def clean(content: bytes) -> bytes:
    """A table's file without what Excel and git on Windows add and no value hangs on.

    No byte order mark, LF line ends, one at the end of the file and no empty lines after it.
    """
    text = content.removeprefix(b"\xef\xbb\xbf").replace(b"\r\n", b"\n")
    return text.rstrip(b"\n") + b"\n"


def write_clean(folder: str | Path = DATA) -> list[str]:
    """Rewrites every table's file that is not `clean`, in one step each; says which, a line a file.

    For tables that have passed `check`: the values stay as they are.
    """
    folder, said = Path(folder).resolve(), []
    for table in _package(folder).tables.values():
        path = folder / table.path
        before = path.read_bytes()
        after = clean(before)
        if before == after:
            continue
        with tempfile.NamedTemporaryFile(dir=path.parent, suffix=".part", delete=False) as file:
            file.write(after)
        shutil.copymode(path, file.name)
        os.replace(file.name, path)
        said.append(f"{folder.name}/{table.path}: rewritten without {' and '.join(_untidy(before))}; no value changed")
    return said


def _untidy(content: bytes) -> list[str]:
    body = content.replace(b"\r\n", b"\n")
    found = ["a byte order mark"] if content.startswith(b"\xef\xbb\xbf") else []
    found += ["Windows line ends"] if body != content else []
    found += ["empty lines at its end"] if body.endswith(b"\n\n") else []
    return found or ["a last line that had no end"]


def _read_csv(path: Path, file: str) -> _Text:
    content, problems = _read_bytes(path, file)
    text = _Text(problems=problems)
    if problems:
        return text

    def wrong(rule: str, fix: str, row: int | None = None, column: str | None = None, value: str | None = None) -> None:
        problems.append(Problem(file, row, column, value, rule, fix))

    if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        wrong("must be UTF-8, and is UTF-16", "Save it as 'CSV UTF-8' without a byte order mark", 1)
        return text
    content = clean(content)
    # Broken bytes survive as lone surrogates, so that they can be named by line and column below.
    whole = content.decode("utf-8", "surrogateescape")
    if not whole.strip():
        wrong("must not be empty", "Restore the header and the rows")
        return text
    if "\r" in whole:
        # Inside a cell, or the only line end of an old Macintosh: which of them can't be told.
        wrong(
            "must end as the other lines do, in LF",
            "Save the file with LF line ends",
            whole[: whole.index("\r")].count("\n") + 1,
        )
        whole = whole.replace("\r", "\n")
    lines = whole.removesuffix("\n").split("\n")
    try:
        rows = list(csv.reader(lines, strict=True))
    except csv.Error:
        rows = []
    if len(rows) != len(lines):
        # A cell never runs over several lines here, so that a lost quote spoils one line instead of the rest.
        rows = []
        for number, line in enumerate(lines, 1):
            try:
                rows += list(csv.reader([line], strict=True)) or [[]]
            except csv.Error as error:
                if "limit" in str(error):
                    wrong(
                        "must not hold a cell of more than 131,072 characters",
                        "Shorten it",
                        number,
                        None,
                        line,
                    )
                else:
                    fix = 'Close each quote on its line; a quote inside a quoted cell is written ""'
                    wrong("must have quotes in pairs, around whole cells", fix, number, None, line)
                rows.append([])
                if number == 1:
                    return text
    unreadable = {problem.row for problem in problems if problem.value is not None}
    header = rows[0]
    if len(header) < 2 and (delimiter := next((c for c in ";\t|" if c in "".join(header)), None)):
        wrong(f"must have commas between the cells, not {delimiter!r}", "Save it with commas", 1)
        return text
    if _UNWANTED.search(whole):
        for number, row in enumerate(rows, 1):
            for name, cell in zip(header + [None] * len(row), row):
                if found := _UNWANTED.search(cell):
                    wrong(*_unwanted(found[0]), number, name, cell)
    for name, times in Counter(header).items():
        if times > 1 and name:
            wrong("must be the only column of that name", "Rename or delete one of them", 1, name)
    text.header = header
    for number, row in enumerate(rows[1:], 2):
        if len(row) == len(header):
            text.rows.append(row)
            text.lines.append(number)
        elif number not in unreadable:
            wrong(*_ragged(len(row), len(header)), number)
    if len(rows) == 1:
        wrong("must have rows below its header", "Restore the rows")
    return text


def _unwanted(character: str) -> tuple[str, str]:
    code = ord(character)
    if 0xD800 <= code <= 0xDFFF:
        return (
            f"must be UTF-8, and has the byte 0x{code & 0xFF:02x}",
            "Save the file as UTF-8 and check this cell",
        )
    if code == 0xFFFD:
        return "must not hold U+FFFD, left where a character was lost", "Look the character up in the source"
    name = "a NUL byte" if not code else "a tab" if code == 9 else f"the invisible character U+{code:04X}"
    return f"must not hold {name}", "Delete the character, or type the cell anew"


def _ragged(cells: int, expected: int) -> tuple[str, str]:
    if not cells:
        return "must not be an empty line", "Delete the line"
    fix = "Put a cell that holds a comma in double quotes" if cells > expected else "Add the missing commas"
    return f"must have {_count(expected, 'cell')} like the header, and has {cells}", fix


# Checking a table


@dataclass
class _Package:
    folder: Path
    tables: dict[str, _Table]

    def file(self, table: str) -> str:
        return f"{self.folder.name}/{self.tables[table].path}"

    def path(self, table: str) -> Path:
        return self.folder / self.tables[table].path


def _stamp(path: Path) -> tuple[int, ...]:
    try:
        stat = path.stat()
    except (OSError, ValueError):
        return ()
    return stat.st_mtime_ns, stat.st_ctime_ns, stat.st_size


_read: dict[Path, tuple[tuple, object]] = {}
_checked: dict[Path, tuple[tuple, object]] = {}


def _remembered(memory: dict, path: Path, stamp: tuple, make: object, *arguments: object) -> object:
    """What `make` returned for this file before, unless the file has changed."""
    if memory.get(path, (None,))[0] != stamp:
        memory[path] = stamp, make(*arguments)
    return memory[path][1]


def _text(package: _Package, table: str) -> _Text:
    path = package.path(table)
    return _remembered(_read, path, _stamp(path), _read_csv, path, package.file(table))


def _read_package(path: Path, file: str) -> tuple[dict[str, _Table], list[Problem]]:
    content, problems = _read_bytes(path, file)
    if problems:
        return {}, problems
    reader = _Reader(file)
    try:
        return reader.package(json.loads(content.decode("utf-8"))), reader.problems
    except json.JSONDecodeError as error:
        rule, row = f"must be JSON ({error.msg}, character {error.colno})", error.lineno
    except UnicodeDecodeError as error:
        rule, row = (
            f"must be UTF-8, and has the byte 0x{content[error.start]:02x}",
            content[: error.start].count(b"\n") + 1,
        )
    except (ValueError, RecursionError) as error:
        rule, row = f"must be JSON ({type(error).__name__})", None
    return {}, [Problem(file, row, None, None, rule, "Undo the last edit, or correct the line")]


def _package(folder: str | Path) -> _Package:
    folder = Path(folder).resolve()
    path = folder / PACKAGE
    file = f"{folder.name}/{PACKAGE}"
    tables, problems = _remembered(_read, path, _stamp(path), _read_package, path, file)
    if problems:
        raise DataError(problems)
    return _Package(folder, tables)


def _table(package: _Package, name: str) -> _Table:
    if name not in package.tables:
        fix = f"{_nearest(str(name), package.tables)}The tables are: {_listing(package.tables, 100)}"
        problem = Problem(f"{package.folder.name}/{PACKAGE}", None, None, str(name), "must be the name of a table", fix)
        raise DataError([problem])
    return package.tables[name]


def _header_problems(table: _Table, text: _Text, file: str) -> list[Problem]:
    if not text.header:
        return []
    expected = [f.name for f in table.fields]
    extra = [name for name in text.header if name not in expected]
    missing = [name for name in expected if name not in text.header]
    problems = []
    for name in missing:
        rule, fix = "must be there: the column is missing", f"{_nearest(name, extra)}Add or rename the column"
        problems.append(Problem(file, 1, name, None, rule, fix))
    for name in extra:
        rule, fix = (
            f"must be described in {PACKAGE}: the column is unknown",
            f"{_nearest(name, missing)}Delete, rename or describe it",
        )
        problems.append(Problem(file, 1, name, None if name else "", rule, fix))
    if not problems and text.header != expected and len(text.header) == len(expected):
        place = next(n for n, (a, b) in enumerate(zip(text.header, expected)) if a != b)
        rule, fix = (
            f"must come after {expected[expected.index(text.header[place]) - 1]}",
            f"The order is: {_listing(expected, 100)}",
        )
        problems.append(Problem(file, 1, text.header[place], None, rule, fix))
    return problems


def _keys(package: _Package, table: str, columns: list[str]) -> set[tuple[str, ...]] | list[Problem]:
    """The values of some columns of another table, or why they cannot be read."""
    text = _text(package, table)
    problems = text.problems + _header_problems(package.tables[table], text, package.file(table))
    if problems:
        return problems
    places = [text.header.index(column) for column in columns]
    return {tuple(row[place] for place in places) for row in text.rows}


def _check(
    package: _Package, table: _Table, own: tuple[str, _Text] | None = None
) -> tuple[pd.DataFrame | None, list[Problem]]:
    """The typed table, or every problem with it; of a reader's own file (name, cells) where one is given."""
    file, text = own or (package.file(table.name), _text(package, table.name))
    at_start = text.problems + _header_problems(table, text, file)
    if not text.header:
        return None, at_start
    found: list[Problem] = []
    elsewhere: list[Problem] = []
    cells = {name: [row[place] for row in text.rows] for place, name in enumerate(text.header)}
    values: dict[str, list] = {}
    fields = [f for f in table.fields if f.name in cells]

    def wrong(place: int, column: str, value: str | None, rule: str, fix: str) -> None:
        found.append(Problem(file, text.lines[place], column, value, rule, fix))

    def refuse(column: str, broken: dict[str, tuple[str, str]]) -> None:
        for place, cell in enumerate(cells[column] if broken else ()):
            if cell in broken:
                wrong(place, column, cell, *broken[cell])

    for column in fields:
        parsed: dict[str, object] = {"": None}
        broken: dict[str, tuple[str, str]] = {}
        if column.required:
            broken[""] = "must be filled", f"Fill it{', from the source' if column.unit else ''}"
        for cell in dict.fromkeys(cells[column.name]):
            try:
                parsed[cell] = column.parse(cell) if cell else None
            except _Refused as refused:
                broken[cell] = refused.args
                parsed[cell] = None
        refuse(column.name, broken)
        values[column.name] = [parsed[cell] for cell in cells[column.name]]
        if column.unique:
            _once(zip(cells[column.name]), [column.name], text.lines, wrong)
    if table.primary_key and cells.keys() >= set(table.primary_key):
        _once(zip(*(cells[name] for name in table.primary_key)), table.primary_key, text.lines, wrong, key=True)

    for columns, other, targets in table.foreign_keys:
        known = _keys(package, other, targets) if cells.keys() >= set(columns) else set()
        if isinstance(known, list):
            elsewhere += known
        elif known:
            keys = enumerate(zip(*(cells[name] for name in columns)))
            _known(columns, keys, known, package.file(other), targets, wrong)
    for column in fields:
        if column.list_of:
            other, target = column.list_of
            known = _keys(package, other, [target])
            if isinstance(known, list):
                elsewhere += known
                continue
            keys = ((place, (item,)) for place, cell in enumerate(cells[column.name]) for item in cell.split())
            _known([column.name], keys, known, package.file(other), [target], wrong)

    for columns, needed in table.needs:
        if cells.keys() >= set(columns):
            there = set(zip(*(cells[name] for name in columns)))
            at_start += _lacking(columns, needed, there, file)

    doubtful = {problem.row for problem in found}
    for rule in table.rules:
        if values.keys() >= set(rule.columns):
            _hold(rule, values, text.lines, doubtful, wrong)
    problems = sorted(at_start + found, key=lambda problem: problem.row or 0) + elsewhere
    if problems:
        return None, problems
    return pd.DataFrame({column.name: column.column(values[column.name]) for column in fields}), []


def _once(
    keys: Iterable[tuple[str, ...]], columns: list[str], lines: list[int], wrong: Callable, key: bool = False
) -> None:
    """Refuse a key that an earlier row has; a primary key must not be all empty either."""
    first: dict[tuple[str, ...], int] = {}
    for place, cells in enumerate(keys):
        earlier = first.setdefault(cells, place)
        if not any(cells):
            if key:
                wrong(place, ", ".join(columns), "", "must be filled: it is the key of the row", "Fill it")
        elif earlier != place:
            rule = f"must not appear twice, and is in line {lines[earlier]} too"
            wrong(place, ", ".join(columns), " + ".join(cells), rule, "Delete one row, or correct the key")


def _known(
    columns: list[str],
    keys: Iterable[tuple],
    known: set[tuple],
    file: str,
    targets: list[str],
    wrong: Callable,
) -> None:
    """Refuse a key that the other table does not have."""
    names = ", ".join(targets)
    fixes: dict[tuple, str] = {}
    for place, key in keys:
        if all(key) and key not in known:
            if key not in fixes:
                # Looking for the nearest is slow, and twenty wrong keys are no slips of the finger.
                near = _nearest(" + ".join(key), map(" + ".join, known)) if len(fixes) < 20 else ""
                fixes[key] = f"{near}Correct it, or add it to {file}"
            wrong(place, ", ".join(columns), " + ".join(key), f"must be in column {names} of {file}", fixes[key])


def _lacking(columns: list[str], needed: list[tuple], there: set[tuple], file: str) -> list[Problem]:
    """The rows that the code looks up and that are not there."""
    problems = []
    spare = [" + ".join(key) for key in there - set(needed)]
    for key in needed:
        if key not in there:
            value = " + ".join(cell or "(empty)" for cell in key)
            near = _nearest(value, spare) if len(problems) < 20 else ""
            fix = f"{near}Restore that row, or change the code that looks it up and take it off needs in {PACKAGE}"
            rule = "must be in a row, which helpers/ looks up by it"
            problems.append(Problem(file, None, ", ".join(columns), value, rule, fix))
    return problems


def _hold(rule: _Rule, values: dict[str, list], lines: list[int], doubtful: set[int | None], wrong: Callable) -> None:
    """Refuse rows that break a rule across columns, but for those with an unknown operand or a problem."""
    columns = [values[name] for name in rule.columns]
    for place, operands in enumerate(zip(*columns)):
        row = dict(zip(rule.columns, operands))
        if lines[place] in doubtful or any(row[n] is None for n in row.keys() - rule.may_be_empty):
            continue
        try:
            holds = eval(rule.code, {"__builtins__": {}, **_FUNCTIONS}, row)  # its parts were checked on reading
            said = rule.message
        except (TypeError, ArithmeticError) as error:
            holds, said = False, f"must make sense for rule {rule.name} ({error})"
        if not holds:
            told = ", ".join(f"{name} = {'empty' if value is None else value}" for name, value in row.items())
            wrong(place, ", ".join(rule.columns), told, said, f"Correct the row (rule {rule.name} in {PACKAGE})")


def _load(package: _Package, table: _Table) -> tuple[pd.DataFrame | None, list[Problem]]:
    paths = [
        package.folder / PACKAGE,
        *(package.path(name) for name in sorted({table.name} | table.referred())),
    ]
    stamp = (table.name, *map(_stamp, paths))
    return _remembered(_checked, package.path(table.name), stamp, _check, package, table)


# For everybody


def tables(folder: str | Path = DATA) -> pd.DataFrame:
    """Every table by name, with title, description, number of columns, and path in the data folder.

    Reads datapackage.json only. Raises DataError if that is broken.
    """
    package = _package(folder)
    rows = [(t.name, t.title, t.description, len(t.fields), t.path) for t in package.tables.values()]
    return pd.DataFrame(rows, columns=["name", "title", "description", "columns", "path"]).set_index("name")


def describe(name: str, folder: str | Path = DATA) -> pd.DataFrame:
    """The columns of a table: type, unit, the values allowed, the table referred to, and the meaning.

    Raises DataError for an unknown name or a broken datapackage.json.
    """
    table = _table(_package(folder), name)
    refers = {
        here: f"{other}.{there}" for pair, other, targets in table.foreign_keys for here, there in zip(pair, targets)
    }
    refers |= {f.name: "list of " + ".".join(f.list_of) for f in table.fields if f.list_of}
    rows = [(f.name, f.type, f.unit, f.values, refers.get(f.name, ""), f.description or f.title) for f in table.fields]
    return pd.DataFrame(rows, columns=["column", "type", "unit", "values", "refers_to", "meaning"]).set_index("column")


def load(name: str, folder: str | Path = DATA) -> pd.DataFrame:
    """A table, validated against datapackage.json and typed; a copy of its own at every call.

    Text is `string`, listed values are Categorical (ordered where their order is given), dates are
    datetime64, whole numbers Int64, other numbers float64, true and false bool (boolean where cells may be
    empty); an empty cell is missing. Units are in `describe(name)`.
    Raises DataError with every problem of the table, its keys included.
    """
    package = _package(folder)
    frame, problems = _load(package, _table(package, name))
    if problems:
        raise DataError(problems)
    return frame.copy()


def load_own(path: str | Path, name: str, example: str = "", folder: str | Path = DATA) -> pd.DataFrame:
    """A reader's CSV in the layout of a table, checked by the rules of that table and typed like it.

    Sources may be the reader's own words, since they are in no list here; rows that the code looks up need not be
    there. A row whose note begins with `example` is refused: it is that of a template.
    Raises DataError with every problem of the file.
    """
    package = _package(folder)
    table = _table(package, name)
    free = ("source_id", "other_source_ids")
    fields = [replace(f, list_of=None, pattern=None) if f.name in free else f for f in table.fields]
    keys = [key for key in table.foreign_keys if key[1] != "sources"]
    path = Path(path)
    text = _read_csv(path, path.name)
    if example and "note" in text.header:
        column = text.header.index("note")
        rule, fix = "must be a figure of yours: this is the example of the template", "Write over the row, or delete it"
        for row, line in zip(text.rows, text.lines):
            if row[column].startswith(example):
                text.problems.append(Problem(path.name, line, "note", row[column], rule, fix))
    frame, problems = _check(package, replace(table, fields=fields, foreign_keys=keys, needs=[]), (path.name, text))
    if problems:
        # What a maintainer may add to our tables is not the reader's to add.
        raise DataError([replace(problem, fix=problem.fix.partition(", or add it to")[0]) for problem in problems])
    return frame


def comparable(*names: str, folder: str | Path = DATA) -> list[Comparable]:
    """What datapackage.json says of the figures of these tables: which may stand together, and why.

    Raises DataError for an unknown name.
    """
    package = _package(folder)
    return [rule for name in names for rule in _table(package, name).comparable]


def sources_of(*frames: pd.DataFrame, folder: str | Path = DATA) -> pd.DataFrame:
    """The rows of `sources` behind some tables: all ids in their columns named ...source_id or ...source_ids.

    Raises ValueError for a table without such a column and for an id that `sources` does not have.
    """
    ids: set[str] = set()
    for number, frame in enumerate(frames, 1):
        columns = [name for name in frame.columns if re.search(r"(^|_)source_ids?$", str(name))]
        if not columns:
            raise ValueError(f"Table {number} has no column of source ids: keep source_id through the analysis.")
        for name in columns:
            ids.update(*(str(cell).split() for cell in frame[name].dropna().unique()))
    sources = load("sources", folder)
    if unknown := ids - set(sources["source_id"]):
        raise ValueError(f"Not in sources: {_listing(sorted(unknown))}.")
    return sources[sources["source_id"].isin(ids)].reset_index(drop=True)


def _check_all(folder: str | Path) -> Iterator[tuple[_Table, pd.DataFrame | None, list[Problem]]]:
    package = _package(folder)
    for table in package.tables.values():
        yield table, *_load(package, table)


def check(folder: str | Path = DATA) -> dict[str, pd.DataFrame]:
    """Every table by name. Raises DataError with the problems of all of them, unlisted CSV files included."""
    frames, problems = {}, []
    for table, frame, found in _check_all(folder):
        frames[table.name] = frame
        problems += found
    folder = Path(folder).resolve()
    listed = {table.path for table in _package(folder).tables.values()}
    for path in sorted(folder.rglob("*.csv")):
        name = path.relative_to(folder).as_posix()
        # Hidden folders hold the checkpoints of an editor.
        if name not in listed and not re.search(r"(^|/)\.", name):
            rule = f"must be described in {PACKAGE}: no table has this file"
            problems.append(Problem(f"{folder.name}/{name}", None, None, None, rule, "Describe or delete it"))
    if problems:
        raise DataError(problems)
    return {name: frame.copy() for name, frame in frames.items()}


def main(arguments: list[str]) -> int:
    """Check every table of a folder (data/ by default) and say so line by line; 1 if there is a problem."""
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="backslashreplace")
    folder = arguments[0] if arguments else DATA
    try:
        for table, frame, problems in _check_all(folder):
            verdict = _count(len(problems), "problem") if problems else f"ok, {_count(len(frame), 'row')}"
            print(f"{table.name:28} {table.path:50} {verdict}")
        check(folder)
        for line in write_clean(folder):
            print(line)
    except DataError as error:
        print(f"\n{error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    stopping.run(lambda: main(sys.argv[1:]), "The data are as they were.")
