# SPDX-License-Identifier: Apache-2.0
"""When the price of an asset is paid: before it is in use, where the day of decision is known.

Nothing is paid before the decision: what a contract would ask for earlier is paid on that day.
"""

from collections.abc import Iterable

from loadstone.engines.plan.lower.lowered_site import LoweredSite
from loadstone.model.network import Network, Study

Payments = tuple[tuple[float, float], ...]
"""Days in calendar years, and the share of the price that is paid on each."""

_CURVES = {
    "connection_non_firm": "connection",
    "mining_hall": "mining-hall",
    "ai_hall": "ai-hall",
    "ai_hall_air": "ai-hall",
    "ai_hall_liquid": "ai-hall",
    "battery_power": "battery",
    "battery_energy": "battery",
    "miner": "miners",
    "server": "servers",
}


def payments(network: Network, asset: str, built: int) -> Payments:
    """Return when an asset is paid that is in use from the start of a phase.

    Args:
        network: The network.
        asset: Name of the asset.
        built: Index of the phase.

    Returns:
        The payments; empty where all is paid on the day of use.
    """
    study, kind = network.study, asset.partition(":")[0]
    curve = network.facts.spend.get(_CURVES.get(kind, kind))
    if study.decided is None or curve is None:
        return ()
    at = study.phases[built].at
    earliest = min(study.decided_at, at)
    return tuple((max(at - years, earliest), share) for years, share in curve.steps)


def worth_in_use(paid: Payments, at: float, rate: float) -> float:
    """Return what payments are worth on the day of use, over the price.

    Args:
        paid: The payments.
        at: The day of use, in calendar years.
        rate: Interest a year.
    """
    return sum(share * float((1 + rate) ** (at - day)) for day, share in paid) if paid else 1.0


def by_phase(study: Study, paid: Payments) -> tuple[tuple[int, float], ...]:
    """Return the share of the price by phase; what is paid before the first falls into it.

    Args:
        study: The study.
        paid: The payments.
    """
    shares: dict[int, float] = {}
    for day, share in paid:
        begun = [p for p, phase in enumerate(study.phases) if phase.at <= day]
        phase = begun[-1] if begun else 0
        shares[phase] = shares.get(phase, 0.0) + share
    return tuple(sorted(shares.items()))


def spending(sites: Iterable[LoweredSite], phase: int) -> Iterable[tuple[int, float]]:
    """Yield the columns that spend capital in a phase, and how much a unit of each.

    Args:
        sites: The sites.
        phase: Index of the phase.
    """
    for site in sites:
        for (_, built), one in site.builds.items():
            for p, amount in one.spent(built):
                if p == phase and amount:
                    yield one.column, amount
