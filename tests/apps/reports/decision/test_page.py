# SPDX-License-Identifier: Apache-2.0

import re
from dataclasses import replace
from io import StringIO

import openpyxl
import pytest
from rich.console import Console

from loadstone.apps.charts import drawing_script
from loadstone.apps.reports import report_html, summary_text, write_workbook
from loadstone.apps.reports.sections import SECTIONS
from tests.apps.example_decision import decided, large_decided
from tests.apps.reports.test_html import Balance
from tests.apps.reports.test_workbook import Calculator

PLAN, DISPATCH, NETWORK, DECISION = decided()
PAGE = report_html(PLAN, DISPATCH, NETWORK, decision=DECISION)
OWN = PAGE.replace(drawing_script(), "")


def test_the_page_comes_before_all_sections_and_fetches_nothing():
    balance = Balance()
    balance.feed(PAGE)
    assert (balance.wrong, balance.open) == ([], [])
    assert [a for a in balance.addresses if not a.startswith("#")] == []
    assert OWN.index('class="committee sheet"') < OWN.index('<section id="where"')


@pytest.mark.parametrize(
    "title",
    [
        "Uses and sources of capital", "Other plans", "What must be true",
        "Value and what it rests on", "Regret", "Value where one number is another",
        "Countries",
    ],
)  # fmt: skip
def test_every_part_has_its_title_and_a_line_that_explains_it(title):
    part = OWN.partition(f"<h3>{title}</h3>")[2]
    assert part.startswith('<p class="about">')


def test_every_figure_of_the_page_is_in_the_file():
    wanted = re.findall(r'data-figure="([^"]+)"', OWN)
    data = OWN.partition('id="figures">')[2].partition("</script>")[0]
    assert "uses" in wanted
    assert "months-bratsk" in wanted
    assert all(f'"{name}":' in data for name in wanted)


@pytest.mark.parametrize("name", SECTIONS)
def test_every_section_of_which_there_is_something_to_say_is_there(name):
    assert f'<section id="{name}">' in PAGE
    assert f'href="#{name}"' in PAGE


def test_synthetic_inputs_are_named_on_the_first_sheet():
    first = OWN.partition("committee sheet")[2].partition("</header>")[0]
    assert "synthetic years, not observations" in first


def test_many_years_of_capital_stand_below_the_chart():
    years = tuple(range(2027, 2035))
    page = report_html(replace(PLAN, phases=years), (), NETWORK, decision=DECISION)
    assert 'class="pair stacked"' in page
    assert 'class="pair stacked"' not in OWN


def test_without_a_decision_the_report_is_as_it_was():
    page = report_html(PLAN, DISPATCH, NETWORK)
    assert "committee sheet" not in page
    assert 'id="months"' not in page
    assert '<div class="cards">' in page


def test_months_are_left_out_where_no_site_leases():
    page = report_html(PLAN, DISPATCH, NETWORK, decision=replace(DECISION, months=()))
    assert 'id="months"' not in page
    assert 'href="#months"' not in page


def test_text_of_a_decision_cannot_become_markup():
    first, *others = DECISION.truths
    sly = replace(first, text="<script>alert(1)</script>")
    page = report_html(
        PLAN, DISPATCH, NETWORK, decision=replace(DECISION, truths=(sly, *others))
    )
    assert "<script>alert(1)" not in page


def test_a_decision_with_nothing_beside_the_plan_has_a_page():
    bare = replace(
        DECISION, variants=DECISION.variants[:1], stressed=(), sensitivities=(), countries=(),
        months=(), truths=(), notes=(),
    )  # fmt: skip
    page = report_html(PLAN, DISPATCH, NETWORK, decision=bare)
    assert "<h3>Regret</h3>" not in page
    assert printed(bare, 100)


def printed(decision, width: int, plan=PLAN, network=NETWORK) -> str:
    console = Console(file=StringIO(), width=width, legacy_windows=False)
    console.print(summary_text(plan, network, decision))
    return console.file.getvalue()


def test_the_page_of_a_terminal_reads_as_it_was_last_looked_at(golden):
    golden("report/decision.txt", printed(DECISION, 100))


@pytest.mark.parametrize("width", [80, 100])
def test_no_number_is_cut_off_in_a_terminal(width):
    plan, _, network, decision = large_decided()
    text = printed(decision, width, plan, network)
    assert max(map(len, text.splitlines())) <= width
    assert "…" not in text


def test_the_workbook_holds_the_decision_with_live_differences(tmp_path):
    path = tmp_path / "plan.xlsx"
    write_workbook(PLAN, NETWORK, path, decision=DECISION)
    live, cached = openpyxl.load_workbook(path), openpyxl.load_workbook(path, data_only=True)
    assert live.sheetnames[1:3] == ["Decision", "Months"]
    calculator, formulas = Calculator(live), 0
    for name in ("Decision", "Months"):
        for row in live[name].iter_rows():
            for cell in row:
                if cell.data_type == "f":
                    shown = cached[name][cell.coordinate].value
                    found = calculator.value(live[name], cell.coordinate)
                    assert shown == pytest.approx(found, rel=1e-9, abs=1e-3), cell.coordinate
                    formulas += 1
    assert formulas > 150


def test_without_months_the_workbook_has_no_sheet_of_them(tmp_path):
    path = tmp_path / "plan.xlsx"
    write_workbook(PLAN, NETWORK, path, decision=replace(DECISION, months=(), stressed=()))
    assert "Months" not in openpyxl.load_workbook(path).sheetnames
