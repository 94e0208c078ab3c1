# SPDX-License-Identifier: Apache-2.0
"""The financial model in the workbook, recalculated by an engine that is not ours."""

import warnings
from dataclasses import replace

import numpy as np
import openpyxl
import pytest
import xlsxwriter

from loadstone.apps.reports import write_workbook
from loadstone.apps.reports.sheet import Book
from loadstone.apps.reports.value.book import write_value
from loadstone.apps.reports.value.book.further import write_deals
from loadstone.engines.finance.losses import TaxRules, tax_by_year
from loadstone.engines.finance.tax import taxed
from loadstone.engines.value.financing.measuring import all_returns
from loadstone.engines.value.financing.scopes import placed
from loadstone.model.finance.cash import FINANCING
from loadstone.model.finance.returns import UnitCosts
from tests.apps.example_plan import example
from tests.valuation_example import example_valuation, valued_network

NETWORK, VALUATION = valued_network(), example_valuation()
SHEETS = [
    "Model inputs", "Portfolio by month", "Portfolio by year", "Sites by year", "Tax", "Debt",
    "Flows", "Returns", "Unit costs", "Deals", "Risk", "Region",
]  # fmt: skip


def written(path, valuation, network=NETWORK):
    with xlsxwriter.Workbook(path) as workbook:
        write_value(Book(workbook), valuation, network)
    return path


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return written(tmp_path_factory.mktemp("model") / "model.xlsx", VALUATION)


@pytest.fixture(scope="module")
def live(path):
    return openpyxl.load_workbook(path)


@pytest.fixture(scope="module")
def cached(path):
    return openpyxl.load_workbook(path, data_only=True)


def formulas_of(book):
    for sheet in book:
        for row in sheet.iter_rows():
            yield from ((sheet.title, cell) for cell in row if cell.data_type == "f")


def test_the_sheets_of_the_model_stand_in_order_within_the_plans(tmp_path, live):
    assert live.sheetnames == SHEETS
    plan, _, _ = example()
    write_workbook(plan, NETWORK, tmp_path / "plan.xlsx", valuation=VALUATION)
    names = openpyxl.load_workbook(tmp_path / "plan.xlsx", read_only=True).sheetnames
    assert [name for name in names if name in SHEETS] == SHEETS
    assert names[0] == "Summary"


def test_no_formula_holds_an_error_and_every_check_holds(live, cached):
    count = 0
    for title, cell in formulas_of(live):
        value = cached[title][cell.coordinate].value
        assert value is not None, (title, cell.coordinate)
        assert value != "CHECK", (title, cell.coordinate)
        assert not str(value).startswith("#")
        count += 1
    assert count > 3000


def test_there_are_no_links_to_elsewhere_and_no_macros(live):
    assert not live.vba_archive
    assert not live._external_links
    for _, cell in formulas_of(live):
        assert "[" not in cell.value
        assert "http" not in cell.value


def test_names_stand_for_the_inputs(live, cached):
    for name, value in (
        ("rate_project", VALUATION.returns[0].rate), ("inflation_RUB", 0.06),
        ("loss_limit_RU_1", 0.8),
    ):  # fmt: skip
        sheet, _, place = live.defined_names[name].attr_text.partition("!")
        found = cached[sheet.strip("'")][place.replace("$", "")].value
        assert found == pytest.approx(value)


def test_headlines_are_formulas_and_hold_what_the_engine_says(live, cached):
    rows = list(cached["Returns"].iter_rows(min_row=2, values_only=True))
    for i, one in enumerate(VALUATION.returns):
        row = rows[i]
        assert row[:2] == (one.scope, one.flow)
        assert row[3] == pytest.approx(one.npv, abs=1e-3)
        assert row[4] == pytest.approx(one.irr[0])
        assert row[5] == pytest.approx(one.xirr[0])
        assert row[6] == pytest.approx(one.payback_years)
        assert row[7] == pytest.approx(one.discounted_payback_years or row[7])
        assert row[8] == pytest.approx(one.peak)
        assert live["Returns"].cell(i + 2, 4).data_type == "f"
        assert live["Returns"].cell(i + 2, 5).data_type == "f"


def test_unit_costs_are_formulas_and_hold_what_the_engine_says(live, cached):
    sheet = {row[1].value: row for row in cached["Unit costs"].iter_rows() if row[2].value}
    costs = VALUATION.costs
    cash, whole = (sheet[f"cost of a bitcoin, {words}"] for words in ("cash", "all in"))
    assert (cash[2].value, whole[2].value) == pytest.approx((costs.btc_cash, costs.btc_all_in))
    assert live["Unit costs"][whole[2].coordinate].data_type == "f"
    found = [
        row[2].value
        for row in cached["Unit costs"].iter_rows()
        if row[1].value == "cost of a unit"
    ]
    assert sorted(found) == pytest.approx(
        sorted([*costs.gpu_hour.values(), *costs.kw_month.values()])
    )


