# SPDX-License-Identifier: Apache-2.0

from dataclasses import replace

import numpy as np
import pytest

from loadstone.engines.value.futures.case import middle_paths, settled_book
from loadstone.engines.value.futures.converting import conversion_value
from loadstone.engines.value.operating.table import site_times
from loadstone.model.hall import Conversion
from tests.engines.value.futures.planned import planned, valued


def worth(ai=1.0, hashprice=1.0, into="ai_hall_air", count=3):
    """Return the worth of converting in futures with other prices throughout."""
    network, plan, hours, _ = planned()
    one = Conversion(into=into, max_mw=2.0, cost_per_mw=1e6, months_out=3.0, source="a test")
    site = replace(network.sites[0], conversions=(one,))
    given = replace(network, sites=(site,))
    base, case, futures = valued()
    case = replace(case, network=given)
    book = settled_book(case, futures.middle, base, by_site=True)
    values = np.repeat(middle_paths(futures.middle, case).values, count, axis=1)
    values[futures.middle.factors.index("ai")] *= ai
    values[futures.middle.factors.index("hashprice")] *= hashprice
    return conversion_value(book, case, site_times(plan, hours, given), values)


def test_halls_are_converted_where_ai_earns_enough_more():
    rich, poor = worth(ai=30.0, hashprice=0.1), worth(ai=0.01)
    assert rich.used == 1.0
    assert rich.value > 0
    assert (poor.used, poor.value) == (0.0, 0.0)


def test_dearer_ai_is_worth_more():
    values = [worth(ai=x, hashprice=0.2).value for x in (5.0, 10.0, 20.0)]
    assert values == sorted(values)


def test_a_hall_that_no_server_fits_is_not_converted():
    assert worth(into="ai_hall_liquid") is None


def test_a_site_without_conversions_has_no_such_freedom():
    network, plan, hours, _ = planned()
    base, case, futures = valued()
    book = settled_book(case, futures.middle, base, by_site=True)
    values = middle_paths(futures.middle, case).values
    assert conversion_value(book, case, site_times(plan, hours, network), values) is None


def test_what_is_converted_is_told():
    assert "2 MW at Site" in worth().text
    assert worth().name == "convert a hall"
    assert worth(count=1).value == pytest.approx(worth(count=4).value)
