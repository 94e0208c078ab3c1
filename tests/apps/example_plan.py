# SPDX-License-Identifier: Apache-2.0
"""A small invented plan with its hours, for tests of what people see."""

from dataclasses import replace
from datetime import date
from math import ceil

import numpy as np

from loadstone.model.bitcoin import Bitcoin, Halving
from loadstone.model.connection import Connection
from loadstone.model.country import Country, Zone
from loadstone.model.fact import Facts
from loadstone.model.machine import Miner, Server
from loadstone.model.network import Network, Outlook, Phase, Study
from loadstone.model.plan import (
    Build,
    Marginal,
    Plan,
    Resting,
    RuleHit,
    SiteDispatch,
    SiteValue,
    SiteYear,
    Status,
)
from loadstone.model.site import Opening, Site, Standing
from loadstone.model.source import Fact, Source
from loadstone.model.tariff import FlatPrice

DAY = date(2026, 11, 1)
PHASES = (2027, 2028, 2030)
YEARS = {2027: 1, 2028: 2, 2030: 4}
HOURS = np.arange(8760)
MINER, SERVER = "miner:antminer-s21-xp", "server:dgx-b200"
EARNS = {MINER: 88.0, SERVER: 1450.0}  # USD/MWh
CAPEX = {MINER: 1.4e6, SERVER: 29e6, "connection": 0.4e6, "solar": 0.7e6}
TIME_ZONES = {
    "RU": "Asia/Irkutsk",
    "BR": "America/Sao_Paulo",
    "CN": "Asia/Shanghai",
    "IN": "Asia/Kolkata",
}
NAMES = {"RU": "Russia", "BR": "Brazil", "CN": "China", "IN": "India"}


def fact(value: float, unit: str = "1") -> Fact:
    return Fact(value=value, unit=unit, source="invented", date=DAY, confidence="medium")


def facts() -> Facts:
    about = {"source": "invented", "date": DAY, "confidence": "medium"}
    miner = Miner(
        id="antminer-s21-xp", manufacturer="Bitmain", model="Antminer S21 XP",
        hashrate_th=270, power_w=3645, j_per_th=13.5, cooling="air", release="2024-11",
        life=fact(5, "year"), **about,
    )  # fmt: skip
    server = Server(
        id="dgx-b200", manufacturer="NVIDIA", model="DGX B200", accelerator="B200",
        generation="blackwell", chip_country="US", gpus=8, max_kw=14.3, cooling="air",
        release="2025-02", price=replace(
            fact(400_000, "USD"), low=350_000, high=515_000, assumption=True
        ), rental=fact(3.2, "USD/GPU-h"),
        life=fact(5, "year"), curve_absent="nobody published one", **about,
    )  # fmt: skip
    countries = {
        code: Country(
            code=code, name=name, currency="USD", complete=False,
            zones={
                f"{code}-1": Zone(
                    id=f"{code}-1", name=f"{name} one", time_zone=TIME_ZONES[code],
                    carbon=fact(300.0, "kg/MWh"),
                )
            },
        )
        for code, name in NAMES.items()
    }  # fmt: skip
    source = Source(
        title="Decree 1869, <list of regions>", publisher="Government of Example",
        address="https://example.org/decree", read=DAY, licence="public", light="green",
    )  # fmt: skip
    halvings = (Halving(height=0, date=date(2009, 1, 3), source="invented"),)
    return Facts(
        countries=countries, miners={miner.id: miner}, servers={server.id: server}, costs={},
        cooling={}, bitcoin=Bitcoin(halvings=halvings, market=()),
        sources={"invented": source, "decree": source},
    )  # fmt: skip


def site(id_: str, name: str, country: str, place: tuple[float, float], mw: float) -> Site:
    operating = id_ in {"bratsk", "angara"}
    return Site(
        id=id_, name=name, country=country, zone=f"{country}-1",
        region="RU-IRK" if country == "RU" else "", latitude=place[0], longitude=place[1],
        station="S", status="operating" if operating else "candidate", status_date=DAY,
        connection=Connection(
            existing_mw=mw / 2 if operating else 0.0, max_mw=mw, off_grid=id_ == "angara"
        ),
        opening=None if operating else Opening(fixed_cost=2e6, minimum_mw=10.0),
        supply=(FlatPrice(zone="UTC", currency="USD", per_mwh=30.0),),
        standing=(Standing(model="antminer-s21-xp", mw=mw / 2, installed=DAY),)
        if operating
        else (),
        note="Invented.",
    )  # fmt: skip