def test_deals_tell_multiples_and_returns_of_each_party_as_formulas(tmp_path):
    path = tmp_path / "deals.xlsx"
    with xlsxwriter.Workbook(path) as workbook:
        write_deals(Book(workbook), VALUATION)
    count, found = assert_recalculates(path)
    assert count > 300
    rows = list(openpyxl.load_workbook(path)["Deals"].iter_rows())
    for party in VALUATION.deals[0].parties:
        for words, value in (
            ("multiple", party.multiple), ("rate of return a year", party.irr),
        ):  # fmt: skip
            cells = [r[3] for r in rows if (r[1].value, r[2].value) == (party.party, words)]
            if value:
                place = f"DEALS'!{cells[0].coordinate}"
                assert float(found[place]) == pytest.approx(np.atleast_1d(value)[0])
            else:
                assert not cells


def small():
    """Return a valuation of fourteen months, for an engine that takes its time."""
    months, whole = 14, VALUATION.cash
    rows = tuple(
        replace(row, amounts=row.amounts[8 : 8 + months] * (0.3 if row.group == "capex" else 1))
        for row in whole.rows
        if row.group not in (*FINANCING, "resale", "tax", "vat", "working_capital")
        and not row.line.startswith("tax depreciation")
    )
    bare = replace(whole, first=whole.month(8), months=months, rows=rows)
    table = taxed(bare, NETWORK)
    returns = all_returns(placed(table), placed(table), NETWORK)[:2]
    return replace(
        VALUATION,
        cash=table,
        returns=returns,
        debts=(),
        deals=(),
        risk=None,
        region=(),
        costs=UnitCosts(),
    )


def recalculated(path):
    """Return every cell of a workbook as the library "formulas" computes it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of a foreign library
        from formulas import ExcelModel

        solution = ExcelModel().loads(str(path)).finish().calculate()
    prefix = f"'[{path.name}]".upper()
    return {
        str(key).upper().removeprefix(prefix): cell.value[0, 0]
        for key, cell in solution.items()
        if hasattr(cell, "ranges") and cell.value.size == 1
    }


def assert_recalculates(path):
    """Hold every formula of a workbook against what the other engine makes of it."""
    found = recalculated(path)
    live, cached = openpyxl.load_workbook(path), openpyxl.load_workbook(path, data_only=True)
    count = 0
    for title, cell in formulas_of(live):
        holds = cached[title][cell.coordinate].value
        computed = found[f"{title}'!{cell.coordinate}".upper()]
        if isinstance(holds, str):
            assert str(computed) == holds, (title, cell.coordinate)
        else:
            assert float(computed) == pytest.approx(holds, rel=1e-9, abs=1e-6), (
                title, cell.coordinate, cell.value,
            )  # fmt: skip
        count += 1
    return count, found


def test_an_independent_engine_recalculates_every_cell_to_what_it_holds(tmp_path):
    valuation = small()
    count, found = assert_recalculates(written(tmp_path / "small.xlsx", valuation))
    assert count > 400
    assert float(found["RETURNS'!D2"]) == pytest.approx(valuation.returns[0].npv)


@pytest.mark.long
def test_the_independent_engine_recalculates_the_whole_model(path):
    count, found = assert_recalculates(path)
    assert count > 3000
    sheet = openpyxl.load_workbook(path, data_only=True)["Tax"]
    sums = [row for row in sheet.iter_rows() if str(row[1].value).startswith("Tax in all")]
    assert len(sums) == 2
    for row in sums:
        paid = -VALUATION.cash.total("tax", country=row[0].value).sum()
        assert float(found[f"TAX'!{row[2].coordinate}"]) == pytest.approx(paid)


def test_losses_that_end_after_three_years_are_used_as_the_engine_uses_them():
    rules = TaxRules(rate=0.25, loss_limit=0.8, loss_years=3)
    profit = np.array([-100.0, -50.0, 20.0, 10.0, 90.0, 40.0, 500.0])
    tax = tax_by_year(profit[None, :], rules)[0]
    made, gone, used, ours = 0.0, 0.0, 0.0, []
    totals = np.cumsum(np.maximum(-profit, 0.0))
    for y, one in enumerate(profit):
        old = totals[y - 4] if y >= 4 else 0.0
        gone = max(gone + used, old)
        made = totals[y - 1] if y else 0.0
        used = min(made - gone, 0.8 * max(one, 0.0))
        ours.append(0.25 * (max(one, 0.0) - used))
    np.testing.assert_allclose(ours, tax)


def test_a_wrong_value_of_the_engine_is_told_by_a_check(tmp_path):
    right = small()
    wrong = replace(right.returns[0], npv=right.returns[0].npv + 100)
    spoilt = replace(right, returns=(wrong, right.returns[1]))
    book = openpyxl.load_workbook(written(tmp_path / "x.xlsx", spoilt), data_only=True)
    told = [row[12].value for row in book["Returns"].iter_rows(min_row=2, max_row=3)]
    assert told == ["CHECK", "OK"]


def test_a_valuation_of_cash_alone_has_the_sheets_of_cash_alone(tmp_path):
    bare = replace(VALUATION, debts=(), deals=(), risk=None, region=(), bridge=())
    book = openpyxl.load_workbook(written(tmp_path / "x.xlsx", bare), read_only=True)
    left_out = {"Debt", "Deals", "Risk", "Region"}
    assert book.sheetnames == [name for name in SHEETS if name not in left_out]
