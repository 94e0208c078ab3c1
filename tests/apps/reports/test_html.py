# SPDX-License-Identifier: Apache-2.0

import json
import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from loadstone.apps.charts import drawing_script
from loadstone.apps.reports import report_html
from loadstone.apps.reports.sections import SECTIONS
from tests.apps.example_plan import example, large

PLAN, DISPATCH, NETWORK = example()
PAGE = report_html(PLAN, DISPATCH, NETWORK, "level 2: every cut recomputed")
OWN = PAGE.replace(drawing_script(), "")  # the page without the library that draws
MEGABYTE = 1_000_000


class Balance(HTMLParser):
    """Notes tags that are closed out of order, and every address that a tag holds."""

    VOID = frozenset({"meta", "br", "link", "img", "input"})

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.wrong: list[str] = []
        self.addresses: list[str] = []

    def handle_starttag(self, tag, attrs):
        if tag not in self.VOID:
            self.open.append(tag)
        self.addresses += [v for k, v in attrs if k in {"src", "href", "action", "data"} and v]

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.wrong.append(tag)


def test_tags_are_closed_in_order():
    balance = Balance()
    balance.feed(PAGE)
    assert balance.wrong == []
    assert balance.open == []


def test_nothing_is_fetched():
    balance = Balance()
    balance.feed(PAGE)
    assert [a for a in balance.addresses if not a.startswith("#")] == []
    assert "default-src 'none'" in PAGE
    assert not re.search(r"@import|url\(", OWN)


@pytest.mark.parametrize("name", sorted(set(SECTIONS) - {"months", "offers", "gates"}))
def test_every_section_is_there_and_linked(name):
    assert f'<section id="{name}">' in PAGE
    assert f'href="#{name}"' in PAGE


def test_names_from_a_file_cannot_become_markup():
    assert "Tucuruí <north>" not in OWN
    assert "Tucuruí &lt;north&gt;" in OWN
    name = NETWORK.sites[0].name + "</script><script>alert(1)</script>"
    sites = (replace(NETWORK.sites[0], name=name), *NETWORK.sites[1:])
    page = report_html(PLAN, DISPATCH, replace(NETWORK, sites=sites))
    assert "<script>alert(1)" not in page


@pytest.mark.parametrize("id_", ["figures", "sites"])
def test_the_data_in_the_page_is_json(id_):
    (text,) = re.findall(rf'<script type="application/json" id="{id_}">(.*?)</script>', PAGE)
    assert json.loads(text)


def test_every_open_site_can_be_chosen_the_largest_first():
    sites = re.findall(r'<option value="(\w+)">', PAGE)
    assert sites[0] == "para"
    assert set(sites) == {year.site for year in PLAN.site_years}


def test_synthetic_inputs_are_named_at_the_top():
    head = PAGE[: PAGE.index("<section")]
    assert "synthetic years, not observations" in head
    assert "48% synthetic" in head


def test_what_was_proved_again_is_shown_and_its_absence_too():
    assert "level 2: every cut recomputed" in PAGE
    assert "Not proved again yet" in report_html(PLAN, DISPATCH, NETWORK)


def test_a_plan_with_nothing_in_it_has_a_report():
    empty = replace(
        PLAN, builds=(), site_years=(), marginals=(), rules=(), resting=(), assumptions=(),
        sites=tuple(replace(site, opened=None, npv=0.0) for site in PLAN.sites),
        objective=0.0, bound=0.0, gap=0.0,
    )  # fmt: skip
    page = report_html(empty, (), NETWORK)
    assert "Nothing does" in page
    assert "No dated rule" in page


def test_the_same_plan_gives_the_same_page():
    assert report_html(PLAN, DISPATCH, NETWORK, "level 2: every cut recomputed") == PAGE


def test_a_large_network_stays_small_enough_to_send():
    page = report_html(*large())
    assert len(page.encode()) < 15 * MEGABYTE