SITES = (
    site("angara", "Angara", "RU", (58.4, 101.2), 40.0),
    site("bratsk", "Bratsk", "RU", (56.2, 101.6), 120.0),
    site("gujarat", "Kutch", "IN", (23.3, 69.7), 90.0),
    site("ningxia", "Zhongwei", "CN", (37.5, 105.2), 80.0),
    site("para", "Tucuruí <north>", "BR", (-3.8, -49.7), 200.0),
    site("unbuilt", "Recife", "BR", (-8.1, -35.2), 60.0),
)
# what stands in each phase: connection, miners, servers, solar
STANDING = {
    "angara": ((20, 19, 0, 0),) * 3,
    "bratsk": ((60, 57, 0, 0), (90, 60, 24, 0), (120, 60, 48, 0)),
    "gujarat": (None, (60, 20, 30, 30), (90, 20, 55, 60)),
    "ningxia": (None, None, (80, 0, 70, 0)),
    "para": ((100, 95, 0, 0), (200, 150, 40, 0), (200, 120, 66, 0)),
}


def dispatch_of(site_: Site, phase: int, stands: tuple[float, ...]) -> SiteDispatch:
    """Return hours with a daily and a yearly swing; miners run where power is cheap."""
    _, miners, servers, solar_mw = stands
    random = np.random.default_rng(len(site_.id) * phase)
    swing = 14 * np.sin((HOURS % 24 - 8) / 24 * 2 * np.pi) + 10 * np.cos(HOURS / 8760 * 6.283)
    price = np.maximum(52 + swing + 18 * random.standard_normal(8760), -5.0)
    price[random.integers(0, 8760, 30)] *= 6
    solar = solar_mw * np.maximum(0.0, np.sin((HOURS % 24 - 6) / 12 * np.pi)) * 0.8
    mining = np.where(price < EARNS[MINER], miners * 1.04, 0.0)
    ai = np.full(8760, servers * 1.2)
    ai[price > 300] *= 0.9
    use = mining + ai
    zero = np.zeros(8760)
    machines = {MINER: mining} if miners else {}
    machines |= {SERVER: ai} if servers else {}
    return SiteDispatch(
        site=site_.id, phase=phase, grid_import_mw=np.maximum(use - solar, 0.0),
        grid_export_mw=zero, solar_mw=np.minimum(solar, use), wind_mw=zero, charge_mw=zero,
        discharge_mw=zero, stored_mwh=zero, machine_mw=machines, shortage_mw=zero,
        price=price, worth=price,
    )  # fmt: skip


def site_year_of(hours: SiteDispatch, stands: tuple[float, ...]) -> SiteYear:
    connection, miners, servers, solar = stands
    capacities = {"connection": connection, MINER: miners, SERVER: servers, "solar": solar}
    mined = float(sum(mw.sum() for m, mw in hours.machine_mw.items() if m == MINER))
    served = float(sum(mw.sum() for m, mw in hours.machine_mw.items() if m == SERVER))
    energy = float((hours.grid_import_mw * hours.price).sum())
    return SiteYear(
        site=hours.site, phase=hours.phase,
        capacities={asset: float(amount) for asset, amount in capacities.items() if amount},
        energy_mwh={
            "import": float(hours.grid_import_mw.sum()), "mining": mined / 1.04,
            "ai": served / 1.2, "auxiliary": mined - mined / 1.04 + served - served / 1.2,
            "solar": float(hours.solar_mw.sum()),
        },
        revenue={"mining": mined * EARNS[MINER], "ai": served * EARNS[SERVER]},
        cost={
            "energy": energy, "demand": 11_000.0 * connection, "levies": 0.4 * mined,
            "upkeep": 35_000.0 * (miners + servers), "tax": 0.02 * served * EARNS[SERVER],
        },
        annuity=sum(CAPEX[asset] * amount * 0.22 for asset, amount in capacities.items()),
    )  # fmt: skip


