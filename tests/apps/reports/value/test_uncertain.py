# SPDX-License-Identifier: Apache-2.0

import json
from dataclasses import replace

from loadstone.apps.charts import drawing_script
from loadstone.apps.reports import report_html
from tests.apps.example_plan import example
from tests.apps.reports.test_html import Balance
from tests.uncertainty_example import example_uncertainty

PLAN, DISPATCH, NETWORK = example()
FOUND = example_uncertainty()
PAGE = report_html(PLAN, DISPATCH, NETWORK, uncertainty=FOUND)
OWN = PAGE.replace(drawing_script(), "")


def test_the_section_stands_after_what_is_built_and_is_whole():
    assert OWN.index('<section id="builds">') < OWN.index('<section id="now">')
    assert OWN.index('<section id="now">') < OWN.index('<section id="merit">')
    balance = Balance()
    balance.feed(PAGE)
    assert (balance.wrong, balance.open) == ([], [])


def test_it_has_its_figures_and_says_what_waiting_and_knowing_are_worth():
    text = PAGE.partition('<script type="application/json" id="figures">')[2]
    drawn = json.loads(text.partition("</script>")[0])
    assert {"uncertain-frontier", "uncertain-regret"} <= set(drawn)
    for words in (
        "Deciding later what can wait adds", "Knowing the future would add",
        "In futures that no plan has seen", "3 futures stand for 1,000",
        "leave 40% of the spread",
    ):  # fmt: skip
        assert words in OWN


def test_conditions_are_text_and_no_markup():
    assert "hashprice &lt;is&gt; at least" in OWN


def test_without_other_ways_to_plan_only_what_is_known_is_shown():
    bare = replace(FOUND, strategies=(), frontier=(), rules=(), fresh=(), recourse=None)
    page = report_html(PLAN, DISPATCH, NETWORK, uncertainty=bare)
    own = page.replace(drawing_script(), "")
    assert "uncertain-frontier" not in own
    assert "Deciding later" not in own
    assert '<section id="now">' in own


def test_a_plan_for_one_future_has_no_such_section():
    assert '<section id="now">' not in report_html(PLAN, DISPATCH, NETWORK)
