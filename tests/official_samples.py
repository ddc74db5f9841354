"""Workbooks laid out like the Ministry's proven reoffending data tool, with invented numbers; and any as ODS."""

import zipfile
from html import escape
from pathlib import Path

import openpyxl

from helpers import official_files

TOOL = official_files.OFFICIAL_FILES["data_tool"].name


def tool_rows():
    rows = []
    for first in range(2012, 2024):
        cohort = f"Apr {first} to Mar {first + 1}"
        for group, offenders, reoffenders in (("Adult", 400_000, 120_000), ("Child", 40_000, 20_000)):
            total = ["England and Wales", "Total", "Total", "Total"]
            rows.append([group, cohort, *total, offenders + first, reoffenders, 400_000])
            rows.append([group, cohort, "London", "Index offence total", "Robbery", "", 50, "*", "*"])
    return rows


def tool_workbook(folder, rows=None, name=TOOL, sheet="Data", header=official_files.DATA_TOOL_COLUMNS):
    book = openpyxl.Workbook()
    book.active.title = "Notes"
    data_sheet = book.create_sheet(sheet)
    data_sheet.append(header)
    for row in tool_rows() if rows is None else rows:
        data_sheet.append(row)
    path = folder / name
    book.save(path)
    return path


def large_tool_workbook(folder: Path, count: int) -> Path:
    """`tool_rows` over and over until there are `count` of them."""
    # openpyxl would take a quarter of a minute to write 200,000.
    rows = tool_rows()
    cells = [
        "".join(
            f'<c r="{column}{{row}}"><v>{value}</v></c>'
            if isinstance(value, int)
            else f'<c r="{column}{{row}}" t="inlineStr"><is><t>{value}</t></is></c>'
            for column, value in zip("ABCDEFGHI", row, strict=True)
        )
        for row in rows
    ]
    body = "".join(f'<row r="{n}">{cells[(n - 2) % len(rows)].format(row=n)}</row>' for n in range(2, count + 2))
    small, path = tool_workbook(folder, name="small.xlsx"), folder / TOOL
    with zipfile.ZipFile(small) as source, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as target:
        for name in source.namelist():
            content = source.read(name)
            if name == "xl/worksheets/sheet2.xml":
                head, _ = content.decode().split('<row r="2"', 1)
                content = (head + body + "</sheetData></worksheet>").encode()
            target.writestr(name, content)
    return path


EMPTY = "<table:table-cell {}/>"


def ods_cell(value):
    if value is None:
        return EMPTY.format("")
    if isinstance(value, str):
        lines = "".join(f"<text:p>{escape(line)}</text:p>" for line in value.splitlines())
        return f'<table:table-cell office:value-type="string">{lines}</table:table-cell>'
    # The text is the figure as it is shown, rounded or not.
    cell = f'<table:table-cell office:value-type="float" office:value="{value}">'
    return f"{cell}<text:p>{value:,.0f}</text:p></table:table-cell>"


def ods_file(path: Path, sheets: dict[str, str], manifest: str = "") -> Path:
    """An OpenDocument spreadsheet from the XML of each sheet's rows."""
    names = {"office": "office", "table": "table", "text": "text", "manifest": "manifest"}
    space = " ".join(f'xmlns:{key}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"' for key, name in names.items())
    tables = "".join(f'<table:table table:name="{escape(name)}">{rows}</table:table>' for name, rows in sheets.items())
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mimetype", official_files.ODS)
        archive.writestr("META-INF/manifest.xml", f"<manifest:manifest {space}>{manifest}</manifest:manifest>")
        body = f"<office:body><office:spreadsheet>{tables}</office:spreadsheet></office:body>"
        archive.writestr("content.xml", f"<office:document-content {space}>{body}</office:document-content>")
    return path


def as_ods(workbook: Path) -> Path:
    """The same sheets as OpenDocument, with the empty cells to the end that spreadsheet programs write."""
    right, below = (EMPTY.format(f'table:number-columns-repeated="{count}"') for count in (16_000, 16_384))
    sheets = {
        sheet.title: "".join(
            f"<table:table-row>{''.join(map(ods_cell, row))}{right}</table:table-row>"
            for row in sheet.iter_rows(values_only=True)
        )
        + f'<table:table-row table:number-rows-repeated="1048000">{below}</table:table-row>'
        for sheet in openpyxl.load_workbook(workbook)
    }
    return ods_file(workbook.with_suffix(".ods"), sheets)
