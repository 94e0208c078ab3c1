# SPDX-License-Identifier: Apache-2.0
"""A network small enough to count by hand: one invented country, round numbers, one miner.

Without changes: hashprice is 72 USD/PH/day, so that the miner, at 20 J/TH, earns 150 USD/MWh
at its plug; a hall draws 1.05 of that; machines always run; power costs what a test says.
"""

from dataclasses import dataclass, replace
from datetime import date

import numpy as np

from loadstone.engines.plan.exact import Search
from loadstone.engines.plan.lower import Lowered, lower
from loadstone.engines.plan.result import plan_of
from loadstone.engines.plan.solution import BlockDispatch, Solution
from loadstone.engines.revenue import hashprice_of_network
from loadstone.model.bitcoin import Bitcoin, Halving
from loadstone.model.connection import Connection
from loadstone.model.cooling import CoolingPlant
from loadstone.model.country import Country, ImportDuty, Treatment, Zone
from loadstone.model.fact import Facts
from loadstone.model.machine import Miner, Server
from loadstone.model.network import Network, Outlook, Phase, Study
from loadstone.model.plan import Plan
from loadstone.model.rule import MiningRule
from loadstone.model.series import Provenance, Series
from loadstone.model.site import Limits, Site
from loadstone.model.source import Fact, Source
from loadstone.model.tariff import FlatPrice, SpotPrice

DAY = date(2026, 11, 1)
HOURS = 8760
EARNED = 150.0  # USD/MWh at the miner's plug, before the pool and tax
PUE = 1.05
RATE = 0.10
TAX, VAT, DUTY, WRITE_OFF = 0.25, 0.20, 0.10, 5.0

COSTS = {
    "connection": (200_000.0, "USD/MW"),
    "mining-site-air": (400_000.0, "USD/MW"),
    "mining-site-hydro": (600_000.0, "USD/MW"),
    "ai-hall-air": (10e6, "USD/MW"),
    "ai-hall-liquid": (11e6, "USD/MW"),
    "solar": (600_000.0, "USD/MW"),
    "wind": (1e6, "USD/MW"),
    "battery-energy": (125_000.0, "USD/MWh"),
    "battery-power": (80_000.0, "USD/MW"),
    "battery-efficiency": (0.81, "1"),
    "staff-mining-hall": (10_000.0, "USD/MW-year"),
    "repairs-mining-hall": (20_000.0, "USD/MW-year"),
    "staff-ai-hall": (100_000.0, "USD/MW-year"),
    "repairs-ai-hall": (150_000.0, "USD/MW-year"),
    "repairs-solar": (14_000.0, "USD/MW-year"),
    "repairs-wind": (35_000.0, "USD/MW-year"),
    "repairs-battery": (8_000.0, "USD/MW-year"),
    "insurance": (0.0, "1/year"),
    "property-tax": (0.0, "1/year"),
    "decommissioning": (0.0, "1"),
    "conversion-ai-air": (6e6, "USD/MW"),
    "conversion-ai-liquid": (7e6, "USD/MW"),
    "conversion-months": (12.0, "month"),
    "availability-mining": (1.0, "1"),
    "availability-ai": (1.0, "1"),
    "transformer": (50_000.0, "USD/MW"),
    "backup": (900_000.0, "USD/MW"),
    "backup-fuel": (300.0, "USD/MWh"),
    "repairs-backup": (10_000.0, "USD/MW-year"),
    "lead-transformer": (0.0, "year"),
    "lead-backup": (0.0, "year"),
    "lead-mining-hall": (0.0, "year"),
    "lead-ai-hall": (0.0, "year"),
    "lead-miners": (0.0, "year"),
    "lead-servers": (0.0, "year"),
    "life-transformer": (35.0, "year"),
    "life-backup": (25.0, "year"),
    "life-mining-site": (10.0, "year"),
    "life-ai-hall": (15.0, "year"),
    "life-solar": (25.0, "year"),
    "life-wind": (25.0, "year"),
    "life-battery": (15.0, "year"),
}


def fact(value, unit="1", **changes):
    return Fact(
        value=value, unit=unit, source="invented", date=DAY, confidence="high", **changes
    )


def treatment(rate=0.0, deductible=1.0, vat_back=1.0):
    return Treatment(
        rate=fact(rate),
        deductible_share=fact(deductible),
        input_vat_recoverable_share=fact(vat_back),
    )


