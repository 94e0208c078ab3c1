# SPDX-License-Identifier: Apache-2.0
"""An invented decision beside the invented plan, for tests of what people see."""

from dataclasses import replace

from loadstone.model.decision import (
    BreakEven,
    CountryRow,
    Decision,
    Month,
    Sensitivity,
    Stressed,
    Truth,
    UseYear,
    Variant,
)
from loadstone.model.plan import CapitalYear, OfferResult, Plan, SiteGate
from tests.apps.example_plan import example, large

STRESSES = {
    "hashprice 20": "Hashprice is 20 USD/PH/day in every phase.",
    "hashprice 15": "Hashprice is 15 USD/PH/day in every phase.",
    "AI -60 %": "AI prices that are not contracted fall by 60 %.",
    "halving unpaid, AI -60 %": "Hashprice halves in 2028 and stays; AI prices fall by 60 %.",
    "power +50 %": "Energy prices are half as high again.",
    "connection 2 years late": "New connection comes two years late.",
}
# share of the plan's value by stress; None: cannot be carried out
SHARES = {
    "plan": (0.62, 0.41, 0.08, -0.24, 0.55, 0.31),
    "most mining": (0.49, 0.22, 0.17, -0.29, 0.41, 0.34),
    "most AI": (0.70, 0.58, -0.12, -0.31, 0.63, 0.24),
    "fewest sites": (0.61, 0.40, 0.06, -0.26, 0.53, 0.19),
    "least capital": (0.60, 0.38, 0.21, -0.05, 0.52, 0.37),
    "least of the largest country": (0.58, 0.37, 0.05, -0.27, 0.50, 0.35),
    "AI only": (0.66, 0.66, -0.19, -0.19, 0.58, 0.11),
    "mine only": (-0.04, -0.21, 0.28, -0.21, 0.12, 0.21),
    "wait": (0.44, 0.33, 0.19, 0.02, 0.41, None),
}


def variants(worth: float) -> tuple[Variant, ...]:
    """Return the plan, five alternatives, three restrictions and two switches."""
    plan = Variant(
        name="plan", kind="plan", text="The plan that is worth most.", value=worth,
        bound=1.0004 * worth, connected_mw=2840.0, mining_mw=1212.4, ai_mw=618.0,
        leased_mw=300.0, hosted_mw=85.0, sites=31, capex=2.9 * worth, largest_country="RU",
        largest_country_mw=1120.0,
    )  # fmt: skip
    within = [
        ("most mining", "Most own mining of all plans worth nearly as much.", 0.9912,
         1388.2, 1392.9, "MW", {"mining_mw": 1388.2, "ai_mw": 561.0, "sites": 33}),
        ("most AI", "Most own AI servers of all plans worth nearly as much.", 0.9904,
         702.5, 706.1, "MW", {"mining_mw": 1049.0, "ai_mw": 702.5, "capex": 3.2 * worth}),
        ("fewest sites", "Fewest sites of all plans worth nearly as much.", 0.9921,
         22.0, 22.0, "1", {"sites": 22, "mining_mw": 1126.5}),
        ("least capital", "Least capital of all plans worth nearly as much.", 0.9901,
         2.31 * worth, 2.29 * worth, "USD",
         {"capex": 2.31 * worth, "mining_mw": 1016.0, "ai_mw": 455.0}),
        ("least of the largest country", "Least connection in Russia of such plans.", 0.9908,
         806.0, 798.7, "MW", {"largest_country_mw": 806.0, "sites": 34}),
    ]  # fmt: skip
    alternatives = [
        replace(
            plan, name=name, kind="alternative", text=text, value=share * worth,
            amount=amount, amount_bound=bound, unit=unit, **other,
        )
        for name, text, share, amount, bound, unit, other in within
    ]  # fmt: skip
    restricted = [
        ("AI only", "No new miners anywhere.", 0.71, {"mining_mw": 164.0, "hosted_mw": 0.0}),
        ("mine only", "No new AI servers and no leases.", 0.46,
         {"ai_mw": 0.0, "leased_mw": 0.0, "capex": 0.6 * worth}),
        ("wait", "Nothing is built in the first phase.", 0.88, {"sites": 29}),
    ]  # fmt: skip
    switched = [
        ("without the firmness rule", "AI load may stand on power that is not firm.", 1.034,
         {"ai_mw": 671.0}),
        ("no mining in the undrawn lease", "Only firm hours of the lease are mined.", 0.987,
         {"mining_mw": 1190.0}),
    ]  # fmt: skip
    others = [
        replace(
            plan, name=name, kind=kind, text=text, value=share * worth,
            bound=1.0006 * share * worth, **other,
        )
        for kind, rows in (("restricted", restricted), ("switch", switched))
        for name, text, share, other in rows
    ]  # fmt: skip
    return (plan, *alternatives, *others)


