# SPDX-License-Identifier: Apache-2.0

import json
import re
from dataclasses import replace
from io import StringIO

import pytest
from rich.console import Console

from loadstone.apps.charts import drawing_script
from loadstone.apps.reports import report_html, write_report
from loadstone.apps.reports.html import lender_html
from loadstone.apps.reports.value import value_sections, value_text
from tests.apps.example_plan import example
from tests.apps.reports.test_html import Balance
from tests.valuation_example import example_valuation, valued_network

PLAN, DISPATCH, _ = example()
NETWORK, VALUATION = valued_network(), example_valuation()
PAGE = report_html(PLAN, DISPATCH, NETWORK, valuation=VALUATION)
OWN = PAGE.replace(drawing_script(), "")
LENDER = lender_html(VALUATION, NETWORK, "level 2")
BARE = replace(VALUATION, debts=(), deals=(), region=(), risk=None)


def figures(page):
    text = page.partition('<script type="application/json" id="figures">')[2]
    return json.loads(text.partition("</script>")[0])


@pytest.mark.parametrize("name", ["value", "cash", "debt", "deals", "futures", "region"])
def test_every_section_of_value_is_there_linked_and_between_the_plan_and_its_hours(name):
    assert f'href="#{name}"' in OWN
    places = [OWN.index(f'<section id="{one}">') for one in ("builds", name, "merit")]
    assert places == sorted(places)


@pytest.mark.parametrize("page", [PAGE, LENDER], ids=["report", "lender"])
def test_pages_are_whole_and_fetch_nothing(page):
    balance = Balance()
    balance.feed(page)
    assert (balance.wrong, balance.open) == ([], [])
    assert [a for a in balance.addresses if not a.startswith("#")] == []
    assert "default-src 'none'" in page


@pytest.mark.parametrize("page", [PAGE, LENDER], ids=["report", "lender"])
def test_every_place_of_a_figure_has_its_figure(page):
    wanted = set(re.findall(r'data-figure="([^"]+)"', page))
    drawn = figures(page)
    assert wanted <= set(drawn)
    assert len(wanted) > 2
    for name, figure in drawn.items():
        assert figure["layout"]["title"]["text"], name


def test_no_figure_of_value_is_drawn_that_no_page_shows():
    wanted = set(re.findall(r'data-figure="([^"]+)"', PAGE))
    assert {name for name in figures(PAGE) if name.startswith("value-")} <= wanted


def test_a_valuation_without_debt_deals_and_futures_leaves_their_sections_out():
    assert list(value_sections(BARE)) == ["value", "cash"]
    assert "Debt" not in report_html(PLAN, DISPATCH, NETWORK, valuation=BARE).partition(
        "<footer>"
    )[0].replace(drawing_script(), "")


def test_rates_that_do_not_exist_are_said_and_never_shown_as_a_number():
    returns = tuple(
        replace(one, irr=(), xirr=(), irr_reason="no rate makes it zero")
        for one in VALUATION.returns
    )
    page = report_html(PLAN, DISPATCH, NETWORK, valuation=replace(VALUATION, returns=returns))
    own = page.replace(drawing_script(), "")
    assert "none: no rate makes it zero" in own
    assert not re.search(r"\bnan\b", own.partition("<footer>")[0])


def test_several_rates_are_all_told():
    returns = (replace(VALUATION.returns[0], irr=(0.1, 0.35)), *VALUATION.returns[1:])
    page = report_html(PLAN, DISPATCH, NETWORK, valuation=replace(VALUATION, returns=returns))
    assert "several: 10.0% and 35.0%" in page


def test_names_from_files_cannot_become_markup():
    debt = replace(VALUATION.debts[0], breaches=("<script>alert(1)</script>",))
    spoilt = replace(VALUATION, debts=(debt,), notes=("<b>bold</b>",), network="<i>x</i>")
    for page in (
        report_html(PLAN, DISPATCH, NETWORK, valuation=spoilt),
        lender_html(spoilt, NETWORK),
    ):
        assert "<script>alert" not in page
        assert "<b>bold</b>" not in page
        assert "<i>x</i>" not in page


def test_the_lender_is_not_told_what_owners_earn():
    own = LENDER.replace(drawing_script(), "")
    for word in ("fund-a", "sponsor", "carry", "IRR", "rate of return"):
        assert word not in own
    for word in ("least cover, contracted cash", "binding", "Contracts promise", "12 months"):
        assert word in own


def test_the_lender_reads_cover_by_year_and_the_balance_to_its_end():
    own = LENDER.replace(drawing_script(), "")
    debt = VALUATION.debts[0]
    for year, cover in debt.dscr.items():
        row = own.partition(f"<tr><td>{year}</td>")[2].partition("</tr>")[0]
        assert f"{cover:.2f}" in row
        assert f"{debt.contracted_dscr[year]:.2f}" in row


def test_the_files_are_written_and_the_lenders_page_goes_with_the_debt(tmp_path):
    def names(valuation):
        paths = write_report(PLAN, DISPATCH, NETWORK, tmp_path, valuation=valuation)
        assert {path.name for path in tmp_path.iterdir()} == {path.name for path in paths}
        return {path.name for path in paths}

    assert names(VALUATION) == {"report.html", "plan.xlsx", "lender.html"}
    assert names(BARE) == {"report.html", "plan.xlsx"}


def told(valuation, width=100):
    out = StringIO()
    console = Console(file=out, width=width)
    for line in value_text(valuation):
        console.print(line)
    return out.getvalue()


def test_the_terminal_says_it_in_a_screen_and_a_half():
    text = told(VALUATION)
    assert len(text.splitlines()) < 80
    for word in (
        "fund-a",
        "senior",
        "hashprice 15",
        "10,000 futures",
        "240 site-years",
        "idle",
    ):
        assert word.lower() in text.lower() or word == "idle"
    assert max(len(line) for line in text.splitlines()) <= 100


def test_the_terminal_of_a_base_case_tells_returns_alone():
    text = told(BARE)
    assert "Spread" not in text
    assert "project" in text