def cooling(name, use):
    return CoolingPlant(
        name=name, use=use, supply_c=45.0, tower_approach_k=0.0, exchanger_approach_k=0.0,
        band_k=4.0, eta=0.5, condenser_approach_k=10.0, fan_share=0.02, pump_share=0.0,
        electrical_loss_share=0.03, dry=True, source="invented", date=DAY, confidence="high",
    )  # fmt: skip


MINER = Miner(
    id="miner", manufacturer="Nobody", model="M", hashrate_th=200.0, power_w=4000.0,
    j_per_th=20.0, cooling="air", release="2025", price=fact(4000.0, "USD"),
    life=fact(4.0, "year"), source="invented", date=DAY, confidence="high",
)  # fmt: skip
SERVER = Server(
    id="server", manufacturer="Nobody", model="S", accelerator="G", generation="first",
    chip_country="AA", gpus=8, max_kw=10.0, cooling="air", release="2025-01",
    price=fact(200_000.0, "USD"), rental=fact(2.0, "USD/GPU-h"), life=fact(5.0, "year"),
    curve_absent="invented", source="invented", date=DAY, confidence="high",
)  # fmt: skip


def country(mining=None, ai=None, rules=(), **changes):
    zones = {
        name: Zone(id=name, name=name, time_zone="UTC", carbon=fact(500.0, "kg/MWh"))
        for name in ("A1", "A2")
    }
    given = {
        "code": "AA", "name": "Aland", "currency": "USD", "complete": True, "zones": zones,
        "mining": mining or treatment(), "ai": ai or treatment(), "vat": fact(VAT),
        "depreciation": fact(WRITE_OFF, "year"), "rules": tuple(rules),
        "duties": (ImportDuty(id="duty", use="mining", rate=fact(0.0), source="invented",
                              date=DAY, confidence="high"),),
    }  # fmt: skip
    return Country(**given | changes)


def ban(window="", start=date(2020, 1, 1), end=None):
    return MiningRule(
        id="ban", region="AA", window=window, effective_from=start, effective_to=end,
        source="law", date=DAY, confidence="high",
    )  # fmt: skip


def facts(**changes):
    given = {
        "countries": {"AA": country()},
        "miners": {"miner": MINER},
        "servers": {"server": SERVER},
        "costs": {id_: fact(*row) for id_, row in COSTS.items()},
        "cooling": {
            "mining-air": cooling("hall", "mining"),
            "ai-chilled-water": cooling("hall", "ai"),
            "ai-liquid": cooling("hall", "ai"),
        },
        "bitcoin": Bitcoin(
            halvings=tuple(
                Halving(height=210_000 * i, date=day, source="invented")
                for i, day in enumerate(
                    (date(2009, 1, 3), date(2012, 11, 28), date(2016, 7, 9),
                     date(2020, 5, 11), date(2024, 4, 20), date(2098, 4, 1))
                )
            ),
            market=(),
        ),
        "sources": {
            "invented": _source("Numbers invented for a test"),
            "law": _source("Act of a test"),
        },
    }  # fmt: skip
    return Facts(**given | changes)


def _source(title):
    return Source(title=title, publisher="Nobody", read=DAY, licence="none", light="green")


def outlook(phases, **changes):
    """Return a future in which a miner of 20 J/TH earns `EARNED`."""
    count = len(phases)
    # hashprice is linear in the price of a bitcoin
    one = hashprice_of_network(1000.0, 1.0, subsidy_btc=3.125)
    price = EARNED * 24 * MINER.j_per_th / 1000 / one
    given = {
        "btc_price": (price,) * count, "network_eh": (1000.0,) * count,
        "fee_share": (0.0,) * count, "ai_price_factor": (1.0,) * count,
        "power_price_factor": (1.0,) * count, "source": "a test", "date": DAY,
    }  # fmt: skip
    return Outlook(**given | changes)


def study(years=(2027,), last=1, **changes):
    phases = changes.pop("phases", None) or tuple(
        Phase(year=year, years=last if year == years[-1] else 1) for year in years
    )
    given = {
        "name": "Tiny", "discount_rate": RATE, "phases": phases, "miners": ("miner",),
        "pool_fee": 0.0, "outlook": changes.pop("outlook", None) or outlook(phases),
    }  # fmt: skip
    return Study(**given | changes)


