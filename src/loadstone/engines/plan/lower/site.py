# SPDX-License-Identifier: Apache-2.0
"""One site becomes columns, rows and a block per phase."""

from collections.abc import Sequence
import numpy as np
from numpy.typing import NDArray

from loadstone.engines.plan.lower.draft import Draft
from loadstone.engines.plan.lower.economy import USD, Economy, Taxation, annuity
from loadstone.engines.plan.lower.lowered_site import LoweredSite, Sold
from loadstone.engines.plan.lower.power import in_hours, site_hours
from loadstone.engines.plan.lower.supply import Capacities, Supply
from loadstone.engines.plan.problem import Account, Block, Label, Profile, Segment, Storage
from loadstone.engines.revenue import ai_revenue, mining_per_mwh
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

    def lower(self) -> LoweredSite:
        """Add the site and return where everything is.

        Raises:
            InfeasibleError: A promise of the site cannot be kept.
            InputError: A tariff does not fit.
        """
        for p in range(len(self.phases)):
            self.out.hours.append(site_hours(self.network, self.economy, self.site, p))
        self._promises()
        self._openings()
        self._connection()
        self._plants()
        self._halls_and_machines()
        for p in range(len(self.phases)):
            self._block(p)
        return self.out

    def _label(
        self, kind: str, phase: int = -1, asset: str = "", unit: str = "MW", text: str = ""
    ) -> Label:
        return Label(
            kind=kind, subject=self.site.id, phase=phase, asset=asset, unit=unit, text=text
        )

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

    def _openings(self) -> None:
        """Add the yes or no of each phase; without one the site is open throughout."""
        opening, economy = self.site.opening, self.economy
        if opening is None:
            return
        first = self.phases[0].year
        for p, phase in enumerate(self.phases):
            if phase.year - first < self.site.connection.lead_time_years:
                continue
            relief = 1 - self.ai_tax.relief
            weight = sum(economy.weights[p:])
            cost = opening.fixed_cost * economy.starts[p] + opening.yearly_cost * weight
            label = self._label("open", p, "site", "1")
            self.out.opens[p] = self.draft.column(
                label, cost=cost * relief, upper=1.0, whole=True
            )
            self.out.builds["site", p] = (self.out.opens[p], opening.fixed_cost)
        if len(self.out.opens) > 1:
            terms = [(z, 1.0) for z in self.out.opens.values()]
            self.draft.row(self._label("open_once", unit="1"), terms, upper=1.0)

    def _open_amount(self, phase: int) -> int:
        """Return a column that is 1 where the site is open in a phase, else 0."""
        label = self._label("open_amount", phase, unit="1")
        if self.site.opening is None:
            return self.draft.column(label, lower=1.0, upper=1.0)
        column = self.draft.column(label, upper=1.0)
        terms = [(column, 1.0), *((z, -1.0) for z in self._opened(phase))]
        self.draft.row(self._label("is_open", phase, unit="1"), terms, lower=0.0, upper=0.0)
        return column

    def _opened(self, phase: int) -> list[int]:
        """Return the columns whose sum says whether the site is open in a phase."""
        return [z for p, z in self.out.opens.items() if p <= phase]

    def _gate(self, column: int, largest: float, asset: str, phase: int) -> None:
        """Let a site that can open have an asset only once it is open."""
        if self.site.opening is not None:
            terms = [(column, 1.0), *((z, -largest) for z in self._opened(phase))]
            text = f"{asset.replace('_', ' ')} at {self.site.name}"
            self.draft.row(self._label("limit", phase, asset, text=text), terms, upper=0.0)

    def _asset(
        self,
        asset: str,
        unit: str,
        *,
        largest: float,
        price: Sequence[float | None],
        life: float,
        relief: Sequence[float],
        upkeep: float = 0.0,
        standing: Sequence[float] = (),
        from_phase: int = 0,
        gated: bool = True,
    ) -> None:
        """Add what stands of an asset in each phase, and what is added.

        Args:
            asset: Name of the asset.
            unit: Its unit.
            largest: Most that may stand.
            price: Price of a unit by phase, network currency; None where it is not for sale.
            life: Its life, years.
            relief: Share of the price that comes back as less tax, by phase.
            upkeep: Yearly cost of a unit that stands, after tax.
            standing: What stands already, by phase.
            from_phase: First phase in which it can be added.
            gated: Whether it needs the site to be open.
        """
        economy, draft, count = self.economy, self.draft, len(self.phases)
        standing = standing or [0.0] * count
        rate = annuity(economy.rate, life)
        for p in range(count):
            unit_price = price[p]
            if p < from_phase or unit_price is None or largest <= min(standing[p:]):
                continue
            paid = sum(economy.weights[q] for q in economy.stands(life, p))
            cost = unit_price * (1 - relief[p]) * rate * paid
            label = self._label("build", p, asset, unit)
            column = draft.column(label, cost=cost, upper=largest)
            self.out.builds[asset, p] = (column, unit_price)
        for p in range(count):
            alive = [
                self.out.builds[asset, q][0]
                for q in range(p + 1)
                if (asset, q) in self.out.builds and p in economy.stands(life, q)
            ]
            if not alive and not standing[p]:
                continue
            label = self._label("amount", p, asset, unit)
            column = draft.column(
                label,
                cost=upkeep * economy.weights[p],
                lower=standing[p] if not alive else 0.0,
                upper=max(largest, standing[p]) if alive else standing[p],
            )
            self.out.amounts[asset, p] = column
            if alive:
                terms = [(column, 1.0), *((b, -1.0) for b in alive)]
                stands = self._label("stands", p, asset, unit)
                draft.row(stands, terms, lower=standing[p], upper=standing[p])
                if gated:
                    self._gate(column, max(largest, standing[p]), asset, p)

    def _phase_from(self, lead_time_years: float) -> int:
        first = self.phases[0].year
        late = [p for p, x in enumerate(self.phases) if x.year - first >= lead_time_years]
        return late[0] if late else len(self.phases)

    def _connection(self) -> None:
        given, economy, count = self.site.connection, self.economy, len(self.phases)
        price = economy.cost("connection") if given.cost_per_mw is None else given.cost_per_mw
        self._asset(
            "connection",
            "MW",
            largest=given.max_mw,
            price=[price] * count,
            life=given.life_years,
            relief=[self.ai_tax.shield] * count,
            standing=[given.existing_mw] * count,
            from_phase=self._phase_from(given.lead_time_years),
        )
        opening = self.site.opening
        for p in range(count):
            column = self.out.amounts.get(("connection", p))
            if column is not None and opening is not None and opening.minimum_mw:
                least = ((z, -opening.minimum_mw) for z in self._opened(p))
                label = self._label("smallest", p, "connection")
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
            label = self._label("blocks", p, "connection", "1")
            number = self.draft.column(label, upper=float(most), whole=True)
            row = self._label("whole_blocks", p, "connection")
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
                self._asset(
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
            models = {m.id: m for m in self._models(use)}
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
        self._asset(
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
        models: dict[str, Miner] | dict[str, Server],
        buyable: set[str],
    ) -> None:
        economy, count = self.economy, len(self.phases)
        taxation = self.mining_tax if use == "mining" else self.ai_tax
        prefix = "miner" if use == "mining" else "server"
        for id_, model in models.items():
            price = [
                economy.miner_price(model, self.country, p)
                if isinstance(model, Miner)
                else economy.server_price(model, self.country, p)
                for p in range(count)
            ]
            self._asset(
                f"{prefix}:{id_}",
                "MW",
                largest=largest,
                price=price if id_ in buyable else [None] * count,
                life=model.life.value,
                relief=[taxation.shield] * count,
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
                self.draft.row(self._label("in_hall", p, hall), terms, upper=0.0)

    def _block(self, p: int) -> None:
        hours, draft = self.out.hours[p], self.draft
        caps = Capacities()
        segments: list[Segment] = []
        accounts: list[Account] = []
        self.out.sold.append({})
        self.out.pledges.append({})
        one = self._open_amount(p)
        supply = Supply(draft, self.economy, self.network.study.caps, self.out, p, one)
        supply.add(caps, segments, accounts)
        self._own_plants(p, caps, segments)
        self._miners(p, caps, segments, accounts)
        self._servers(p, caps, segments)
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

    def _use_adder(self, p: int, use: str, taxation: Taxation) -> Floats:
        """Return what a MWh of a use costs besides the common price of power, after tax.

        Levies on the use; the value-added tax on its power that does not come back; and what
        the power's cost relieves less tax here than for AI, at the price of grid power.
        """
        hours = self.out.hours[p]
        grid = hours.price("import", "residual")
        levies = hours.price(use, "all_use")
        relieved = grid * (1 + taxation.vat) * (1 - taxation.relief)
        common = grid * (1 - self.ai_tax.relief)
        return np.asarray(relieved - common + levies * (1 - taxation.relief))

    def _value(self, per_mwh: float, pue: Floats, adder: Floats) -> Profile:
        """Return the worth of a MWh at the bus that runs machines worth `per_mwh` at the plugs."""
        if (adder == adder[0]).all():
            row = self.draft.series(1 / pue)
            return Profile(row=row, scale=per_mwh, shift=-float(adder[0]))
        return self.draft.profile(per_mwh / pue - adder)

    def _miners(
        self, p: int, caps: Capacities, segments: list[Segment], accounts: list[Account]
    ) -> None:
        hours, draft = self.out.hours[p], self.draft
        if hours.mining_banned.all():
            return
        adder = self._use_adder(p, "mining", self.mining_tax)
        ready = np.where(hours.mining_banned, 0.0, hours.mining_ready * hours.mining_pue)
        hashprice = self.economy.hashprice(p)
        pledged: list[tuple[str, int, float]] = []
        for (asset, q), column in list(self.out.amounts.items()):
            if q != p or not asset.startswith("miner:"):
                continue
            miner = self.network.facts.miners[asset.removeprefix("miner:")]
            fee = self.network.study.pool_fee
            gross = mining_per_mwh(hashprice, miner.j_per_th, pool_fee=fee)
            gross *= self.economy.per(USD)
            value = self._value(gross * (1 - self.mining_tax.rate), hours.mining_pue, adder)
            self.out.sold[p][asset] = Sold("mining", gross, self.mining_tax)
            free = column
            if self.site.curtailment:
                free, more = self._pledge_columns(p, asset, column)
                pledged += [(asset, c, gross) for c in more]
            segments.append(
                Segment(
                    name=asset,
                    capacity=caps.index(asset, free),
                    width=draft.profile(ready),
                    value=value,
                )
            )
        self._pledges(p, caps, segments, accounts, pledged, ready, adder)

    def _pledge_columns(self, p: int, asset: str, column: int) -> tuple[int, list[int]]:
        """Part a model's machines into those free and those pledged to each agreement."""
        most = self.draft.upper(column)
        label = self._label("free", p, asset)
        free = self.draft.column(label, upper=most)
        pledged = [
            self.draft.column(self._label("pledged", p, asset), upper=min(most, c.mw))
            for c in self.site.curtailment
        ]
        terms = [(column, -1.0), (free, 1.0), *((c, 1.0) for c in pledged)]
        self.draft.row(self._label("parted", p, asset), terms, lower=0.0, upper=0.0)
        return free, pledged

    def _pledges(
        self,
        p: int,
        caps: Capacities,
        segments: list[Segment],
        accounts: list[Account],
        pledged: list[tuple[str, int, float]],
        ready: Floats,
        adder: Floats,
    ) -> None:
        """Add the agreements to stop when called.

        Pledged machines that stand still in a call are paid for what they would have drawn, up
        to the hours agreed: in calls their running is worth less by the payment, which is
        granted for all of them at first; an account takes back what exceeds the hours.
        """
        hours, keep = self.out.hours[p], 1 - self.mining_tax.rate
        zone = self.country.zones[self.site.zone].time_zone
        count = len(self.site.curtailment)
        for k, agreement in enumerate(self.site.curtailment):
            mine = pledged[k::count] if count else []
            if not mine:
                continue
            called = in_hours(agreement, hours.grid, zone) & ~hours.mining_banned
            pay = agreement.per_mwh * self.economy.per(agreement.currency) * keep
            yearly = agreement.per_mw_year * self.economy.per(agreement.currency) * keep
            drawn = float(ready[called].sum())
            total = self.draft.column(
                self._label("pledge", p, agreement.name),
                cost=-(pay * drawn + yearly) * self.economy.weights[p],
                upper=agreement.mw,
            )
            terms = [(total, -1.0), *((c, 1.0) for _, c, _ in mine)]
            self.draft.row(
                self._label("pledged", p, agreement.name), terms, lower=0.0, upper=0.0
            )
            places = []
            for asset, column, gross in mine:
                name = f"{asset}:{agreement.name}"
                lost = np.where(called, pay, 0.0)
                value = self._value(gross * keep, hours.mining_pue, adder + lost)
                self.out.sold[p][name] = self.out.sold[p][asset]
                self.out.pledges[p][name] = (pay / keep if keep else 0.0, called * 1.0)
                places.append(len(segments))
                segments.append(
                    Segment(
                        name=name,
                        capacity=caps.index(name, column),
                        width=self.draft.profile(ready),
                        value=value,
                    )
                )
            if not called.any():
                continue
            mean = drawn / float(called.sum())
            accounts.append(
                Account(
                    name=f"{agreement.name}: {agreement.max_hours:g} hours a year",
                    segments=tuple(places),
                    coefficients=(-1.0,) * len(places),
                    hours=self.draft.series(called * 1.0),
                    limit=caps.index(f"pledge:{agreement.name}", total),
                    per_unit=agreement.max_hours * mean - drawn,
                    penalty=pay,
                )
            )

    def _servers(self, p: int, caps: Capacities, segments: list[Segment]) -> None:
        hours, study = self.out.hours[p], self.network.study
        if hours.ai_banned.all():
            return
        sales = self.site.ai_sales or study.ai_sales
        ready = np.where(hours.ai_banned, 0.0, hours.ai_ready * hours.ai_pue)
        for (asset, q), column in self.out.amounts.items():
            if q != p or not asset.startswith("server:"):
                continue
            server = self.network.facts.servers[asset.removeprefix("server:")]
            taxation, bill_share = self._incentives(p, server)
            adder = self._use_adder(p, "ai", taxation)
            if bill_share:
                adder = adder - bill_share * hours.price("import", "residual") * (
                    1 - taxation.relief
                )
            revenue = ai_revenue(
                usd_per_gpu_h=server.rental.value * study.outlook.ai_price_factor[p],
                gpus_per_mw=server.gpus_per_mw,
                utilisation=sales.utilisation,
                contracted_share=sales.contracted_share,
                contracted_price_factor=sales.contracted_price_factor,
                floor=sales.floor,
            )
            share, rate = revenue.contracted_share, self.economy.per(USD)
            parts = (
                ("floor", share * revenue.floor, revenue.contracted_per_mwh, True),
                ("contract", share * (1 - revenue.floor), revenue.contracted_per_mwh, False),
                ("spot", 1 - share, revenue.spot_per_mwh, False),
            )
            capacity = caps.index(asset, column)
            for part, width, usd_per_mwh, must_run in parts:
                if width > 0:
                    name = f"{asset}:{part}"
                    gross = usd_per_mwh * rate
                    self.out.sold[p][name] = Sold("ai", gross, taxation)
                    segments.append(
                        Segment(
                            name=name,
                            capacity=capacity,
                            width=self.draft.profile(ready * width),
                            value=self._value(gross * (1 - taxation.rate), hours.ai_pue, adder),
                            must_run=must_run,
                        )
                    )

    def _incentives(self, p: int, server: Server) -> tuple[Taxation, float]:
        """Return the tax on a server's income and the share of its power bill paid back."""
        day = self.out.hours[p].grid.start.date()
        taxation, bill_share = self.ai_tax, 0.0
        for incentive in self.country.incentives:
            meant = incentive.id in self.site.incentives and incentive.use == "ai"
            if meant and incentive.holds(
                zone=self.site.zone, chip_country=server.chip_country, on=day
            ):
                if incentive.profit_tax_rate is not None:
                    rate = incentive.profit_tax_rate.value
                    taxation = self.economy.taxation(self.country, "ai", rate)
                if incentive.power_bill_share is not None:
                    bill_share = max(bill_share, incentive.power_bill_share.value)
        return taxation, bill_share