def builds() -> tuple[Build, ...]:
    """Return what is added: the rise of each standing amount."""
    found = []
    units = {"connection": "MW", MINER: "MW", SERVER: "MW", "solar": "MW"}
    for place in SITES:
        before = (
            (place.connection.existing_mw, sum(s.mw for s in place.standing), 0.0, 0.0)
            if place.standing
            else (0.0,) * 4
        )
        for phase, stands in zip(PHASES, STANDING.get(place.id, ()), strict=False):
            if stands is None:
                continue
            if place.opening and not any(before):
                row = Build(
                    site=place.id, phase=phase, asset="site", amount=1, unit="1", capex=2e6
                )
                found.append(row)
            for asset, new, old in zip(units, stands, before, strict=True):
                if new > old:
                    cost = (new - old) * CAPEX[asset]
                    found.append(
                        Build(
                            site=place.id, phase=phase, asset=asset, amount=float(new - old),
                            unit=units[asset], capex=cost,
                        )
                    )  # fmt: skip
            before = stands
    return tuple(found)


def value_of(years: list[SiteYear]) -> float:
    return sum(
        (sum(y.revenue.values()) - sum(y.cost.values()) - y.annuity)
        * YEARS[y.phase]
        / 1.1 ** (y.phase - 2027)
        for y in years
    )


MARGINALS = (
    Marginal(
        kind="budget", subject="network", phase=2028, value=0.62, unit="USD",
        text="One more USD of budget in 2028 is worth 0.62 USD.",
    ),
    Marginal(
        kind="connection", subject="bratsk", phase=2030, value=2_400_000.0, unit="MW",
        text="One more MW of connection at Bratsk is worth 2.4 m USD.",
    ),
    Marginal(
        kind="ai_demand", subject="CN", phase=2030, value=1_900_000.0, unit="MW",
        text="One more MW of AI demand in China is worth 1.9 m USD.",
    ),
)  # fmt: skip
RULES = (
    *(RuleHit(
        site="bratsk", phase=phase, hours=2904, source="decree", confidence="high",
        text="Mining must stand still from 15 November to 15 March in RU-IRK.",
    )
    for phase in PHASES),
    RuleHit(
        site="ningxia", phase=2030, hours=8760, source="decree", confidence="medium",
        text="Mining is forbidden in China.",
    ),
    RuleHit(
        site="para", phase=2028, hours=540, source="Connection contract, clause 7",
        confidence="user", text="Mining must stand still from 18 to 20 h in September.",
    ),
)  # fmt: skip


def network() -> Network:
    phases = tuple(Phase(year=year, years=YEARS[year], budget=4e9) for year in PHASES)
    outlook = Outlook(
        btc_price=(95e3,) * 3, network_eh=(1000.0,) * 3, fee_share=(0.02,) * 3,
        ai_price_factor=(1.0,) * 3, power_price_factor=(1.0,) * 3, source="invented", date=DAY,
    )  # fmt: skip
    study = Study(
        name="Five rivers", description="Invented sites on real rivers.", discount_rate=0.10,
        phases=phases, outlook=outlook, miners=("antminer-s21-xp",), servers=("dgx-b200",),
    )  # fmt: skip
    return Network(
        study=study, sites=SITES, facts=facts(), prices={}, drybulb_c={}, wetbulb_c={},
        solar={}, wind={}, carbon_kg_per_mwh={},
    )  # fmt: skip


