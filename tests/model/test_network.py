# SPDX-License-Identifier: Apache-2.0

from datetime import date

import pytest

from loadstone.model.errors import InputError
from loadstone.model.network import AiDemand, Caps, Outlook, Phase, Study

DAY = date(2026, 11, 1)
PHASES = (Phase(year=2027), Phase(year=2028, years=3))


def outlook(**changes):
    given = {
        "btc_price": (1e5, 1e5), "network_eh": (1e3, 1e3), "fee_share": (0.0, 0.1),
        "ai_price_factor": (1.0, 0.9), "power_price_factor": (1.0, 1.0), "source": "x",
        "date": DAY,
    }  # fmt: skip
    return Outlook(**given | changes)


def study(**changes):
    given = {"name": "N", "discount_rate": 0.1, "phases": PHASES, "outlook": outlook()}
    return Study(**given | changes)


def test_a_study_needs_little():
    assert study().currency == "USD"
    assert study(phases=PHASES[:1], outlook=outlook(**{
        name: getattr(outlook(), name)[:1]
        for name in ("btc_price", "network_eh", "fee_share", "ai_price_factor",
                     "power_price_factor")
    })).phases == PHASES[:1]  # fmt: skip


WRONG = {
    "a phase before bitcoin": (lambda: Phase(year=2000), "year"),
    "a phase of no year": (lambda: Phase(year=2027, years=0), "years"),
    "a negative budget": (lambda: Phase(year=2027, budget=-1.0), "budget"),
    "a free bitcoin": (lambda: outlook(btc_price=(0.0, 1e5)), "btc_price"),
    "a negative fee": (lambda: outlook(fee_share=(0.0, -0.1)), "fee_share"),
    "fewer values than phases": (lambda: outlook(network_eh=(1e3,)), "network_eh"),
    "no phase": (lambda: study(phases=()), "phases"),
    "a rate in percent": (lambda: study(discount_rate=10.0), "discount_rate"),
    "a pool that keeps all": (lambda: study(pool_fee=1.0), "pool_fee"),
    "a gap between phases": (
        lambda: study(phases=(Phase(year=2027), Phase(year=2029))),
        "phases.year",
    ),
    "phases without an outlook": (lambda: study(phases=PHASES[:1]), "outlook.btc_price"),
    "demand of the wrong length": (
        lambda: study(ai_demand=(AiDemand(countries=("BR",), max_mw=(1.0,), source="x"),)),
        "ai_demand.max_mw",
    ),
    "a negative cap": (lambda: Caps(country_mw={"BR": -1.0}), "country_mw.BR"),
    "an endless cap": (lambda: Caps(zone_mw={"BR-SE": float("inf")}), "zone_mw.BR-SE"),
    "a negative carbon price": (lambda: Caps(carbon_price=-1.0), "carbon_price"),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_cannot_be_is_refused(case):
    make, field = WRONG[case]
    with pytest.raises(InputError, match=f"^{field} = "):
        make()
