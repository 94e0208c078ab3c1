# SPDX-License-Identifier: Apache-2.0
"""AI within what is firm: the connection, what transformers carry in a fault, and backup.

Load of AI counts as it is in its worst hour: all machines run, and cooling is at its dearest.
What is firm is the firm connection, backup generation, and own generation that is said to be
firm. Solar, wind and batteries are not: they say nothing about the hour that counts.
"""

import numpy as np

from loadstone.engines.plan.lower.assets import Assets, Terms
from loadstone.engines.plan.lower.connection import FIRM, carried_by
from loadstone.engines.plan.lower.lowered_site import LoweredSite
from loadstone.model.tariff.terms import OwnGenerationTerm


def worst_pue(out: LoweredSite, phase: int, hall: str = "") -> float:
    """Return the greatest power at the bus over that at the plugs of AI servers.

    Hours in which AI is forbidden do not count; 0 where it is always forbidden.

    Args:
        out: The site.
        phase: Index of the phase.
        hall: Kind of hall that they stand in; "" for the first of the site.
    """
    hours = out.hours[phase]
    pue = hours.pue(hall or hours.first_ai_hall)
    return float(np.where(hours.ai_banned, 0.0, pue).max())


def add_firmness(assets: Assets, phase: int, one: int) -> None:
    """Hold the AI of a site in a phase to what is firm, where that is asked for.

    Args:
        assets: The site's assets.
        phase: Index of the phase.
        one: Column that is 1 where the site is open.
    """
    site, out, study = assets.site, assets.out, assets.economy.study
    if not (study.firmness if site.firmness is None else site.firmness):
        return
    load = [*out.firm_load.get(phase, ()), *_promised(assets, phase, one)]
    if not load:
        return
    beside = _beside(assets, phase, one)
    connection = out.amounts.get((FIRM, phase))
    through: Terms = []
    if connection is not None and not site.connection.off_grid:
        through = [(connection, -1.0)]
    text = f"firm power for AI at {site.name}"
    label = out.label("firmness", phase, FIRM, "MW", text)
    assets.draft.row(label, [*load, *beside, *through], upper=0.0)
    if site.transformers is not None:
        carried, constant = carried_by(assets, phase, site.transformers.redundancy)
        text = f"firm power for AI through the transformers at {site.name}"
        label = out.label("firmness", phase, "transformer", "MW", text)
        assets.draft.row(label, [*load, *beside, *carried], upper=constant)


def _promised(assets: Assets, phase: int, one: int) -> Terms:
    """Return the load of AI that was promised."""
    mw = sum(promise.mw for promise in assets.site.obligations if promise.use == "ai")
    return [(one, mw * worst_pue(assets.out, phase))] if mw else []


def _beside(assets: Assets, phase: int, one: int) -> Terms:
    """Return what is firm beside the connection, with the sign of what carries load."""
    out = assets.out
    backup = out.amounts.get(("backup", phase))
    terms: Terms = [] if backup is None else [(backup, -1.0)]
    own = sum(
        float(term.limit_mw.min())
        for term in out.hours[phase].terms()
        if isinstance(term, OwnGenerationTerm) and term.firm
    )
    return [*terms, (one, -own)] if own else terms


def register_servers(assets: Assets) -> None:
    """Count the servers of a site as load that must be firm."""
    out, study = assets.out, assets.economy.study
    share = (assets.site.ai_sales or study.ai_sales).firm_share
    for (asset, phase), column in out.amounts.items():
        if asset.startswith("server:"):
            mw = share * worst_pue(out, phase, out.hall_of[asset])
            if mw:
                out.firm_load.setdefault(phase, []).append((column, mw))
