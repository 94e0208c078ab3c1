# SPDX-License-Identifier: Apache-2.0
"""A simulated site: where its stand-in is served, and a price that spikes."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from loadstone.apps.operations.places import Place
from loadstone.apps.operations.served import Served
from loadstone.engines.control.worth import values_per_mwh
from loadstone.model.operations.machine import Machine
from loadstone.model.operations.terms import (
    FileSignal,
    SilencePolicy,
    SiteTerms,
    Strike,
)

PRICES = "prices.csv"
QUIET_S, SPIKE_S, EVERY_S, STEP_S = 25.0, 75.0, 300.0, 5.0
CYCLES = 48
CALM, DEAR = 0.5, 2.0  # price over what a MWh earns in the mean machine
COOLDOWN_S = 30.0


def simulated_terms(
    place: Place, terms: SiteTerms, served: Served
) -> tuple[SiteTerms, tuple[Machine, ...]]:
    """Return a site's terms and machines with what is simulated in their place.

    Signals give way to one: a price that spikes. The rest after a stop by the price is cut
    short, so that somebody who watches sees machines come back.
    """
    machines = tuple(
        replace(one, address=served.machines[one.id]) for one in place.machines(terms)
    )
    price = FileSignal(
        id="spike",
        means="price",
        path=str((place.agent_folder(terms.site) / PRICES).resolve()),
        strike=Strike(stop_after=1, resume_after=2),
        silence=SilencePolicy(after_s=3600.0, then="hold"),
    )
    cooldown_s = min(terms.timing.cooldown_s, COOLDOWN_S * served.speed)
    return replace(
        terms,
        meters=served.meters,
        switches=served.switches,
        signals=(price,),
        timing=replace(terms.timing, cooldown_s=cooldown_s),
    ), machines


def write_prices(place: Place, terms: SiteTerms, now: datetime, speed: float) -> Path:
    """Write the simulated price: calm, then in half a minute a spike, and again and again.

    Lengths of time are seconds of somebody who watches.
    """
    machines = place.machines(terms)
    values = values_per_mwh(terms, place.network, machines, now.date())
    power = sum(one.rated_w for one in machines)
    mean = sum(values[one.id] * one.rated_w for one in machines) / power
    rows = ["start,value"]
    steps = int(CYCLES * EVERY_S / STEP_S)
    for i in range(steps):
        since_s = i * STEP_S
        dear = QUIET_S <= since_s % EVERY_S < QUIET_S + SPIKE_S
        at = datetime.fromtimestamp(now.timestamp() + since_s * speed, UTC)
        rows.append(f"{at.isoformat()},{mean * (DEAR if dear else CALM):.2f}")
    path = place.agent_folder(terms.site) / PRICES
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")
    return path
