# SPDX-License-Identifier: Apache-2.0

from dataclasses import replace
from io import StringIO

from rich.console import Console, RenderableType

from loadstone.apps.reports import summary_text
from tests.apps.example_plan import example, large

PLAN, _, NETWORK = example()


def printed(renderable: RenderableType) -> str:
    console = Console(file=StringIO(), width=100, legacy_windows=False)
    console.print(renderable)
    return console.file.getvalue()


def test_the_summary_reads_as_it_was_last_looked_at(golden):
    golden("report/summary.txt", printed(summary_text(PLAN, NETWORK)))


def test_a_large_network_fits_two_screens():
    plan, _, network = large()
    text = printed(summary_text(plan, network))
    assert len(text.splitlines()) < 80
    assert "and 29 more in the report" in text  # of the 34 limits of sites that open


def test_square_brackets_in_a_name_are_text_not_markup():
    sites = (
        *NETWORK.sites[:4],
        replace(NETWORK.sites[4], name="[red]Para"),
        *NETWORK.sites[5:],
    )
    assert "[red]Para" in printed(summary_text(PLAN, replace(NETWORK, sites=sites)))


def test_a_plan_with_nothing_in_it_has_a_summary():
    empty = replace(PLAN, builds=(), site_years=(), marginals=(), rules=(), resting=())
    assert "Five rivers" in printed(summary_text(empty, NETWORK))
