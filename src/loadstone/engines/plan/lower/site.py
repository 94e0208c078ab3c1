# SPDX-License-Identifier: Apache-2.0
"""One site becomes columns, rows and a block per phase."""

import numpy as np
from numpy.typing import NDArray

from loadstone.engines.plan.lower.assets import Assets
from loadstone.engines.plan.lower.draft import Draft
from loadstone.engines.plan.lower.economy import Economy
from loadstone.engines.plan.lower.lowered_site import LoweredSite
from loadstone.engines.plan.lower.machines import Machines
from loadstone.engines.plan.lower.power import site_hours
from loadstone.engines.plan.lower.supply import Capacities, Supply
from loadstone.engines.plan.problem import Account, Block, Segment, Storage
from loadstone.model.errors import Conflict, InfeasibleError
from loadstone.model.machine import Miner, Server
from loadstone.model.network import Network
from loadstone.model.site import Site

Floats = NDArray[np.float64]

# asset: (id of its life in the costs, id of its yearly upkeep)
HALL_LIFE = {"mining_hall": "life-mining-site", "ai_hall": "life-ai-hall"}
HALL_UPKEEP = {"mining_hall": "opex-mining-site", "ai_hall": "opex-ai-hall"}
PLANTS = {
    "solar": ("solar", "life-solar", "opex-solar"),
    "wind": ("wind", "life-wind", "opex-wind"),
    "battery_power": ("battery-power", "life-battery", "opex-battery"),
    "battery_energy": ("battery-energy", "life-battery", None),
}


