# SPDX-License-Identifier: Apache-2.0
"""What must be true for a plan to be right, and the prices at which it is worth nothing."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from loadstone.engines.plan.decide.counts import LEAST_MW, standing
from loadstone.engines.plan.lower import Lowered
from loadstone.model.decision import BreakEven, Sensitivity, Truth
from loadstone.model.plan import Plan, Year

LEAST_LOST = 1e-3  # of the value: as exactly as plans beside it are valued
MOST_SITES = 3  # named in a sentence; the report has all
DAY_H = 24.0
WORDS = {"mining": "mining", "ai": "AI"}


@dataclass(frozen=True, slots=True)
class Mined:
    """The miners' mean hour in one phase.

    Attributes:
        per_mwh: What a MWh at the meter costs, network currency.
        j_per_th: Efficiency at the plugs of what runs, J/TH.
        pue: Power at the meter over power at the plugs.
    """

    per_mwh: float
    j_per_th: float
    pue: float


def zero_of(sensitivities: Sequence[Sensitivity], factor: str) -> float | None:
    """Return where the value crosses 0, linear between the numbers tried; None: nowhere."""
    points = sorted((s.at, s.value) for s in sensitivities if s.factor == factor)
    for (x0, y0), (x1, y1) in pairwise(points):
        if (y0 < 0) != (y1 < 0):
            return x0 + (x1 - x0) * y0 / (y0 - y1)
    return None


def break_even(lowered: Lowered, plan: Plan, sensitivities: Sequence[Sensitivity]) -> BreakEven:
    """Return the prices at which the plan, or its mining, is worth nothing."""
    mined = _mined(lowered, plan)
    hashprice = power = None
    if mined is not None:
        kept = 1 - lowered.network.study.pool_fee
        usd = lowered.sites[0].economy.per("USD")
        phase, mean = mined
        per_unit = DAY_H * mean.j_per_th / 1000 * mean.pue / kept / usd
        hashprice = mean.per_mwh * per_unit
        power = lowered.sites[0].economy.hashprice(phase) / per_unit
    return BreakEven(
        hashprice=zero_of(sensitivities, "hashprice"),
        power_factor=zero_of(sensitivities, "power_price"),
        mining_hashprice=hashprice,
        mining_power=power,
    )


def _mined(lowered: Lowered, plan: Plan) -> tuple[int, Mined] | None:
    """Return the first phase that mines, and its mean hour over all sites."""
    for p, phase in enumerate(plan.phases):
        years = {y.site: y for y in plan.site_years if y.phase == phase}
        at_plugs = at_bus = paid = terahashes = 0.0
        for site in lowered.sites:
            year = years.get(site.site.id)
            mined = year.energy_mwh.get("mining", 0.0) if year else 0.0
            if year is None or mined <= 0:
                continue
            bus = mined * float(site.hours[p].mining_pue.mean())
            drawn = max(year.energy_mwh.get("import", 0.0), bus)
            power = sum(
                year.cost.get(k, 0.0) for k in ("energy", "levies", "demand", "connection")
            )
            fleet = {
                asset.split(":")[1]: mw
                for asset, mw in year.capacities.items()
                if asset.startswith("miner:")
            }
            facts = lowered.network.facts.miners
            mw = sum(fleet.values())
            mean = sum(facts[id_].j_per_th * m for id_, m in fleet.items()) / max(mw, LEAST_MW)
            at_plugs, at_bus = at_plugs + mined, at_bus + bus
            paid += power * bus / drawn
            terahashes += mined / max(mean, 1e-9)
        if at_plugs > 0:
            mean = at_plugs / terahashes
            return p, Mined(per_mwh=paid / at_bus, j_per_th=mean, pue=at_bus / at_plugs)
    return None


def truths(
    lowered: Lowered, plan: Plan, found: BreakEven, sensitivities: Sequence[Sensitivity]
) -> tuple[Truth, ...]:
    """Return what must be true, most telling first."""
    return (
        *_of_hashprice(lowered, plan, found),
        *_of_prices(plan, found, sensitivities),
        *_of_connection(lowered, plan),
        *_of_gates(lowered, plan),
        *_of_offers(lowered, plan),
        *_of_demand(lowered, plan),
        *_of_evidence(plan),
    )


def _span(values: Sequence[float], digits: int = 0) -> str:
    low, high = min(values), max(values)
    if round(low, digits) == round(high, digits):
        return f"{low:.{digits}f}"
    return f"{low:.{digits}f} to {high:.{digits}f}"


def _of_hashprice(lowered: Lowered, plan: Plan, found: BreakEven) -> Iterator[Truth]:
    if not any(standing(year)["mining_mw"] > LEAST_MW for year in plan.site_years):
        return
    economy = lowered.sites[0].economy
    prices = [economy.hashprice(p) for p in range(len(plan.phases))]
    source = f"outlook: {lowered.network.study.outlook.source}"
    parts = [f"Hashprice is {_span(prices)} USD/PH/day"]
    if found.mining_hashprice is not None:
        parts.append(f"the miners' power is paid down to {found.mining_hashprice:.0f}")
    if found.hashprice is not None:
        parts.append(f"below {found.hashprice:.0f} in all years the plan is worth nothing")
    yield Truth(text="; ".join(parts) + ".", basis=source)


def _of_prices(
    plan: Plan, found: BreakEven, sensitivities: Sequence[Sensitivity]
) -> Iterator[Truth]:
    ai = {s.at: s.value for s in sensitivities if s.factor == "ai_price"}
    lost = ai[1.0] - ai[min(ai)] if 1.0 in ai else 0.0
    if lost > LEAST_LOST * abs(ai.get(1.0, 0.0)):
        yield Truth(
            text=f"AI by the hour sells at the outlook's prices: at {min(ai):.0%} of "
            f"them the plan is worth {lost / 1e6:,.1f} million {plan.currency} less.",
            basis="the plan valued again, its builds held",
        )
    if found.power_factor is not None:
        yield Truth(
            text=f"Energy costs less than {found.power_factor:.2f} times what is stated: there "
            "the plan is worth nothing.",
            basis="the plan valued again, its builds held",
        )


def _of_connection(lowered: Lowered, plan: Plan) -> Iterator[Truth]:
    names = {site.site.id: site.site.name for site in lowered.sites}
    added: dict[Year, dict[str, float]] = {}
    for build in plan.builds:
        if build.asset.startswith("connection") and build.amount > LEAST_MW:
            sites = added.setdefault(build.phase, {})
            sites[build.site] = sites.get(build.site, 0.0) + build.amount
    for phase, sites in sorted(added.items()):
        first = sorted(sites, key=lambda site: -sites[site])
        named = ", ".join(f"{names[s]} {sites[s]:.0f} MW" for s in first[:MOST_SITES])
        left = len(first) - MOST_SITES
        more = f" and {left} more {'site' if left == 1 else 'sites'}" if left > 0 else ""
        yield Truth(
            text=f"{sum(sites.values()):,.0f} MW of new connection are energised by the start "
            f"of {phase_words(phase)}: {named}{more}.",
            basis="connection contracts and tranches as entered",
        )


def phase_words(phase: Year) -> str:
    """Return the start of a phase in words."""
    return str(phase) if phase == int(phase) else f"July {int(phase)}"


def _of_gates(lowered: Lowered, plan: Plan) -> Iterator[Truth]:
    """Yield what sites wait for, the least likely first; many in one sentence."""
    used = {build.site for build in plan.builds}
    waits = [
        (gate, site.site.name)
        for site in lowered.sites
        if site.site.id in used
        for gate in site.site.gates
        if gate.opens is not None and gate.probability < 1
    ]
    waits.sort(key=lambda wait: (wait[0].probability, wait[1]))
    if not waits:
        return
    told = [
        f"{name}: {gate.kind} for {' and '.join(WORDS[use] for use in gate.uses)} by "
        f"{gate.opens} (held {gate.probability:.0%} likely)"
        for gate, name in waits[:MOST_SITES]
    ]
    more = len(waits) - len(told)
    rest = f"; and {more} more that are likelier" if more else ""
    sources = dict.fromkeys(gate.source for gate, _ in waits[:MOST_SITES])
    yield Truth(text=f"{'; '.join(told)}{rest}.", basis="; ".join(sources))


def _of_offers(lowered: Lowered, plan: Plan) -> Iterator[Truth]:
    taken = {offer.id for offer in plan.offers if offer.taken}
    for lease in lowered.network.offers.leases:
        if lease.id in taken:
            credit = f" ({lease.credit})" if lease.credit else ""
            yield Truth(
                text=f"{lease.tenant}{credit} pays rent for {lease.mw:.0f} MW through "
                f"{lease.term_years:g} years.",
                basis=lease.source,
            )


def _of_demand(lowered: Lowered, plan: Plan) -> Iterator[Truth]:
    """Yield what AI has to find buyers for, where that is what limits the plan."""
    names = lowered.network.facts.countries
    limits = {m.subject for m in plan.marginals if m.kind == "ai_demand"}
    told: dict[str, list[str]] = {}
    sources: dict[str, None] = {}
    for demand in lowered.network.study.ai_demand:
        if ", ".join(demand.countries) in limits:
            where = " and ".join(names[code].name for code in demand.countries)
            what = demand.generation or "all"
            told.setdefault(where, []).append(f"{max(demand.max_mw):.0f} MW of {what}")
            sources[demand.source] = None
    if told:
        parts = [f"in {where} {' and '.join(amounts)}" for where, amounts in told.items()]
        yield Truth(
            text=f"AI servers find buyers for up to: {'; '.join(parts)}.",
            basis="; ".join(sources),
        )


def _of_evidence(plan: Plan) -> Iterator[Truth]:
    shares = [r.money.get("synthetic", 0.0) for r in plan.resting if r.input == "prices"]
    if shares and shares[0] > 0:
        yield Truth(
            text=f"Power prices behave as typical years do: {shares[0]:.0%} of the money that "
            "flows through prices rests on synthetic hours.",
            basis="provenance of the series",
        )


def contract_ai(lowered: Lowered, power: Sequence[np.ndarray]) -> dict[str, float]:
    """Return the yearly revenue of AI under contract by "site/phase".

    Args:
        lowered: The network.
        power: Power of each block's segments, MW at the bus. Each of shape (J, T).
    """
    found: dict[str, float] = {}
    phases = lowered.network.study.phases
    for site in lowered.sites:
        for p, b in enumerate(site.blocks):
            total = 0.0
            for j, segment in enumerate(lowered.problem.blocks[b].segments):
                sold = site.sold[p].get(segment.name)
                parts = segment.name.split(":")
                if sold is not None and parts[0] == "server" and parts[2] != "spot":
                    total += float((power[b][j] / sold.pue * sold.per_mwh).sum())
            if total:
                found[f"{site.site.id}/{phases[p].at}"] = total
    return found