def sensitivities(worth: float) -> tuple[Sensitivity, ...]:
    hashprice = {15: 0.41, 20: 0.62, 25: 0.78, 30: 0.9, 40: 1.14, 50: 1.42, 60: 1.73}
    ai = {0.4: 0.08, 0.6: 0.34, 0.8: 0.66, 1.0: 1.0, 1.2: 1.37}
    power = {0.5: 1.46, 0.75: 1.23, 1.0: 1.0, 1.25: 0.77, 1.5: 0.55, 2.0: -0.21}
    return tuple(
        Sensitivity(factor=factor, at=float(at), value=share * worth)
        for factor, points in (
            ("hashprice", hashprice),
            ("ai_price", ai),
            ("power_price", power),
        )
        for at, share in points.items()
    )


def months(site: str = "bratsk") -> tuple[Month, ...]:
    """Return a campus: two of three 50 MW transformers are firm, a lease starts in 2029."""
    found = []
    for k in range(60):
        year, month = 2027 + k // 12, k % 12 + 1
        energised = 50.0 if k < 6 else 100.0 if k < 18 else 150.0
        leased = 100.0 if k >= 24 else 0.0
        drawn = 0.68 * leased
        winter = 1.0 if month in {11, 12, 1, 2, 3} else 0.93
        found.append(
            Month(
                site=site, month=f"{year}-{month:02d}", firm_mw=max(energised - 50, 0.0),
                energised_mw=energised, leased_mw=leased, leased_drawn_mw=drawn,
                cloud_mw=0.0, mining_mw=max(energised - drawn - 6, 0.0) * winter,
                hosting_mw=5.0 if k >= 6 else 0.0,
            )
        )  # fmt: skip
    return tuple(found)


def countries(worth: float) -> tuple[CountryRow, ...]:
    rows = [
        ("RU", 0.41, 1120.0, 640.0, 120.0, 0.0, 34.2, 0.14),
        ("BR", 0.28, 690.0, 310.0, 180.0, 200.0, 41.7, 0.11),
        ("IN", 0.19, 520.0, 130.0, 240.0, 100.0, 63.0, 0.12),
        ("CN", 0.12, 510.0, 0.0, 78.0, 0.0, 58.4, 0.10),
    ]
    return tuple(
        CountryRow(
            code=code, value=share * worth, capex=2.9 * share * worth, connected_mw=mw,
            mining_mw=mining, ai_mw=ai, leased_mw=leased, hosted_mw=85.0 if code == "RU" else 0,
            energy_mwh=7000 * mw, power_cost=power, revenue=0.4 * share * worth,
            discount_rate=rate,
        )
        for code, share, mw, mining, ai, leased, power, rate in rows
    )  # fmt: skip


def uses(phases: tuple[float, ...]) -> tuple[UseYear, ...]:
    """Return power that grows over the phases."""
    last = max(len(phases) - 1, 1)
    return tuple(
        UseYear(
            phase=phase, energised_mw=900 + 1940 * k / last,
            leased_mw=360.0 * (k > 1), leased_drawn_mw=252.0 * (k > 1),
            cloud_mw=720 * k / last, mining_mw=690 + 480 * k / last,
            hosting_mw=80.0 * (k > 0),
        )
        for k, phase in enumerate(phases)
    )  # fmt: skip


