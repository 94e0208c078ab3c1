# SPDX-License-Identifier: Apache-2.0

import re
from dataclasses import replace
from itertools import pairwise

import openpyxl
import pytest
from openpyxl.utils import range_boundaries

from loadstone.apps.reports import write_workbook
from tests.apps.example_plan import example

PLAN, _, NETWORK = example()
SHEETS = [
    "Summary", "Builds", "Sites", "Site years", "Limits", "Rules", "Provenance", "Assumptions",
]  # fmt: skip
RANGE = re.compile(r"(?:'([^']+)'!)?(\$?[A-Z]+\$?\d+):(\$?[A-Z]+\$?\d+)")
CELL = re.compile(r"\b([A-Z]{1,2}\d+)\b")


class Calculator:
    """The few formulas of the workbook, computed anew and never from cached values."""

    def __init__(self, book) -> None:
        self.book = book

    def cells(self, sheet, text: str) -> list:
        name, first, last = RANGE.fullmatch(text).groups()
        place = self.book[name] if name else sheet
        left, top, right, bottom = range_boundaries(f"{first}:{last}".replace("$", ""))
        rows = place.iter_rows(min_row=top, max_row=bottom, min_col=left, max_col=right)
        return [self.value(place, cell.coordinate) for row in rows for cell in row]

    def value(self, sheet, place: str):
        cell = sheet[place]
        if cell.data_type != "f":
            return cell.value
        return self.formula(sheet, cell.value.removeprefix("="))

    def formula(self, sheet, text: str) -> float:
        text = re.sub(
            r"SUMIFS\(([^,]+),([^,]+),([A-Z]+\d+)\)",
            lambda m: repr(self.sumifs(sheet, *m.groups())), text,
        )  # fmt: skip
        text = re.sub(
            r"MAX\(([^()]+)\)",
            lambda m: repr(max(v for v in self.cells(sheet, m[1]) if isinstance(v, float))),
            text,
        )
        text = re.sub(
            r"SUM\(([^()]+)\)", lambda m: repr(numbers_sum(self.cells(sheet, m[1]))), text
        )
        text = re.sub(r"IF\(([^,]+)=0,0,(.+)\)$", r"(0 if \1 == 0 else \2)", text)
        text = CELL.sub(lambda m: repr(float(self.value(sheet, m[1]))), text)
        return eval(text, {"__builtins__": {}}, {"ABS": abs})

    def sumifs(self, sheet, sums: str, keys: str, wanted: str) -> float:
        key = self.value(sheet, wanted)
        pairs = zip(self.cells(sheet, sums), self.cells(sheet, keys), strict=True)
        return numbers_sum([amount for amount, found in pairs if found == key])


def numbers_sum(values: list) -> float:
    return float(sum(value for value in values if isinstance(value, int | float)))


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    path = tmp_path_factory.mktemp("run") / "plan.xlsx"
    write_workbook(PLAN, NETWORK, path)
    return path


@pytest.fixture(scope="module")
def live(path):
    return openpyxl.load_workbook(path)


@pytest.fixture(scope="module")
def cached(path):
    return openpyxl.load_workbook(path, data_only=True)


def test_the_sheets_are_there_in_order(live):
    assert live.sheetnames == SHEETS


def test_every_formula_holds_the_value_that_it_computes(live, cached):
    calculator = Calculator(live)
    formulas = 0
    for sheet in live:
        for row in sheet.iter_rows():
            for cell in row:
                if cell.data_type == "f":
                    shown = cached[sheet.title][cell.coordinate].value
                    found = calculator.value(sheet, cell.coordinate)
                    assert shown == pytest.approx(found, rel=1e-9, abs=1e-3), cell.coordinate
                    formulas += 1
    assert formulas > 40


def test_the_worth_and_the_gap_are_live(live, cached):
    summary = live["Summary"]
    assert summary["B5"].data_type == summary["B9"].data_type == "f"
    assert cached["Summary"]["B5"].value == pytest.approx(PLAN.objective)
    assert cached["Summary"]["B9"].value == pytest.approx(PLAN.gap)


def test_every_row_of_the_plan_is_there(live):
    rows = {name: live[name].max_row - 1 for name in SHEETS}
    assert rows["Builds"] == len(PLAN.builds) + 1  # and the total
    assert rows["Sites"] == len(PLAN.sites) + 1
    assert rows["Site years"] == len(PLAN.site_years)
    assert rows["Limits"] == len(PLAN.marginals)
    assert rows["Rules"] == len(PLAN.rules)


def test_heads_are_frozen_and_columns_are_wide_enough_for_numbers(live):
    for sheet in live:
        assert sheet.freeze_panes
    assert live["Sites"].column_dimensions["G"].width >= 15


def test_phases_of_the_summary_agree_with_the_plan(cached):
    rows = list(cached["Summary"].iter_rows(min_row=16, max_row=18, values_only=True))
    assert [row[0] for row in rows] == list(PLAN.phases)
    assert rows[-1][1:4] == tuple(
        PLAN.metrics[name] for name in ("connected_mw", "mining_mw", "ai_mw")
    )


def test_text_from_a_file_is_never_a_formula(tmp_path):
    sites = (replace(NETWORK.sites[0], name='=HYPERLINK("x")'), *NETWORK.sites[1:])
    path = tmp_path / "plan.xlsx"
    write_workbook(PLAN, replace(NETWORK, sites=sites), path)
    cell = openpyxl.load_workbook(path)["Sites"]["B2"]
    assert (cell.value, cell.data_type) == ('=HYPERLINK("x")', "s")


def test_the_same_plan_gives_the_same_file(path, tmp_path):
    again = tmp_path / "again.xlsx"
    write_workbook(PLAN, NETWORK, again)
    assert again.read_bytes() == path.read_bytes()


def test_a_plan_with_nothing_in_it_has_a_workbook(tmp_path):
    empty = replace(PLAN, builds=(), site_years=(), marginals=(), rules=(), resting=())
    write_workbook(empty, NETWORK, tmp_path / "plan.xlsx")
    book = openpyxl.load_workbook(tmp_path / "plan.xlsx")
    assert book.sheetnames == SHEETS
    names = [sheet.title for sheet in book]
    assert all(first != second for first, second in pairwise(names))
