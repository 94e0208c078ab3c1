# SPDX-License-Identifier: Apache-2.0
"""What may be built at a site in a phase: its gates, and what may go to its country."""

from datetime import date

from loadstone.engines.plan.lower.lowered_site import LoweredSite
from loadstone.model.capital import Investor
from loadstone.model.eligibility import CHIPS, GENERATION, deciding, money_may_go
from loadstone.model.gate import Gate, closed_by
from loadstone.model.grid import HOURS_PER_YEAR
from loadstone.model.hall import MINING_HALL, ai_hall
from loadstone.model.network import Network
from loadstone.model.plan import RuleHit

_MINING = (MINING_HALL, "miner:", "hosting:")
_AI = ("ai_hall", "server:", "lease:", "conversion:")


def may_build(out: LoweredSite, asset: str, phase: int, hall: str = "") -> bool:
    """Tell whether an asset may be built or let from a phase on, and note the rule if not.

    What stands already is not asked for.

    Args:
        out: The site.
        asset: Name of the asset, or of an offer.
        phase: Index of the phase.
        hall: Kind of hall that an offer asks for.
    """
    gates = held_back(out, asset, phase, hall)
    for gate in gates:
        _note(out, phase, gate.waiting, gate.source)
    return not gates and _may_come(out, asset, phase)


def held_back(
    out: LoweredSite, asset: str, phase: int | None, hall: str = ""
) -> tuple[Gate, ...]:
    """Return the gates that hold an asset back at the start of a phase; see `may_build`.

    Without a phase all that would do so while they are shut.
    """
    if not out.site.gates or not asset.startswith((*_MINING, *_AI)):
        return ()
    use = "mining" if asset.startswith(_MINING) else "ai"
    day = date.min if phase is None else out.economy.study.phases[phase].start
    wet = _evaporative(out, asset, hall) if use == "ai" else _wet(out, out.site.mining_cooling)
    return closed_by(out.site.gates, use, day, evaporative=wet)


def _wet(out: LoweredSite, plant: str) -> bool:
    return not out.economy.network.facts.cooling[plant].dry


def _evaporative(out: LoweredSite, asset: str, hall: str) -> bool:
    """Tell whether the AI hall of an asset cools with evaporating water."""
    meant = hall or out.hall_of.get(asset, "") or asset.partition(":")[2] or asset
    plants = out.site.ai_cooling
    fitting = [plant for plant in plants if ai_hall(plant) == meant] or list(plants)
    return all(_wet(out, plant) for plant in fitting)


def _may_come(out: LoweredSite, asset: str, phase: int) -> bool:
    """Tell whether machines may go to the country of a site."""
    network, kind = out.economy.network, asset.partition(":")[0]
    if not network.study.eligibility or kind not in {"miner", "server"}:
        return True
    model = asset.split(":")[1]
    subjects = {model}
    if kind == "server":
        server = network.facts.servers[model]
        subjects |= {GENERATION + server.generation, CHIPS + server.chip_country}
    row = deciding(
        network.study.eligibility,
        subjects,
        country=out.site.country,
        owner=network.study.owner if out.site.owner is None else out.site.owner,
        on=network.study.phases[phase].start,
    )
    if row is None or row.allowed:
        return True
    _note(out, phase, row.text, row.source)
    return False


def may_fund(network: Network, investor: Investor, country: str, phase: int) -> bool:
    """Tell whether an investor may pay for what is built in a country in a phase."""
    on = network.study.phases[phase].start
    return money_may_go(network.study.eligibility, investor, country, on)


def _note(out: LoweredSite, phase: int, text: str, source: str) -> None:
    """Keep what holds something back, once for a phase however much it holds back."""
    hit = RuleHit(
        site=out.site.id,
        phase=out.economy.study.phases[phase].at,
        text=text,
        hours=HOURS_PER_YEAR,
        source=source,
        confidence="user",
    )
    if hit not in out.barred:
        out.barred.append(hit)