TRUTHS = (
    ("Hashprice is 52 USD/PH/day in 2027 and no less than 31 in 2031; the plan is worth "
     "nothing below 7.", "Outlook of the network; computed"),
    ("AI prices fall no faster than 12 % a year; 60 % at once costs 92 % of the value.",
     "Outlook of the network; computed"),
    ("1,940 MW of new connection are energised by 2031 as 31 sites ask for them.",
     "Lead times of the sites"),
    ("Angara and Bratsk keep their price of power of 34 USD/MWh.", "Stated by the user"),
    ("The tenant of the lease in Tucuruí pays for ten years, drawn or not.",
     "Offer of the network"),
    ("Mining stays lawful outside the hours that the rules name.", "Rules, read 2026-11-01"),
    ("Servers of the Blackwell generation may be exported to India and Brazil.",
     "Eligibility rows, 2026-10-01"),
)  # fmt: skip


def decision(plan: Plan, *, site: str = "bratsk") -> Decision:
    """Return what stands beside a plan; all of it is invented."""
    worth = plan.objective
    return Decision(
        slack=0.01, variants=variants(worth),
        stressed=tuple(
            Stressed(
                name=name, text=text,
                values={
                    plan_name: None if shares[i] is None else shares[i] * worth
                    for plan_name, shares in SHARES.items()
                },
            )
            for i, (name, text) in enumerate(STRESSES.items())
        ),
        sensitivities=sensitivities(worth),
        break_even=BreakEven(
            hashprice=None, power_factor=1.86, mining_hashprice=27.4, mining_power=61.0
        ),
        contracted_share=0.37, uses=uses(plan.phases), countries=countries(worth),
        months=months(site), truths=tuple(Truth(text=t, basis=b) for t, b in TRUTHS),
        notes=("The five alternatives were found within the hours of the plan.",),
    )  # fmt: skip


OFFERS = (
    OfferResult(
        id="acme", kind="lease", site="para", taken=True, from_phase=2030, mw=60.0,
        text="60 MW for 10 years at 140 USD per kW-month, power paid by the tenant.",
    ),
    OfferResult(
        id="north", kind="hosting", site="bratsk", taken=False, from_phase=None, mw=0.0,
        text="Own miners earn more than the fee of 62 USD/MWh in the same hall.",
    ),
)  # fmt: skip
GATES = (
    SiteGate(
        site="gujarat", kind="permit", uses=("ai",), opens="2027-09-01", probability=0.7,
        used=True, text="Building permit for halls of more than 20 MW.", source="decree",
    ),
    SiteGate(
        site="unbuilt", kind="land", uses=("mining", "ai"), opens="", probability=0.2,
        used=False, text="The land is not for sale.", source="decree",
    ),
)  # fmt: skip


def asked(plan: Plan) -> Plan:
    """Return a plan with offers, gates, a lease that stands, and when its capital is paid."""
    years = tuple(
        replace(
            year, capacities={**year.capacities, "lease:acme": 60.0, "hosting:south": 12.0},
            revenue={**year.revenue, "rent": 60_000 * 140 * 12.0, "lease power": 9e6,
                     "hosting": 5e6},
        )
        if (year.site, year.phase) == ("para", 2030)
        else year
        for year in plan.site_years
    )  # fmt: skip
    capital = tuple(
        CapitalYear(
            phase=phase,
            by_asset={
                kind: sum(
                    build.capex for build in plan.builds
                    if build.phase == phase and build.asset.partition(":")[0] == kind
                )
                for kind in ("connection", "miner", "server", "solar", "site")
            },
        )
        for phase in plan.phases
    )  # fmt: skip
    return replace(plan, offers=OFFERS, gates=GATES, site_years=years, capital=capital)


def decided():
    """Return the example of five sites: plan, hours, network and decision."""
    plan, dispatch, network = example()
    plan = asked(plan)
    return plan, dispatch, network, decision(plan)


def large_decided():
    """Return the example of 43 sites, with numbers of the size of the reference network."""
    plan, dispatch, network = large()
    scale = 2.26e9 / plan.objective
    sites = tuple(replace(site, npv=scale * site.npv) for site in plan.sites)
    less = 2.9 * 2.26e9 / sum(build.capex for build in plan.builds)
    builds = tuple(replace(build, capex=less * build.capex) for build in plan.builds)
    plan = replace(plan, sites=sites, builds=builds, objective=2.26e9, bound=2.26e9 * 1.0004)
    return plan, dispatch, network, decision(plan, site="s01")
