# SPDX-License-Identifier: Apache-2.0
"""Whether an offer could be met at all, and if not, why: in words for whoever made it."""

from loadstone.engines.plan.lower.assets import Assets
from loadstone.engines.plan.lower.connection import FIRM
from loadstone.engines.plan.lower.eligibility import held_back
from loadstone.model.connection import in_years
from loadstone.model.hall import MINING_HALL
from loadstone.model.offer import Hosting, Lease
from loadstone.model.plan import phase_name
from loadstone.model.tariff.terms import OwnGenerationTerm

LEAST_MW = 1e-9
HALLS = {
    "ai_hall_air": "an AI hall with air cooling",
    "ai_hall_liquid": "an AI hall with liquid cooling",
}


def refused_lease(assets: Assets, lease: Lease) -> tuple[list[int], str]:
    """Return the phases in which a lease could be delivered, and else why it cannot be.

    What is told is what stands in the way of the last phase that is early enough.
    """
    phases, longstop = assets.phases, lease.longstop
    early = [
        d
        for d, phase in enumerate(phases)
        if phase.start >= lease.ready and (longstop is None or phase.start <= longstop)
    ]
    if not early:
        end = f" and by {longstop}" if longstop else ""
        return [], f"no phase begins from {lease.ready} on{end}"
    reasons = {d: _in_the_way(assets, lease, d) for d in early}
    return [d for d, reason in reasons.items() if not reason], reasons[early[-1]]


def _in_the_way(assets: Assets, lease: Lease, delivered: int) -> str:
    """Return why a lease cannot be delivered at the start of a phase; "" where it can."""
    gates = held_back(assets.out, lease.name, delivered, lease.hall)
    if gates:
        return gates[0].text
    for p in assets.economy.stands(lease.term_years, delivered):
        found = _no_room(assets, lease, p) or _no_power(assets, lease, p)
        if found:
            return found
    return ""


def _no_room(assets: Assets, lease: Lease, phase: int) -> str:
    out, draft, year = assets.out, assets.draft, phase_name(assets.phases[phase].at)
    hall = out.amounts.get((lease.hall, phase))
    room = 0.0 if hall is None else draft.upper(hall)
    if room < lease.mw - LEAST_MW:
        return (
            f"{HALLS[lease.hall]} can have at most {room:g} MW in {year}, and "
            f"{lease.mw:g} MW are asked for"
        )
    if out.hours[phase].ai_banned.any():
        hours = int(out.hours[phase].ai_banned.sum())
        return f"AI is forbidden in {hours:,} hours of {year}, and a tenant runs in all"
    return ""


def _no_power(assets: Assets, lease: Lease, phase: int) -> str:
    """Return why a site could never carry a lease in a phase; "" where it could."""
    site, year = assets.site, phase_name(assets.phases[phase].at)
    asked = assets.economy.study.firmness if site.firmness is None else site.firmness
    if not asked:
        return ""
    need = lease.mw * lease.firm_share * float(assets.out.hours[phase].pue(lease.hall).max())
    firm = _connection(assets, phase) + _beside(assets, phase)
    if firm < need - LEAST_MW:
        return (
            f"{need:,.4g} MW at the meter must be firm, and at most {firm:,.4g} MW can be in "
            f"{year}"
        )
    return ""


def _connection(assets: Assets, phase: int) -> float:
    """Return the most firm connection that may stand in a phase, MW."""
    column = assets.out.amounts.get((FIRM, phase))
    given, start = assets.site.connection, assets.phases[phase].at
    if column is None or given.off_grid:
        return 0.0
    most = assets.draft.upper(column)
    tranches = given.tranches_of(firm=True)
    if tranches:
        here = sum(one.mw for one in tranches if in_years(one.energised) <= start)
        most = min(most, given.existing_mw + here)
    units = assets.site.transformers
    if units is not None:
        most = min(most, units.unit_mw * (units.max_units - units.redundancy))
    return most


def _beside(assets: Assets, phase: int) -> float:
    """Return the most that may be firm beside the connection, MW."""
    backup = assets.out.amounts.get(("backup", phase))
    own = sum(
        float(term.limit_mw.min())
        for term in assets.out.hours[phase].terms()
        if isinstance(term, OwnGenerationTerm) and term.firm
    )
    return own + (0.0 if backup is None else assets.draft.upper(backup))


def refused_hosting(assets: Assets, one: Hosting) -> tuple[list[int], str]:
    """Return the phases in which a customer's miners could stand, and else why they cannot."""
    end = in_years(one.start) + one.term_years
    term = [
        p
        for p, phase in enumerate(assets.phases)
        if phase.start >= one.start and phase.at + phase.years / 2 < end
    ]
    if not term:
        return [], f"no phase lies in the {one.term_years:g} years from {one.start}"
    allowed = [p for p in term if not assets.out.hours[p].mining_banned.all()]
    if not allowed:
        return [], "mining is forbidden in all hours of its term"
    gates = held_back(assets.out, one.name, allowed[-1])
    if gates:
        return [], gates[0].text
    allowed = [p for p in allowed if not held_back(assets.out, one.name, p)]
    found = [p for p in allowed if (MINING_HALL, p) in assets.out.amounts]
    return found, "no mining hall can stand there in its term"
