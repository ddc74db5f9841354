"""Readers for files of the Ministry of Justice that a reader downloads: strict, and all or nothing.

Each reader checks the file, its sheets, headers, numbers and years, and raises one OfficialFileError that
lists everything wrong by sheet and cell. A figure that is not given (`*`, `[c]`, `[x]`, ...) becomes unknown, and
what the shorthand says of a figure or label stands in a column of its own, `<column>_remark` (SHORTHAND lists it; empty
where nothing is said). Workbooks may be XLSX or ODS, may have notes between their title and their header, and footnote
marks in headers and labels. Nothing is guessed, and nothing of a file with a fault is returned.
"""

from __future__ import annotations

import csv
import io
import re
import unicodedata
import zipfile
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from helpers.data import DATA, DataError

FOLDER = DATA / "official"
MOST_BYTES = 100_000_000
MOST_UNPACKED = 400_000_000
MOST_PROBLEMS = 50
MOST_ROWS_ABOVE = 20

# The symbols for tables of the Government Analysis Function, and those of older releases.
SHORTHAND = {
    "*": "suppressed or too small",
    "..": "not available",
    ":": "not available",
    "-": "nil or not applicable",
    "[c]": "suppressed as confidential",
    "[x]": "not available",
    "[z]": "not applicable",
    "[low]": "rounds to zero but is not zero",
    "[w]": "no trading or none recorded",
    "[u]": "low reliability",
    "[p]": "provisional",
    "[r]": "revised",
    "[e]": "estimated",
}
# These may stand beside a figure; the others stand for one.
QUALIFIERS = {"[u]", "[p]", "[r]", "[e]"}
DASHES = str.maketrans(dict.fromkeys("\N{HYPHEN}\N{NON-BREAKING HYPHEN}\N{EN DASH}\N{EM DASH}\N{MINUS SIGN}", "-"))
NOTE = r"\[notes? ?[0-9]+[a-z]?(?:(?:, ?| and | ?& ?| to | ?[-\N{EN DASH}] ?)[0-9]+[a-z]?)*\]"
BRACKETS = r"\[[^\[\]]+\]"
FIGURE = r"(?:[0-9]{1,3}(?:,[0-9]{3})+|[0-9]+)(?:\.[0-9]+)?"
SUPERSCRIPT = r"[\u00b9\u00b2\u00b3\u2070\u2074-\u2079]+"
FOOTNOTE = rf"(?:{NOTE}|\([0-9]{{1,2}}\)|{SUPERSCRIPT})"

