"""Workbooks laid out like the Ministry's proven reoffending data tool, with invented numbers."""

import zipfile
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
