# SPDX-License-Identifier: Apache-2.0
"""The connection of a site and its transformers become columns and rows."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from loadstone.engines.plan.lower.assets import Assets, Leaving
from loadstone.engines.plan.lower.lowered_site import Built, LoweredSite
from loadstone.engines.plan.lower.power import in_hours
from loadstone.engines.plan.problem import Label
from loadstone.model.connection import Tranche, Transformers, in_years

Floats = NDArray[np.float64]

FIRM, NON_FIRM = "connection", "connection_non_firm"
CONNECTIONS = {FIRM: "firm", NON_FIRM: "non-firm"}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Part:
    """The firm or the non-firm part of a connection."""

    asset: str
    existing_mw: float
    max_mw: float
    price: float
    lead_time_years: float
    tranches: tuple[Tranche, ...]


def add_connection(assets: Assets) -> None:
    """Add the connection of a site, what is bought of it, and its smallest size."""
    given, economy = assets.site.connection, assets.economy
    price = economy.cost("connection") if given.cost_per_mw is None else given.cost_per_mw
    firm = _Part(
        asset=FIRM,
        existing_mw=given.existing_mw,
        max_mw=given.max_mw,
        price=price,
        lead_time_years=given.lead_time_years,
        tranches=given.tranches_of(firm=True),
    )
    _add_part(assets, firm)
    if (flexible := given.non_firm) is not None:
        part = _Part(
            asset=NON_FIRM,
            existing_mw=flexible.existing_mw,
            max_mw=flexible.max_mw,
            price=price if flexible.cost_per_mw is None else flexible.cost_per_mw,
            lead_time_years=flexible.lead_time_years,
            tranches=given.tranches_of(firm=False),
        )
        _add_part(assets, part)
    opening = assets.site.opening
    for p in range(len(assets.phases)):
        columns = [(column, 1.0) for column in connected(assets.out, p)]
        if columns and opening is not None and opening.minimum_mw:
            least = ((z, -opening.minimum_mw) for z in assets.opened(p))
            label = assets.out.label("smallest", p, FIRM)
            assets.draft.row(label, [*columns, *least], lower=0.0)
    if given.block_mw:
        _in_blocks(assets, given.block_mw)
    if assets.site.transformers is not None:
        _add_transformers(assets, assets.site.transformers)


def connected(out: LoweredSite, phase: int) -> list[int]:
    """Return the columns of the firm and the non-firm connection that may stand in a phase."""
    found = (out.amounts.get((asset, phase)) for asset in CONNECTIONS)
    return [column for column in found if column is not None]


def available(out: LoweredSite, phase: int) -> Floats:
    """Return the share of the non-firm connection that may be drawn. Shape (T,)."""
    given, hours = out.site.connection.non_firm, out.hours[phase]
    share = np.ones(hours.grid.count)
    if given is None:
        return share
    if given.series:
        share = share * out.economy.network.availability[given.series].values
    zone = out.country.zones[out.site.zone].time_zone
    for cut in given.cut:
        share = np.where(in_hours(cut, hours.grid, zone), 0.0, share)
    return share


def _add_part(assets: Assets, part: _Part) -> None:
    """Add what stands, is built and leaves of one part of the connection."""
    count, fee = len(assets.phases), assets.site.connection.exit_fee_per_mw
    first = assets.phase_from(part.lead_time_years)
    if part.tranches:
        first = _phase_of(assets, part.tranches[0])

    def leaving(_built: int | None, _phase: int) -> Leaving | None:
        return Leaving(price=-(fee or 0.0), tax_share=assets.ai_tax.relief)

    assets.add(
        part.asset,
        "MW",
        largest=part.max_mw,
        price=[part.price] * count,
        life=assets.site.connection.life_years,
        relief=[assets.ai_tax.shield] * count,
        standing=[part.existing_mw] * count,
        from_phase=first,
        leaving=None if fee is None else leaving,
    )
    if part.tranches:
        _energise(assets, part)


def _energise(assets: Assets, part: _Part) -> None:
    """Hold what is built to what is energised by then, and charge the deposits' interest.

    What is taken of a tranche with a deposit has a column in the phase in which it can be
    used first: it pays the deposit ahead and has it back on the day.
    """
    draft, out = assets.draft, assets.out
    ready = [(tranche, _phase_of(assets, tranche)) for tranche in part.tranches]
    taken = {
        k: _taken(assets, part, tranche, p)
        for k, (tranche, p) in enumerate(ready)
        if tranche.deposit_per_mw and p < len(assets.phases)
    }
    for p in range(len(assets.phases)):
        built = [
            (one.column, 1.0)
            for (asset, _), one in out.builds.items()
            if asset == part.asset and p in one.stands
        ]
        if built:
            here = [(k, tranche) for k, (tranche, q) in enumerate(ready) if q <= p]
            free = sum(tranche.mw for k, tranche in here if k not in taken)
            paid = [(taken[k], -1.0) for k, _ in here if k in taken]
            sources = "; ".join(dict.fromkeys(tranche.source for _, tranche in here))
            label = Label(
                kind="energised",
                subject=assets.site.id,
                phase=p,
                asset=part.asset,
                unit="MW",
                text=f"{CONNECTIONS[part.asset]} connection energised at {assets.site.name}",
                source=sources,
            )
            draft.row(label, [*built, *paid], upper=free)


def _phase_of(assets: Assets, tranche: Tranche) -> int:
    """Return the first phase that begins with the tranche energised."""
    return sum(phase.start < tranche.energised for phase in assets.phases)


def _taken(assets: Assets, part: _Part, tranche: Tranche, phase: int) -> int:
    """Add what is taken of a tranche with a deposit; its cost is the deposit's interest.

    What was paid before the decision cannot be had back by it: interest runs from then on.
    """
    economy = assets.economy
    paid = economy.study.decided_at
    if tranche.deposit_paid is not None:
        paid = max(paid, in_years(tranche.deposit_paid))
    back = max(paid, in_years(tranche.energised))
    first, rate = assets.phases[0].at, economy.rate
    held = (1 + rate) ** (first - paid) - (1 + rate) ** (first - back)
    label = assets.out.label("tranche", phase, part.asset)
    column = assets.draft.column(
        label, cost=tranche.deposit_per_mw * float(held), upper=tranche.mw
    )
    over = economy.stands(assets.site.connection.life_years, phase)
    assets.out.deposits.append((phase, Built(column, 0.0, over)))
    return column


def _add_transformers(assets: Assets, given: Transformers) -> None:
    """Add the transformers, and hold the connection to what they carry."""
    economy, out, count = assets.economy, assets.out, len(assets.phases)
    price, life, lead = given.cost_per_unit, given.life_years, given.lead_time_years
    buyable = given.max_units > given.standing
    if buyable:
        price = economy.cost("transformer") * given.unit_mw if price is None else price
        life = economy.cost("life-transformer") if life is None else life
        lead = economy.cost("lead-transformer") if lead is None else lead
    assets.add(
        "transformer",
        "1",
        largest=float(given.max_units),
        price=[price if buyable else None] * count,
        life=life or 1.0,
        relief=[assets.ai_tax.shield] * count,
        standing=[float(given.standing)] * count,
        from_phase=assets.phase_from(lead or 0.0),
        whole=True,
    )
    for p in range(count):
        through = [(column, 1.0) for column in connected(out, p)]
        if through:
            spare = 0 if given.reserve_usable else given.redundancy
            text = f"transformers at {out.site.name}"
            label = out.label("transformer", p, "transformer", "MW", text)
            carried, constant = carried_by(assets, p, spare)
            assets.draft.row(label, [*through, *carried], upper=constant)


def carried_by(assets: Assets, phase: int, spare: int) -> tuple[list[tuple[int, float]], float]:
    """Return what transformers carry while some of them stand in reserve.

    Where none stand, none are in reserve: a yes or no says whether any do.

    Args:
        assets: The site's assets.
        phase: Index of the phase.
        spare: Units in reserve.

    Returns:
        Terms of a row, with the sign of load, and the constant that is its upper bound, MW.
    """
    given, out, draft = assets.site.transformers, assets.out, assets.draft
    if given is None:
        return [], 0.0
    column = out.amounts.get(("transformer", phase))
    if column is None:
        return [], 0.0
    terms = [(column, -given.unit_mw)]
    if given.standing or not spare:
        return terms, -spare * given.unit_mw
    if phase not in out.any_transformer:
        label = out.label("any", phase, "transformer", "1")
        some = draft.column(label, upper=1.0, whole=True)
        out.any_transformer[phase] = some
        draft.row(label, [(column, 1.0), (some, -float(given.max_units))], upper=0.0)
    return [*terms, (out.any_transformer[phase], spare * given.unit_mw)], 0.0


def _in_blocks(assets: Assets, size: float) -> None:
    """Let new connection come in whole blocks."""
    for p in range(len(assets.phases)):
        if (FIRM, p) not in assets.out.builds:
            continue
        column = assets.out.builds[FIRM, p].column
        most = np.floor(assets.draft.upper(column) / size + 1e-9)
        label = assets.out.label("blocks", p, FIRM, "1")
        number = assets.draft.column(label, upper=float(most), whole=True)
        row = assets.out.label("whole_blocks", p, FIRM)
        assets.draft.row(row, [(column, 1.0), (number, -size)], lower=0.0, upper=0.0)
