# SPDX-License-Identifier: Apache-2.0
"""Worked examples of deals that others published."""

from datetime import date

import pytest

from loadstone.engines.finance.waterfall import Project, run
from loadstone.model.finance.deal import Deal, Hurdle, Tranche


def test_a_hurdle_of_8_with_a_catch_up_of_90_percent():
    """Source: "Carried Interest Waterfall with Catch-Up", scribd.com/document/453553837.

    3,200,000 on 31 December 2019, 4,913,794 on 30 June 2024, 8 % compounded over 4.5 years,
    20 % carry: investors have 4,524,357 first, then 46,678; the general partner 342,759, which
    is 20.0 % of the gain. (Its net rate of return, printed as 8.3 %, is 8.2 % by our count.)
    """
    deal = Deal(
        id="published",
        style="european",
        currency="USD",
        commitment=3_200_000.0,
        tranches=(Tranche(investor="lp", commitment=3_200_000.0),),
        hurdles=(Hurdle(rate=0.08, carry=0.20, catch_up=0.9),),
        days="30/360",
        source="published",
    )
    days = (date(2019, 12, 31), date(2024, 6, 30))
    project = Project(id="a", units=(-3_200_000_00, 4_913_794_00))
    paid = {}
    for posting in run(deal, "USD", [project], days):
        paid[posting.tier] = paid.get(posting.tier, 0) + posting.units / 100
    assert paid["capital"] + paid["preferred"] == pytest.approx(4_524_357, abs=1)
    assert paid["catch-up"] + paid["carry"] == pytest.approx(342_759, abs=1)
    assert paid["split"] == pytest.approx(46_678, abs=1)