def example() -> tuple[Plan, tuple[SiteDispatch, ...], Network]:
    """Return a plan whose totals add up, its hours and its network."""
    dispatch, years = [], []
    for place in SITES:
        for phase, stands in zip(PHASES, STANDING.get(place.id, ()), strict=False):
            if stands is not None:
                dispatch.append(dispatch_of(place, phase, stands))
                years.append(site_year_of(dispatch[-1], stands))
    values = []
    for place in SITES:
        own = [year for year in years if year.site == place.id]
        opened = min((year.phase for year in own), default=None)
        values.append(
            SiteValue(id=place.id, country=place.country, npv=value_of(own), opened=opened)
        )
    built = builds()
    objective = sum(value.npv for value in values)
    last = [year for year in years if year.phase == PHASES[-1]]
    shares = {"observed": 0.0, "filled": 0.02, "synthetic": 0.68, "user": 0.30}
    money = {**shares, "user": 0.5, "synthetic": 0.48}
    plan = Plan(
        network="Five rivers", status=Status.OPTIMAL, method="exact", objective=objective,
        bound=objective * 1.0004, gap=0.0004, currency="USD", phases=PHASES, builds=built,
        sites=tuple(values), site_years=tuple(years), marginals=MARGINALS, rules=RULES,
        resting=(
            Resting(input="prices", hours=shares, money=money),
            Resting(input="weather", hours={"observed": 1.0}, money={"observed": 1.0}),
            Resting(input="solar", hours={"synthetic": 1.0}, money={}),
        ),
        assumptions=(
            "The price of a DGX B200 is taken at 400,000 USD, from 350,000 to 515,000.",
            "The minimum charge of Kutch is left out of the search and added afterwards.",
        ),
        metrics={
            "capex": sum(build.capex for build in built),
            "connected_mw": sum(year.capacities["connection"] for year in last),
            "mining_mw": sum(year.capacities.get(MINER, 0.0) for year in last),
            "ai_mw": sum(year.capacities.get(SERVER, 0.0) for year in last),
        },
    )  # fmt: skip
    return plan, tuple(dispatch), network()


def large(sites: int = 43) -> tuple[Plan, tuple[SiteDispatch, ...], Network]:
    """Return the same with many sites and five phases, to see sizes."""
    plan, _, small = example()
    phases = tuple(range(2027, 2032))
    random = np.random.default_rng(1)
    places, dispatch, years, values = [], [], [], []
    models = [place for place in SITES if place.id != "unbuilt"]
    for i in range(sites):
        model = models[i % len(models)] if i > 25 else models[i % 2]
        shift = random.normal(0, [3.0, 12.0]) if i > 1 else (0, 0)
        place = replace(
            model, id=f"s{i:02d}", name=f"{model.name} {ceil(i / 5)}",
            latitude=float(np.clip(model.latitude + shift[0], -30, 68)),
            longitude=model.longitude + float(shift[1]),
        )  # fmt: skip
        places.append(place)
        opens = int(random.integers(0, 6))
        own = []
        for phase in phases[opens:]:
            stands = (80.0 + i, 40.0 + i / 2 if model.country != "CN" else 0.0, 24.0, 0.0)
            dispatch.append(dispatch_of(place, phase, stands))
            own.append(site_year_of(dispatch[-1], stands))
        years += own
        worth = sum(sum(y.revenue.values()) - sum(y.cost.values()) - y.annuity for y in own)
        opened = own[0].phase if own else None
        values.append(SiteValue(id=place.id, country=place.country, npv=worth, opened=opened))
    built = tuple(
        Build(
            site=year.site, phase=year.phase, asset=asset, amount=amount, unit="MW",
            capex=amount * CAPEX[asset],
        )
        for year in years
        if any(v.id == year.site and v.opened == year.phase for v in values)
        for asset, amount in year.capacities.items()
    )  # fmt: skip
    total = sum(value.npv for value in values)
    plan = replace(
        plan, phases=phases, builds=built, sites=tuple(values), site_years=tuple(years),
        objective=total, bound=total * 1.0004, rules=(),
        marginals=tuple(
            Marginal(
                kind="connection", subject=p.id, phase=2029, value=1e6 / (i + 1), unit="MW",
                text=f"One more MW at {p.name} is worth {1 / (i + 1):.2f} m USD.",
            )
            for i, p in enumerate(places)
        ),
    )  # fmt: skip
    study = replace(
        small.study,
        phases=tuple(Phase(year=year) for year in phases),
        outlook=Outlook(
            btc_price=(95e3,) * 5, network_eh=(1e3,) * 5, fee_share=(0.02,) * 5,
            ai_price_factor=(1.0,) * 5, power_price_factor=(1.0,) * 5, source="x", date=DAY,
        ),
    )  # fmt: skip
    return plan, tuple(dispatch), replace(small, study=study, sites=tuple(places))
