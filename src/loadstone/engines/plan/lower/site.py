# SPDX-License-Identifier: Apache-2.0
"""One site becomes columns, rows and a block per phase."""

import numpy as np
from numpy.typing import NDArray

from loadstone.engines.plan.lower.assets import Assets
from loadstone.engines.plan.lower.connection import add_connection
from loadstone.engines.plan.lower.draft import Draft
from loadstone.engines.plan.lower.economy import Economy
from loadstone.engines.plan.lower.firmness import add_firmness, register_servers
from loadstone.engines.plan.lower.fleet import add_halls_and_machines
from loadstone.engines.plan.lower.lowered_site import LoweredSite
from loadstone.engines.plan.lower.machines import Machines
from loadstone.engines.plan.lower.offers import Offered
from loadstone.engines.plan.lower.plants import (
    add_backup,
    add_backup_power,
    add_own_power,
    add_plants,
    battery,
)
from loadstone.engines.plan.lower.power import site_hours
from loadstone.engines.plan.lower.supply import Capacities, Supply
from loadstone.engines.plan.problem import Account, Block, Segment
from loadstone.model.errors import Conflict, InfeasibleError
from loadstone.model.network import Network
from loadstone.model.site import Site

Floats = NDArray[np.float64]


class SiteLowering:
    """Lowers one site into a draft."""

    def __init__(self, network: Network, economy: Economy, draft: Draft, site: Site) -> None:
        economy = economy.of(site.country)
        self.network, self.economy, self.draft, self.site = network, economy, draft, site
        self.phases = network.study.phases
        country = network.facts.countries[site.country]
        self.out = LoweredSite(
            site=site,
            economy=economy,
            country=country,
            taxation=economy.taxation(country, "ai"),
        )
        self.assets = Assets(economy, draft, self.out)

    def lower(self) -> LoweredSite:
        """Add the site and return where everything is.

        Raises:
            InfeasibleError: A promise of the site cannot be kept.
            InputError: A tariff does not fit.
        """
        for p in range(len(self.phases)):
            self.out.hours.append(site_hours(self.network, self.economy, self.site, p))
        self._promises()
        self.assets.openings()
        add_connection(self.assets)
        add_plants(self.assets)
        add_backup(self.assets)
        add_halls_and_machines(self.assets)
        register_servers(self.assets)
        for p in range(len(self.phases)):
            self._block(p)
        return self.out

    def _promises(self) -> None:
        """Refuse promises that a rule forbids to keep."""
        conflicts = []
        for promise in self.site.obligations:
            for hours in self.out.hours:
                banned = hours.mining_banned if promise.use == "mining" else hours.ai_banned
                if promise.mw > 0 and banned.any():
                    rules = [h for h in hours.hits if h.text.startswith(promise.use)]
                    hit = rules[0]
                    conflicts.append(
                        Conflict(
                            rules=(
                                f"{self.site.id} promised {promise.mw:g} MW of {promise.use} "
                                f"around the clock ({promise.source})",
                                f"{hit.text}, {hit.hours} hours of {hit.phase} ({hit.source})",
                            ),
                            relax=f"end or reduce the promise in {hit.phase}, or move it to a "
                            "site where the rule does not hold",
                        )
                    )
                    break
        if conflicts:
            raise InfeasibleError(conflicts)

    def _block(self, p: int) -> None:
        hours, draft = self.out.hours[p], self.draft
        caps = Capacities()
        segments: list[Segment] = []
        accounts: list[Account] = []
        self.out.sold.append({})
        self.out.pledges.append([])
        one = self.assets.open_amount(p)
        supply = Supply(
            draft, self.economy, self.network.study.caps, self.out, phase=p, one=one
        )
        supply.add(caps, segments, accounts)
        machines = Machines(self.economy, draft, self.out, p)
        add_own_power(self.assets, p, caps, segments)
        add_backup_power(self.assets, p, caps, segments, accounts)
        add_firmness(self.assets, p, one)
        machines.add_miners(caps, segments, accounts)
        machines.add_servers(caps, segments)
        Offered(self.assets, machines, p).add(caps, segments, accounts)
        supply.add_tiers(caps, segments, accounts)
        for promise in self.site.obligations:
            if promise.mw > 0:
                profile = hours.mining_pue if promise.use == "mining" else hours.ai_pue
                segments.append(
                    Segment(
                        name=f"promised:{promise.use}:{promise.source}",
                        capacity=caps.index("one", one),
                        width=draft.profile(profile * promise.mw),
                        must_run=True,
                    )
                )
        storage = battery(self.assets, p, caps)
        draft.blocks.append(
            Block(
                site=self.site.id,
                phase=p,
                weight=self.economy.weights[p],
                capacities=tuple(caps.names),
                columns=np.array(caps.columns, dtype=np.int64),
                segments=tuple(segments),
                storage=storage,
                accounts=tuple(accounts),
            )
        )
        self.out.blocks.append(len(draft.blocks) - 1)