def flat(per_mwh=50.0):
    return FlatPrice(currency="USD", zone="UTC", per_mwh=per_mwh, name="flat")


def spot(adder=0.0):
    return SpotPrice(currency="USD", zone="UTC", series="A1", adder_per_mwh=adder, name="spot")


def site(id_="site", **changes):
    """Return a planned site that may mine with up to 10 MW at the meter, and do no AI."""
    given = {
        "id": id_, "name": id_.title(), "country": "AA", "zone": "A1", "region": "AA-X",
        "latitude": 0.0, "longitude": 0.0, "station": "ST", "status": "planned",
        "status_date": DAY, "connection": Connection(max_mw=10.0), "supply": (flat(),),
        "limits": Limits(ai_mw=0.0),
    }  # fmt: skip
    return Site(**given | changes)


def series(kind, variable, unit, values, *, provenance=Provenance.SYNTHETIC, zone="A1"):
    codes = np.full(HOURS, int(provenance), dtype=np.int8)
    return Series(
        kind=kind, zone=zone, variable=variable, unit=unit, year=2025,
        currency="USD" if kind == "prices" else "", values=np.asarray(values, dtype=float),
        provenance=codes, source="a test",
    )  # fmt: skip


def daily_prices():
    """Return prices that swing by 40 USD/MWh through the day around 60."""
    return 60 + 40 * np.sin(np.arange(HOURS) * 2 * np.pi / 24)


def network(*sites, given=None, prices=None, solar=None, **changes):
    """Return a network; further words change its study."""
    weather = np.full(HOURS, 10.0)
    return Network(
        study=study(**changes),
        sites=sites or (site(),),
        facts=given or facts(),
        prices={
            "A1": series(
                "prices", "price", "USD/MWh", daily_prices() if prices is None else prices
            )
        },
        drybulb_c={"ST": series("weather", "drybulb_c", "degC", weather)},
        wetbulb_c={"ST": series("weather", "wetbulb_c", "degC", weather)},
        solar={} if solar is None else {
            one.id: series("solar", "capacity_factor", "1", solar) for one in sites
        },
        wind={},
        carbon_kg_per_mwh={},
    )  # fmt: skip


@dataclass(frozen=True)
class Solved:
    """A network with its plan, as far as every stage."""

    lowered: Lowered
    solution: Solution
    hours: tuple[BlockDispatch, ...]
    plan: Plan

    def built(self, asset, site=None):
        """Return how much of an asset the plan adds in all phases."""
        return sum(
            b.amount for b in self.plan.builds if b.asset == asset and site in (None, b.site)
        )

    def power(self, phase=0, site=0):
        """Return the power of every segment of a block by name."""
        b = self.lowered.sites[site].blocks[phase]
        segments = self.lowered.problem.blocks[b].segments
        return {s.name: self.hours[b].power[j] for j, s in enumerate(segments)}

    def year(self, phase=2027, site="site"):
        """Return what the books say of a site's year."""
        return next(y for y in self.plan.site_years if (y.site, y.phase) == (site, phase))

    def stands(self, asset, phase=0, site=0):
        """Return how much of an asset stands in a phase."""
        column = self.lowered.sites[site].amounts.get((asset, phase))
        return 0.0 if column is None else float(self.solution.columns[column])


def solve(of, gap=1e-9):
    """Return the best plan of a network."""
    lowered = lower(of)
    search = Search(lowered.problem, gap=gap)
    for progress in search.steps():
        assert progress.round < 500
    solution, hours = search.solution(), search.dispatch()
    plan = plan_of(lowered, solution, hours, method="exact")
    return Solved(lowered=lowered, solution=solution, hours=hours, plan=plan)


def annuity(life, rate=RATE):
    """Return the payment at the end of each year that repays 1 over a life."""
    return 1 / sum((1 + rate) ** -k for k in range(1, int(life) + 1))


def with_costs(**values):
    """Return facts with other costs, by id with _ for -."""
    rows = {id_.replace("_", "-"): value for id_, value in values.items()}
    given = facts()
    costs = {
        id_: replace(one, value=rows[id_]) if id_ in rows else one
        for id_, one in given.costs.items()
    }
    return replace(given, costs=costs)