MONTHS = {month: number for number, month in enumerate(
    ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"], 1)}  # fmt: skip


@dataclass(frozen=True)
class OfficialFile:
    """One file that a reader can download: its name, what it is, where it is and what to do with it."""

    kind: str
    name: str
    names: str
    title: str
    address: str
    unpack: str = ""


OFFICIAL_FILES = {
    file.kind: file
    for file in (
        OfficialFile(
            "interim_results",
            "crc-nps-interim-results-tables-jan17.xlsx",
            "*interim-results-tables*.xlsx",
            "Interim results for the payment-by-results cohorts, January 2017",
            "https://www.gov.uk/government/uploads/system/uploads/attachment_data/file/585910/"
            "crc-nps-interim-results-tables-jan17.xlsx",
        ),
        OfficialFile(
            "data_tool",
            "PRSQ_overall_data_tool_apr12_mar24.xlsx",
            "PRSQ_overall_data_tool*.xlsx",
            "Proven reoffending overall data tool, April 2012 to March 2024",
            "https://assets.publishing.service.gov.uk/media/69777877f909df76c5e71f1e/"
            "PRSQ_overall_data_tool_apr12_mar24.xlsx",
        ),
        OfficialFile(
            "overview",
            "proven_re-offending_overview_apr13-mar14.csv",
            "proven_re-offending_overview*.csv",
            "Proven reoffending overview, April 2013 to March 2014",
            "https://www.gov.uk/government/uploads/system/uploads/attachment_data/file/495646/CSVs.zip",
            "unpack the zip file and take this one out of it",
        ),
    )
}

ODS = b"application/vnd.oasis.opendocument.spreadsheet"
ODS_TAG = re.compile(
    rb"<!--.*?(?:-->|\Z)|<!\[CDATA\[.*?(?:\]\]>|\Z)"
    rb"|<table:(table|table-row|(?:covered-)?table-cell)(?=[\s/>])(?:[^<>\"']|\"[^\"]*\"|'[^']*')*>(</table:)?",
    re.DOTALL,
)
PASSWORD = ("a workbook with a password", "one without: save it without the password in a spreadsheet program")

INTERIM_SHEETS = {
    2: ("Oct-Dec 2015", "2015-10-01", "2015-12-31"),
    4: ("Jan-Mar 2016", "2016-01-01", "2016-03-31"),
}
INTERIM_HEADER = 3
INTERIM_COLUMNS = {
    "CRC name": "name",
    "Number of offenders in the eligible cohort": "eligible_offenders",
    "Number of offenders in the measurable cohort": "offenders",
    "Number of reoffenders": "reoffenders",
    "Number of reoffences": "reoffences",
    "Proportion of offenders who reoffend (%)": "binary_rate",
    "Average number of reoffences per reoffender": "frequency_rate",
}
COUNTS = ["offenders", "reoffenders", "reoffences"]
DATA_TOOL_COLUMNS = ["adult_child", "cohort", "region", "category", "subcat1", "subcat2", *COUNTS]
OVERVIEW_COLUMNS = ["cohort", "adult_juvenile", "category", "subcategory1", "subcategory2", *COUNTS]


# What is wrong


@dataclass(frozen=True)
class OfficialProblem:
    """One thing wrong with an official file: where, what was found there and what was expected."""

    file: str
    sheet: str | None
    cell: str | None
    found: str | None
    expected: str

    def __str__(self) -> str:
        where = [f"sheet {self.sheet!r}"] if self.sheet else []
        where += [f"cell {self.cell}" if self.sheet else self.cell] if self.cell else []
        found = "" if self.found is None else f"found {self.found}, "
        return f"{', '.join(where)}{': ' if where else ''}{found}expected {self.expected}."


class OfficialFileError(DataError):
    """Everything that is wrong with an official file; nothing of it was used. .problems lists it."""

    def __str__(self) -> str:
        file = self.problems[0].file
        lines = [f"{file}: {len(self.problems)} problem{'s' * (len(self.problems) > 1)}; nothing of it was used."]
        lines += [f"  {problem}" for problem in self.problems[:MOST_PROBLEMS]]
        if len(self.problems) > MOST_PROBLEMS:
            lines.append(f"  ... and {len(self.problems) - MOST_PROBLEMS} more (all are in the error's .problems)")
        return "\n".join(lines)

    def _render_traceback_(self) -> list[str]:
        return f"OfficialFileError: {self}".split("\n")


# Where files are


def find_official_file(kind: str, folder: Path | str = FOLDER) -> Path | None:
    """The downloaded file of a kind (interim_results, data_tool, overview), or None: see where_to_get.

    A file under the published name comes first, else one of the same series. Raises OfficialFileError where
    several of the series are there and none has the published name.
    """
    file = OFFICIAL_FILES[kind]
    published = Path(folder) / file.name
    if published.is_file():
        return published
    patterns = {file.names, file.names.replace(".xlsx", ".ods")}
    found = sorted(path for pattern in patterns for path in Path(folder).glob(pattern) if path.is_file())
    if len(found) > 1:
        names = ", ".join(path.name for path in found)
        raise OfficialFileError([OfficialProblem("data/official", None, None, names, f"one file, or {file.name}")])
    return found[0] if found else None


def where_to_get(kind: str) -> str:
    """Which file to download, from where, and where to put it."""
    file = OFFICIAL_FILES[kind]
    unpack = f"{file.unpack}, then " if file.unpack else ""
    return (
        f"{file.title}: this file is not here. Download it from {file.address}, {unpack}"
        f"put it into data/official/ as {file.name}, and run this cell again. Git ignores that folder."
    )


def official_files(folder: Path | str = FOLDER) -> pd.DataFrame:
    """Every official file that can be read here: kind, title, file, found (yes or no), address."""
    return pd.DataFrame(
        {
            "kind": file.kind,
            "title": file.title,
            "file": file.name,
            "found": "yes" if find_official_file(file.kind, folder) else "no",
            "address": file.address,
        }
        for file in OFFICIAL_FILES.values()
    )


# Readers


def read_interim_results(
    path: Path | str, other_names: pd.DataFrame | None = None, providers: pd.DataFrame | None = None
) -> pd.DataFrame:
    """Interim payment-by-results figures of the 21 CRCs, one row a CRC and cohort.

    The cohorts are Oct-Dec 2015 and Jan-Mar 2016. other_names and providers are those tables of data/ (loaded where
    not given).
    Columns: provider_id, name (as printed), cohort, date, date_end, status (interim), eligible_offenders,
    offenders (measurable cohort), reoffenders, reoffences, binary_rate (percent, as printed), frequency_rate
    (reoffences per reoffender, as printed), sheet, row; and name_remark and a remark for each figure, such as
    reoffenders_remark. Unknown where the file gives no figure.
    Raises OfficialFileError. Layout: sheets 2 and 4, header in row 3 or, below further notes, after it.
    """
    path = Path(path)
    known = _crc_names(other_names, providers)
    book = _open_workbook(path)
    if len(book.sheet_names) < max(INTERIM_SHEETS):
        _refuse(path, None, None, f"{len(book.sheet_names)} sheets ({', '.join(book.sheet_names)})",
                "at least 4 sheets: CRCs are on sheets 2 and 4")  # fmt: skip
    problems: list[OfficialProblem] = []
    tables = [
        _interim_sheet(path.name, book, book.sheet_names[number - 1], *cohort, known, problems)
        for number, cohort in INTERIM_SHEETS.items()
    ]
    _raise_all(problems)
    return pd.concat(tables, ignore_index=True)


def read_data_tool(path: Path | str) -> pd.DataFrame:
    """The proven reoffending data tool, one row a breakdown and yearly cohort (about 200,000 rows).

    Columns: adult_child, cohort, region, category, subcat1, subcat2, date, date_end, offenders, reoffenders,
    reoffences (whole numbers, unknown where not given), a remark for each label and figure (such as cohort_remark),
    row (of the sheet Data).
    Raises OfficialFileError; the cohorts must be the years that the file name gives (apr12_mar24).
    """
    path = Path(path)
    book = _open_workbook(path)
    if "Data" not in book.sheet_names:
        _refuse(path, None, None, f"sheets {', '.join(map(repr, book.sheet_names))}", "a sheet named 'Data'")
    rows = _sheet_rows(path, book, "Data")
    problems: list[OfficialProblem] = []
    header = _find_header(rows, DATA_TOOL_COLUMNS, 1)
    _check_header(path.name, "Data", rows[header - 1] if rows else [], header, DATA_TOOL_COLUMNS, problems)
    _raise_all(problems)
    table = pd.DataFrame(rows[header:], columns=DATA_TOOL_COLUMNS + [None] * (len(rows[0]) - len(DATA_TOOL_COLUMNS)))
    table = _counted_rows(path.name, "Data", table[DATA_TOOL_COLUMNS], problems, header + 1)
    _check_years(path.name, "Data", table, _years_of_name(path.name, OFFICIAL_FILES["data_tool"].name), "B", problems)
    _raise_all(problems)
    return table


def read_overview(path: Path | str) -> pd.DataFrame:
    """The overview CSV of the older measure, one row a breakdown and cohort.

    Columns: cohort, adult_juvenile, category, subcategory1, subcategory2, date, date_end, offenders, reoffenders,
    reoffences (whole numbers, unknown where not given), a remark for each label and figure (such as cohort_remark),
    row (line of the file).
    Raises OfficialFileError; the last cohort must end in the year that the file name gives (apr13-mar14).
    """
    path = Path(path)
    text = _read_text(path)
    problems: list[OfficialProblem] = []
    try:
        rows = list(csv.reader(io.StringIO(text), strict=True))
    except csv.Error as error:
        _refuse(path, None, None, f"text that is not CSV ({error})", "comma-separated values")
    _check_header(path.name, None, rows[0] if rows else [], 1, OVERVIEW_COLUMNS, problems)
    width = len(OVERVIEW_COLUMNS)
    for number, row in enumerate(rows[1:], 2):
        if row and len(row) != width:
            problems.append(OfficialProblem(path.name, None, f"line {number}", f"{len(row)} values", f"{width} values"))
    _raise_all(problems)
    table = pd.DataFrame([row or [""] * width for row in rows[1:]], columns=OVERVIEW_COLUMNS)
    for column in COUNTS:
        digits = table[column].str.fullmatch(r"\s*\d+\s*")
        table[column] = table[column].astype(object).where(~digits, pd.to_numeric(table[column].where(digits)))
    table = _counted_rows(path.name, None, table, problems)
    last_year = _years_of_name(path.name, OFFICIAL_FILES["overview"].name)[1]
    _check_years(path.name, None, table, (None, last_year), "A", problems)
    _raise_all(problems)
    return table


def headline(data_tool: pd.DataFrame, region: str = "England and Wales") -> pd.DataFrame:
    """Yearly totals of the data tool for a region, adults and children apart and together.

    Columns: population (all, adult, juvenile), cohort, date, date_end, offenders, reoffenders, reoffences,
    a remark for each count, binary_rate (percent), frequency_rate (reoffences per reoffender),
    reoffences_per_offender.
    Raises ValueError where the region has no totals.
    """
    rows = data_tool[(data_tool["category"] == "Total") & (data_tool["region"] == region)]
    if rows.empty:
        raise ValueError(f"no totals for {region!r}; regions are {sorted(data_tool['region'].unique())}")
    words = {"adult": "adult", "child": "juvenile", "juvenile": "juvenile"}
    split = rows.assign(population=rows["adult_child"].astype(str).str.lower().map(words))
    if split["population"].isna().any():
        raise ValueError(f"adult_child holds {sorted(rows['adult_child'].astype(str).unique())}, not Adult and Child")
    both = pd.concat([rows.assign(population="all"), split], ignore_index=True)
    # A sum with an unknown part is unknown.
    sums = dict.fromkeys(COUNTS, lambda counts: counts.sum(skipna=False))
    remarks = dict.fromkeys([f"{count}_remark" for count in COUNTS], join_remarks)
    totals = both.groupby(["population", "cohort", "date", "date_end"], observed=True).agg(sums | remarks)
    totals = totals.reset_index().sort_values(["population", "date"], ignore_index=True)
    return totals.assign(
        binary_rate=100 * totals["reoffenders"] / totals["offenders"],
        frequency_rate=totals["reoffences"] / totals["reoffenders"],
        reoffences_per_offender=totals["reoffences"] / totals["offenders"],
    )


# Files and workbooks


def _refuse(path: Path, sheet: str | None, cell: str | None, found: str | None, expected: str) -> None:
    raise OfficialFileError([OfficialProblem(path.name, sheet, cell, found, expected)])


def _raise_all(problems: Sequence[OfficialProblem]) -> None:
    if problems:
        raise OfficialFileError(problems)


def _read_bytes(path: Path) -> bytes:
    try:
        size = path.stat().st_size
        if size > MOST_BYTES:
            _refuse(path, None, None, f"{size:,} bytes", f"at most {MOST_BYTES:,} bytes")
        return path.read_bytes()
    except OSError as error:
        _refuse(path, None, None, f"a file that cannot be read ({error.strerror})", "a readable file")


def _read_text(path: Path) -> str:
    raw = _read_bytes(path)
    if raw[:2] == b"PK":
        _refuse(path, None, None, "a zip file or workbook", "a CSV text file")
    # Files of those years come in UTF-8 or in the code page of Excel for Windows.
    for encoding in ("utf-8-sig", "cp1252"):
        try:
            text = raw.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
    _refuse(path, None, None, "bytes that are no text", "a CSV text file in UTF-8 or Windows-1252")


def _open_workbook(path: Path):
    """The workbook, after everything about the container was checked."""
    raw = _read_bytes(path)
    expected = "an Excel workbook (.xlsx) or an OpenDocument spreadsheet (.ods)"
    if raw[:8] == b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1":
        if "EncryptedPackage".encode("utf-16-le") in raw:
            _refuse(path, None, None, *PASSWORD)
        _refuse(path, None, None, "a workbook in the old .xls format", expected)
    if raw.lstrip()[:1] == b"<":
        _refuse(path, None, None, "a web page or XML", f"{expected}; the download may have failed")
    if raw[:2] != b"PK":
        _refuse(path, None, None, "nothing at all" if not raw else "something else", expected)
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            unpacked = sum(member.file_size for member in archive.infolist())
            if unpacked > MOST_UNPACKED:
                _refuse(path, None, None, f"{unpacked:,} bytes once unpacked", f"at most {MOST_UNPACKED:,}")
            names = set(archive.namelist())
            if "mimetype" in names and archive.read("mimetype").strip() == ODS:
                if b"encryption-data" in archive.read("META-INF/manifest.xml"):
                    _refuse(path, None, None, *PASSWORD)
            elif "xl/workbook.xml" not in names:
                _refuse(path, None, None, "a zip file of another kind", expected)
            # Reading every member finds damage, and a size in the directory that is not true.
            for name in names:
                content = archive.read(name)
                is_sheet = name.startswith("xl/worksheets/")
                if far := _far_cell(content) if is_sheet else name == "content.xml" and _far_ods_cell(content):
                    _refuse(path, None, None, f"{far} in {name}", "a sheet of ordinary size")
    except OfficialFileError:
        raise
    except (zipfile.BadZipFile, zlib.error, EOFError, KeyError, NotImplementedError, RuntimeError, ValueError) as error:
        _refuse(path, None, None, f"a damaged or incomplete file ({error})", "a whole file; download it again")
    return _calamine(path, lambda calamine: calamine.CalamineWorkbook.from_filelike(io.BytesIO(raw)))


def _far_cell(sheet: bytes) -> str | None:
    """A cell so far out that reading the sheet would fill the memory with empty cells."""
    if found := re.search(rb'r="([A-Z]{3}\d+|[A-Z]{0,3}\d{7,})"', sheet):
        return f"{'row' if found[1].isdigit() else 'cell'} {found[1].decode()}"
    wide, tall = re.search(rb'r="([A-Z]{2}\d+)"', sheet), re.search(rb'r="[A-Z]*([2-9]\d{4}|\d{6})"', sheet)
    return f"cell {wide[1].decode()} and row {tall[1].decode()}" if wide and tall else None


def _far_ods_cell(content: bytes) -> str | None:
    """The same of an ODS file, where one cell can stand for a million by its repeat count."""
    row = column = rows = columns = repeat = 0
    # Only filled cells count: empty ones repeat to the end of a sheet, and are not read.
    for tag in re.finditer(ODS_TAG, content):
        times = re.search(rb"number-(?:rows|columns)-repeated\s*=\s*[\"'](\d+)", tag[0])
        times = int(times[1]) if times else 1
        if tag[1] == b"table":
            row = rows = columns = repeat = 0
        elif tag[1] == b"table-row":
            row, column, repeat = row + repeat, 0, times
        elif tag[1]:
            column += times
            if b"value" in tag[0] or not (tag[2] or tag[0].endswith(b"/>")):
                rows, columns = max(rows, row + repeat), max(columns, column)
        if rows >= 1_000_000 or columns > 702 or (columns > 26 and rows >= 20_000):
            return f"cell {_address(columns - 1, rows)}"
    return None


def _sheet_rows(path: Path, book, sheet: str) -> list[list]:
    return _calamine(path, lambda _: book.get_sheet_by_name(sheet).to_python(skip_empty_area=False), sheet)


def _calamine(path: Path, act, sheet: str | None = None):
    try:
        import python_calamine
    except ImportError as error:
        raise ImportError("reading official workbooks needs python-calamine: pip install python-calamine") from error
    try:
        return act(python_calamine)
    except (python_calamine.CalamineError, OSError, ValueError) as error:
        _refuse(path, sheet, None, f"a workbook that cannot be read ({error})", "a workbook as published")


def _address(column: int, row: int) -> str:
    letters = ""
    while column >= 0:
        column, rest = divmod(column, 26)
        letters, column = chr(65 + rest) + letters, column - 1
    return f"{letters}{row}"


def _plain(value: object) -> str:
    """A header or name on one line, without line breaks (Excel may write them as _x000D_)."""
    return " ".join(str(value).replace("_x000D_", " ").split())


def _said(value: object) -> str:
    if value is None or value == "":
        return "an empty cell"
    text = repr(value) if isinstance(value, str) else str(value)
    return text if len(text) <= 60 else f"{text[:60]}..."


# Shorthand


def _read_shorthand(text: str) -> tuple[float, str] | None:
    """Figure (NaN where it is not given) and remark of a cell such as '1,234 [p]', '[c]' or '..'; None if not known."""
    text = _plain(text).lower().translate(DASHES)
    found = re.fullmatch(rf"(\*|\.\.|:|-|{FIGURE})? ?((?:{BRACKETS} ?)*)", text)
    if not found:
        return None
    printed, marks = found[1] or "", re.findall(BRACKETS, found[2])
    is_figure = printed[:1].isdigit()
    remarks = [] if is_figure or not printed else [SHORTHAND[printed]]
    remarks += [remark for mark in marks if (remark := _remark(mark))]
    # A figure and a mark that stands for one, or two of these, contradict each other.
    instead = [mark for mark in marks if mark in SHORTHAND and mark not in QUALIFIERS]
    if not remarks or len(remarks) < len(marks) or len(instead) + bool(printed) > 1:
        return None
    return float(printed.replace(",", "")) if is_figure else np.nan, join_remarks(remarks)


def _remark(mark: str) -> str:
    """What a mark in brackets or a footnote mark says, or nothing where it is not known."""
    mark = mark.lower()
    if re.fullmatch(NOTE, mark):
        return mark[1:-1]
    if re.fullmatch(FOOTNOTE, mark):
        return f"note {unicodedata.normalize('NFKC', mark).strip('()')}"
    return SHORTHAND.get(mark, "")


def join_remarks(remarks: Iterable[str]) -> str:
    """Several remarks as one, each said once: 'provisional; note 1'."""
    return "; ".join(dict.fromkeys(part for remark in remarks if remark for part in remark.split("; ")))


def _read_label(text: str) -> tuple[str, str]:
    """A label without the marks at its end, and what they say."""
    remarks: list[str] = []
    while found := re.search(rf"\s*({BRACKETS}|{FOOTNOTE})$", text):
        if not (remark := _remark(found[1])):
            break
        text, remarks = text[: found.start()], [remark, *remarks]
    return text, join_remarks(remarks)


def _find_header(rows: Sequence[Sequence], expected: Sequence[str], published: int) -> int:
    """Number of the row that most looks like the header, or the one it is published in."""
    alike = {
        number: sum(_is_header(_plain(value), name) for value, name in zip(rows[number - 1], expected, strict=False))
        for number in range(published, min(published + MOST_ROWS_ABOVE, len(rows)) + 1)
    }
    best = max(alike, key=alike.get, default=published)
    return best if alike.get(best, 0) * 2 > len(expected) else published


def _is_header(found: str, expected: str) -> bool:
    if found == expected:
        return True
    bare = re.sub(rf" ?{FOOTNOTE}", "", found, flags=re.IGNORECASE)
    # A superscript that is only formatted so arrives as a digit at the end of a word.
    return expected in (bare, re.sub(r"(?<=[a-z)])[0-9]{1,2}(?= |$)", "", bare))


# Checks


def _check_header(
    file: str, sheet: str | None, row: Sequence, number: int, expected: Sequence[str], problems: list
) -> None:
    found = [_plain(value) for value in row]
    for index, name in enumerate(expected):
        value = found[index] if index < len(found) else ""
        if not _is_header(value, name):
            problems.append(OfficialProblem(file, sheet, _address(index, number), _said(value), f"the header {name!r}"))
    for index, value in enumerate(found[len(expected) :], len(expected)):
        if value:
            problems.append(
                OfficialProblem(file, sheet, _address(index, number), _said(value), f"only {len(expected)} columns")
            )


def _numbers(
    file: str,
    sheet: str | None,
    values: pd.Series,
    column: int,
    rows: pd.Series,
    problems: list,
    whole: bool = True,
) -> tuple[pd.Series, pd.Series]:
    """A column as numbers, unknown where shorthand stands for one, and its remarks; anything else is a problem."""
    texts = {value for value in values if isinstance(value, str)}
    read = {text: said for text in texts if (said := _read_shorthand(text))}
    typed = values.map(lambda value: isinstance(value, (int, float)) and not isinstance(value, bool))
    number = pd.to_numeric(values.where(typed), errors="coerce").astype(float)
    number = number.fillna(values.map({text: figure for text, (figure, _) in read.items()}).astype(float))
    remarks = values.map({text: remark for text, (_, remark) in read.items()}).astype(object).fillna("")
    not_given = number.isna() & values.isin(read.keys())
    good = number.ge(0) & np.isfinite(number)
    if whole:
        good &= number.eq(number.round())
    what = "a whole number, not negative" if whole else "a number, not negative"
    wrong = values.index[~(good | not_given)]
    for index in wrong:
        cell = _address(column, rows[index])
        problems.append(
            OfficialProblem(file, sheet, cell, _said(values[index]), f"{what}, or shorthand such as * or [c]")
        )
    return number.astype("Int64") if whole and wrong.empty else number, remarks.astype("category")


def _counted_rows(
    file: str, sheet: str | None, table: pd.DataFrame, problems: list, first_row: int = 2
) -> pd.DataFrame:
    """Breakdown rows with checked labels and counts, cohort dates and row numbers; trailing empty rows dropped."""
    columns = list(table.columns)
    rows = pd.Series(np.arange(first_row, len(table) + first_row), index=table.index)
    filled = (table.ne("") & table.notna()).any(axis=1)
    last = filled[::-1].idxmax() if filled.any() else -1
    table, rows = table.loc[:last], rows.loc[:last]
    if table.empty:
        problems.append(OfficialProblem(file, sheet, f"A{first_row}", "no rows", "at least one row below the header"))
        _raise_all(problems)
    texts = [column for column in columns if column not in COUNTS]
    checked, remarks = {}, {}
    for index, column in enumerate(columns):
        remark = f"{column}_remark"
        if column in COUNTS:
            checked[column], remarks[remark] = _numbers(file, sheet, table[column], index, rows, problems)
            continue
        checked[column], remarks[remark] = _labels(table[column])
        if column in ("cohort", "category", texts[0], texts[1]):
            for at in table.index[checked[column] == ""]:
                cell = _address(index, rows[at])
                problems.append(OfficialProblem(file, sheet, cell, _said(table.loc[at, column]), f"a {column}"))
    _raise_all(problems)
    checked = pd.DataFrame(checked)
    for larger, smaller in (("offenders", "reoffenders"), ("reoffences", "reoffenders")):
        wrong = (checked[smaller] > checked[larger]).fillna(False).astype(bool)
        for at in checked.index[wrong]:
            cell, expected = _address(columns.index(smaller), rows[at]), f"{smaller} to be no more than {larger}"
            found, most = str(checked.loc[at, smaller]), checked.loc[at, larger]
            problems.append(OfficialProblem(file, sheet, cell, found, f"{expected} ({most})"))
    dates = _dates_of_rows(file, sheet, checked["cohort"], _address(columns.index("cohort"), 0)[:-1], rows, problems)
    return checked[texts].assign(**dates, **checked[COUNTS], **remarks, row=rows)


def _labels(values: pd.Series) -> tuple[pd.Series, pd.Series]:
    """A column of labels without the marks at their ends, and the remarks that these stand for."""
    texts = values.fillna("").astype(str).str.strip()
    read = {text: _read_label(text) for text in texts.unique()}
    label, remark = (texts.map({text: pair[part] for text, pair in read.items()}) for part in (0, 1))
    return label.astype("category"), remark.astype("category")


def _dates_of_rows(
    file: str, sheet: str | None, cohorts: pd.Series, letter: str, rows: pd.Series, problems: list
) -> dict[str, pd.Series]:
    """First and last day of each row's cohort, as date and date_end; raises where one is not understood."""
    dates = {cohort: _cohort_dates(cohort) for cohort in cohorts.cat.categories}
    for cohort in (cohort for cohort, ends in dates.items() if ends is None):
        cell = f"{letter}{rows[cohorts.index[cohorts == cohort][0]]}"
        problems.append(OfficialProblem(file, sheet, cell, _said(cohort), "a cohort such as 'Apr 2012 to Mar 2013'"))
    _raise_all(problems)
    days = ({cohort: ends[end] for cohort, ends in dates.items()} for end in (0, 1))
    starts, ends = (pd.to_datetime(cohorts.astype(object).map(of)) for of in days)
    return {"date": starts, "date_end": ends}


def _cohort_dates(cohort: str) -> tuple[pd.Timestamp | None, pd.Timestamp] | None:
    """First and last day of 'Apr 2012 to Mar 2013', 'Jan-Dec 2003' or the like; None for anything else."""
    found = re.fullmatch(r"([A-Za-z]{3})[a-z]*\W*(\d{4}|\d{2})?(?:\W|to)+([A-Za-z]{3})[a-z]*\W*(\d{4})", cohort.strip())
    if not found:
        return None
    first, last = (MONTHS.get(found[group].lower()) for group in (1, 3))
    if not first or not last:
        return None
    end_year = int(found[4])
    start_year = int(found[2]) if found[2] else end_year - (first > last)
    start_year += 2000 if start_year < 100 else 0
    start = pd.Timestamp(start_year, first, 1)
    end = pd.Timestamp(end_year, last, 1) + pd.offsets.MonthEnd(0)
    return (start, end) if start < end else None


def _years_of_name(name: str, published: str) -> tuple[int, int]:
    """First and last year of a name such as ..._apr12_mar24.xlsx, else those of the published name."""
    pattern = r"apr(\d\d)[_-]mar(\d\d)"
    found = re.search(pattern, name.lower()) or re.search(pattern, published.lower())
    return 2000 + int(found[1]), 2000 + int(found[2])


def _check_years(
    file: str,
    sheet: str | None,
    table: pd.DataFrame,
    years: tuple[int | None, int],
    letter: str,
    problems: list,
) -> None:
    first, last = years
    span = f"cohorts from April {first} to March {last}" if first else f"cohorts up to March {last}"
    outside = table["date_end"] > pd.Timestamp(last, 3, 31)
    if first:
        outside |= table["date"] < pd.Timestamp(first, 4, 1)
    for cohort, row in table[outside].groupby("cohort", observed=True)["row"].first().items():
        problems.append(OfficialProblem(file, sheet, f"{letter}{row}", _said(cohort), f"{span}, as the file is named"))
    missing = [] if not outside.all() else [span]
    if not missing and not (table["date_end"] == pd.Timestamp(last, 3, 31)).any():
        missing.append(f"a cohort that ends in March {last}, as the file is named")
    if not missing and first and not (table["date"] == pd.Timestamp(first, 4, 1)).any():
        missing.append(f"a cohort that begins in April {first}, as the file is named")
    if missing and not problems:
        cohorts = list(table["cohort"].cat.categories)
        problems.append(OfficialProblem(file, sheet, None, f"cohorts {cohorts[0]!r} to {cohorts[-1]!r}", missing[0]))


# The interim workbook


def _crc_names(other_names: pd.DataFrame | None, providers: pd.DataFrame | None) -> dict[str, str]:
    if other_names is None or providers is None:
        from helpers import data

        other_names = data.load("other_names") if other_names is None else other_names
        providers = data.load("providers") if providers is None else providers
    crcs = providers[providers["kind"] == "crc"]
    ids = set(crcs["provider_id"])
    names = {
        _key(name): crc
        for column in ("name", "short_name", "area_served")
        for name, crc in zip(crcs[column], crcs["provider_id"], strict=True)
        if isinstance(name, str)
    }
    known = other_names[other_names["provider_id"].isin(ids)]
    return names | {_key(name): crc for name, crc in zip(known["name"], known["provider_id"], strict=True)}


def _key(name: str) -> str:
    """A name with ampersand, commas, case and the word CRC taken out of account."""
    text = unicodedata.normalize("NFKC", _plain(name)).lower().replace("&", " and ")
    words = re.findall(r"[a-z0-9]+", text)
    return " ".join(words[:-1] if words[-1:] == ["crc"] else words)


def _interim_sheet(
    file: str, book, sheet: str, cohort: str, first: str, last: str, known: dict[str, str], problems: list
) -> pd.DataFrame:
    rows = _sheet_rows(Path(file), book, sheet)
    before = len(problems)
    number = _find_header(rows, list(INTERIM_COLUMNS), INTERIM_HEADER)
    _check_title(file, sheet, rows[: number - 1], cohort, first[:4], problems)
    _check_header(file, sheet, rows[number - 1] if len(rows) >= number else [], number, list(INTERIM_COLUMNS), problems)
    if len(problems) > before:
        return pd.DataFrame()
    names = list(INTERIM_COLUMNS.values())
    body = pd.DataFrame([row[: len(names)] for row in rows[number:]], columns=names, dtype=object)
    body["row"] = np.arange(number + 1, number + 1 + len(body))
    empty = body[names].isin(["", None])
    # Blank rows, and notes that fill the first cell alone, stand around the table.
    body = body[~empty.iloc[:, 1:].all(axis=1)].reset_index(drop=True)
    _match_crcs(file, sheet, body, known, problems)
    for index, column in enumerate(names[1:], 1):
        whole = index <= 4
        body[column], remarks = _numbers(file, sheet, body[column], index, body["row"], problems, whole)
        body[f"{column}_remark"] = remarks.astype(object)
    if len(problems) > before:
        return pd.DataFrame()
    _check_interim_counts(file, sheet, body, problems)
    ends = {
        "cohort": cohort,
        "date": pd.Timestamp(first),
        "date_end": pd.Timestamp(last),
        "status": "interim",
    }
    remarked = [f"{column}_remark" for column in names]
    return body.assign(**ends, sheet=sheet)[["provider_id", "name", *ends, *names[1:], *remarked, "sheet", "row"]]


def _match_crcs(file: str, sheet: str, body: pd.DataFrame, known: dict[str, str], problems: list) -> None:
    """Adds provider_id and name_remark, and takes the marks off the names; each of the 21 CRCs must be there once."""
    printed = body["name"].tolist()
    read = [_read_label(_plain(name)) for name in printed]
    for at, (name, remark) in enumerate(read):
        # A superscript that is only formatted so arrives as a digit at the end of the name.
        if (
            _key(name) not in known
            and (found := re.fullmatch(r"(.*[a-z)])([0-9]{1,2})", name))
            and _key(found[1]) in known
        ):
            read[at] = found[1], join_remarks([f"note {found[2]}", remark])
    body["name"], body["name_remark"] = [name for name, _ in read], [remark for _, remark in read]
    body.insert(0, "provider_id", body["name"].map(lambda name: known.get(_key(name))))
    twice = body["provider_id"].notna() & body["provider_id"].duplicated(keep=False)
    for wrong, expected in (
        (body["provider_id"].isna(), "the name of one of the 21 CRCs"),
        (twice, "each CRC once"),
    ):
        for at in body.index[wrong]:
            problems.append(OfficialProblem(file, sheet, f"A{body.loc[at, 'row']}", _said(printed[at]), expected))
    for missing in sorted(set(known.values()) - set(body["provider_id"].dropna())):
        problems.append(OfficialProblem(file, sheet, None, f"no row for {missing}", "all 21 CRCs"))


def _check_title(file: str, sheet: str, above: list, cohort: str, year: str, problems: list) -> None:
    """The years that the title or the sheet's name gives must include that of the cohort.

    The title is the first row above the header that names a year: what a note below it names counts for nothing.
    """
    cells = [
        [(_address(column, number), value) for column, value in enumerate(row)] for number, row in enumerate(above, 1)
    ]
    title = next((row for row in cells if any(_named_years(value) for _, value in row)), [])
    named = [(cell, value) for cell, value in [(None, sheet), *title] if _named_years(value)]
    if named and not any(year in _named_years(value) for _, value in named):
        cell, value = named[-1]
        problems.append(OfficialProblem(file, sheet, cell, _said(_plain(value)), f"the cohort {cohort}"))


def _named_years(value: object) -> set[str]:
    return set(re.findall(r"\b20\d\d\b", str(value)))


def _check_interim_counts(file: str, sheet: str, body: pd.DataFrame, problems: list) -> None:
    """Counts must fit each other and the printed rates, or the columns are not what they are taken for."""
    letters = dict(zip(INTERIM_COLUMNS.values(), "ABCDEFG", strict=True))
    numbers = body[[*COUNTS, "eligible_offenders", "binary_rate", "frequency_rate"]].astype(float)
    rate = 100 * numbers["reoffenders"] / numbers["offenders"]
    frequency = numbers["reoffences"] / numbers["reoffenders"]
    rules = [
        (
            "offenders",
            numbers["offenders"] > numbers["eligible_offenders"],
            "no more than the eligible cohort",
        ),
        ("reoffenders", numbers["reoffenders"] > numbers["offenders"], "no more than the measurable cohort"),
        ("reoffences", numbers["reoffences"] < numbers["reoffenders"], "at least one for each reoffender"),
        (
            "binary_rate",
            (numbers["binary_rate"] - rate).abs() > 0.5,
            "reoffenders over the measurable cohort, in percent",
        ),
        (
            "frequency_rate",
            (numbers["frequency_rate"] - frequency).abs() > 0.05,
            "reoffences over reoffenders",
        ),
    ]
    for column, wrong, expected in rules:
        for index in body.index[wrong]:
            value = body.loc[index, column]
            problems.append(
                OfficialProblem(file, sheet, f"{letters[column]}{body.loc[index, 'row']}", _said(value), expected)
            )
