# SPDX-License-Identifier: Apache-2.0
"""The reference pages tell every field that the dataclasses have."""

import dataclasses

import pytest

import loadstone
from loadstone.engines.plan.verify import LEVELS, LIMITS
from loadstone.model.network import Phase
from loadstone.services.planning import Order
from tests.field_reference import (
    DEALS,
    FACTS,
    FUTURES,
    NETWORK,
    OPERATE,
    PAGES,
    PLAN,
    VALUE,
    described,
    table,
)
from tests.golden_text import compare
from tests.shape import REFERENCE, text_of


@pytest.mark.parametrize("name", PAGES)
def test_the_page_is_what_the_dataclasses_say(request, name):
    update = bool(request.config.getoption("--update-golden"))
    compare(name, PAGES[name](), folder=REFERENCE, update=update)


@pytest.mark.parametrize(
    ("title", "class_"), [*NETWORK, *FACTS, *PLAN, *DEALS, *FUTURES, *VALUE, *OPERATE]
)
def test_every_field_has_a_meaning(title, class_):
    meanings = described(class_)[2]
    assert [f.name for f in dataclasses.fields(class_) if not meanings.get(f.name)] == []


def test_a_table_tells_type_default_and_meaning():
    lines = list(table(Phase))
    assert "| `month` | whole number | `1` | Month in which it begins" in lines[3]
    assert "| `years` | number | `1.0` | Years until the next phase, in halves" in lines[4]
    assert "| `budget` | number | none | Most capital" in lines[5]


def test_every_public_name_is_in_the_page_of_the_library():
    page = text_of(REFERENCE / "library.md")
    assert [n for n in loadstone.__all__ if n != "__version__" and f"`{n}`" not in page] == []


def test_every_check_of_a_plan_is_in_the_page_of_verification():
    page = text_of(REFERENCE / "verification.md")
    assert [name for name in LIMITS if name not in page] == []
    assert all(f"| {level} |" in page for level in range(LEVELS))


def test_the_gap_of_the_pages_is_the_one_that_is_used():
    assert f"{Order().gap:.0e}".replace("e-0", "e-") in text_of(REFERENCE / "verification.md")