class SiteLowering:
    """Lowers one site into a draft."""

    def __init__(self, network: Network, economy: Economy, draft: Draft, site: Site) -> None:
        self.network, self.economy, self.draft, self.site = network, economy, draft, site
        self.country = network.facts.countries[site.country]
        self.phases = network.study.phases
        self.mining_tax = economy.taxation(self.country, "mining")
        self.ai_tax = economy.taxation(self.country, "ai")
        self.out = LoweredSite(site=site, country=self.country, taxation=self.ai_tax)
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
        self._connection()
        self._plants()
        self._halls_and_machines()
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

    def _connection(self) -> None:
        given, economy, count = self.site.connection, self.economy, len(self.phases)
        price = economy.cost("connection") if given.cost_per_mw is None else given.cost_per_mw
        self.assets.add(
            "connection",
            "MW",
            largest=given.max_mw,
            price=[price] * count,
            life=given.life_years,
            relief=[self.ai_tax.shield] * count,
            standing=[given.existing_mw] * count,
            from_phase=self.assets.phase_from(given.lead_time_years),
        )
        opening = self.site.opening
        for p in range(count):
            column = self.out.amounts.get(("connection", p))
            if column is not None and opening is not None and opening.minimum_mw:
                least = ((z, -opening.minimum_mw) for z in self.assets.opened(p))
                label = self.out.label("smallest", p, "connection")
                self.draft.row(label, [(column, 1.0), *least], lower=0.0)
        if given.block_mw:
            self._blocks_of_connection(given.block_mw)

    def _blocks_of_connection(self, size: float) -> None:
        """Let new connection come in whole blocks."""
        for p in range(len(self.phases)):
            if ("connection", p) not in self.out.builds:
                continue
            column, _ = self.out.builds["connection", p]
            most = np.floor(self.draft.upper(column) / size + 1e-9)
            label = self.out.label("blocks", p, "connection", "1")
            number = self.draft.column(label, upper=float(most), whole=True)
            row = self.out.label("whole_blocks", p, "connection")
            self.draft.row(row, [(column, 1.0), (number, -size)], lower=0.0, upper=0.0)

    def _plants(self) -> None:
        limits, economy, count = self.site.limits, self.economy, len(self.phases)
        relief = 1 - self.ai_tax.relief
        most = {
            "solar": limits.solar_mw if self.site.id in self.network.solar else 0.0,
            "wind": limits.wind_mw if self.site.id in self.network.wind else 0.0,
            "battery_power": limits.battery_mw,
            "battery_energy": limits.battery_mwh,
        }
        for asset, (price, life, upkeep) in PLANTS.items():
            if most[asset] > 0:
                self.assets.add(
                    asset,
                    "MWh" if asset == "battery_energy" else "MW",
                    largest=most[asset],
                    price=[economy.cost(price)] * count,
                    life=economy.cost(life),
                    relief=[self.ai_tax.shield] * count,
                    upkeep=economy.cost(upkeep) * relief if upkeep else 0.0,
                )

    def _models(self, use: str) -> list[Miner] | list[Server]:
        """Return the models that may be built at the site and fit its cooling."""
        study, facts = self.network.study, self.network.facts
        if use == "mining":
            plant = self.site.mining_cooling.removeprefix("mining-")
            ids = study.miners if self.site.miners is None else self.site.miners
            return [facts.miners[i] for i in ids if facts.miners[i].cooling == plant]
        liquid = self.site.ai_cooling == "ai-liquid"
        ids = study.servers if self.site.servers is None else self.site.servers
        return [facts.servers[i] for i in ids if liquid or facts.servers[i].cooling == "air"]

    def _standing(self, model: str, life: float) -> list[float]:
        """Return what stands of a model in each phase, MW."""
        return [
            sum(
                s.mw
                for s in self.site.standing
                if s.model == model and self.economy.still_stands(life, s.installed, p)
            )
            for p in range(len(self.phases))
        ]

    def _halls_and_machines(self) -> None:
        facts, limits = self.network.facts, self.site.limits
        connected = self.site.connection.max_mw
        for use, asset, most in (
            ("mining", "mining_hall", limits.mining_mw),
            ("ai", "ai_hall", limits.ai_mw),
        ):
            known = facts.miners if use == "mining" else facts.servers
            here = [s for s in self.site.standing if s.model in known]
            standing = sum(s.mw for s in here)
            banned = all(
                (h.mining_banned if use == "mining" else h.ai_banned).all()
                for h in self.out.hours
            )
            largest = max(connected if most is None else most, standing)
            models: dict[str, Miner | Server] = {m.id: m for m in self._models(use)}
            models |= {s.model: known[s.model] for s in here}
            buyable = set() if banned else {m.id for m in self._models(use)}
            if largest > 0 and models:
                self._hall(asset, use, largest, standing)
                self._machines(use, asset, largest, models, buyable)

    def _hall(self, asset: str, use: str, largest: float, standing: float) -> None:
        economy, count = self.economy, len(self.phases)
        if use == "mining":
            hydro = self.site.mining_cooling != "mining-air"
            price, taxation = (
                "mining-site-hydro" if hydro else "mining-site-air",
                self.mining_tax,
            )
        else:
            liquid = self.site.ai_cooling == "ai-liquid"
            price, taxation = "ai-hall-liquid" if liquid else "ai-hall-air", self.ai_tax
        self.assets.add(
            asset,
            "MW",
            largest=largest,
            price=[economy.cost(price)] * count,
            life=economy.cost(HALL_LIFE[asset]),
            relief=[taxation.shield] * count,
            upkeep=economy.cost(HALL_UPKEEP[asset]) * (1 - taxation.relief),
            standing=[standing] * count,
        )

    def _machines(
        self,
        use: str,
        hall: str,
        largest: float,
        models: dict[str, Miner | Server],
        buyable: set[str],
    ) -> None:
        economy, count = self.economy, len(self.phases)
        prefix = "miner" if use == "mining" else "server"
        for id_, model in models.items():
            price = [
                economy.miner_price(model, self.country, p)
                if isinstance(model, Miner)
                else economy.server_price(model, self.country, p)
                for p in range(count)
            ]
            self.assets.add(
                f"{prefix}:{id_}",
                "MW",
                largest=largest,
                price=price if id_ in buyable else [None] * count,
                life=model.life.value,
                relief=[self._shield(model, p) for p in range(count)],
                standing=self._standing(id_, model.life.value),
                gated=False,
            )
        for p in range(count):
            here = [
                (column, 1.0)
                for (asset, q), column in self.out.amounts.items()
                if q == p and asset.startswith(f"{prefix}:")
            ]
            room = self.out.amounts.get((hall, p))
            if here:
                terms = [*here, *([(room, -1.0)] if room is not None else [])]
                self.draft.row(self.out.label("in_hall", p, hall), terms, upper=0.0)

    def _shield(self, model: Miner | Server, p: int) -> float:
        """Return the share of a machine's price that comes back as less tax."""
        if isinstance(model, Miner):
            return self.mining_tax.shield
        return self.economy.incentives(self.site, self.country, model, p)[0].shield

    def _block(self, p: int) -> None:
        hours, draft = self.out.hours[p], self.draft
        caps = Capacities()
        segments: list[Segment] = []
        accounts: list[Account] = []
        self.out.sold.append({})
        self.out.pledges.append({})
        one = self.assets.open_amount(p)
        supply = Supply(
            draft, self.economy, self.network.study.caps, self.out, phase=p, one=one
        )
        supply.add(caps, segments, accounts)
        machines = Machines(self.economy, draft, self.out, p)
        self._own_plants(p, caps, segments)
        machines.add_miners(caps, segments, accounts)
        machines.add_servers(caps, segments)
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
        storage = None
        if ("battery_power", p) in self.out.amounts and (
            "battery_energy",
            p,
        ) in self.out.amounts:
            efficiency = self.economy.cost("battery-efficiency") ** 0.5
            storage = Storage(
                power=caps.index("battery_power", self.out.amounts["battery_power", p]),
                energy=caps.index("battery_energy", self.out.amounts["battery_energy", p]),
                charge_efficiency=efficiency,
                discharge_efficiency=efficiency,
            )
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

    def _own_plants(self, p: int, caps: Capacities, segments: list[Segment]) -> None:
        for asset, series in (("solar", self.network.solar), ("wind", self.network.wind)):
            if (asset, p) in self.out.amounts:
                segments.append(
                    Segment(
                        name=asset,
                        source=True,
                        capacity=caps.index(asset, self.out.amounts[asset, p]),
                        width=self.draft.profile(np.asarray(series[self.site.id].values)),
                    )
                )
