# SPDX-License-Identifier: Apache-2.0
"""What machines earn hour by hour at one site in one phase: miners and AI servers."""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from loadstone.engines.plan.lower.draft import Draft
from loadstone.engines.plan.lower.economy import USD, Economy, Taxation
from loadstone.engines.plan.lower.flexibility import Pledges, Run
from loadstone.engines.plan.lower.lowered_site import LoweredSite, Sold
from loadstone.engines.plan.lower.steps import (
    miner_steps,
    model_of,
    ready_widths,
    server_steps,
)
from loadstone.engines.plan.lower.supply import Capacities
from loadstone.engines.plan.problem import Account, Segment
from loadstone.engines.revenue import (
    Step,
    ai_revenue,
    mean_gain,
    mining_per_mwh,
    split_steps,
)
from loadstone.model.machine import Miner, Server

Floats = NDArray[np.float64]

FLOOR = "floor"  # the part of a contract that must run


class Machines:
    """Adds the segments of a site's machines in one phase."""

    def __init__(self, economy: Economy, draft: Draft, out: LoweredSite, phase: int) -> None:
        self.economy, self.draft, self.out, self.phase = economy, draft, out, phase
        self.site, self.hours = out.site, out.hours[phase]
        self.facts, self.study = economy.network.facts, economy.study

    def add_miners(
        self, caps: Capacities, segments: list[Segment], accounts: list[Account]
    ) -> None:
        """Add the miners, and what of them is pledged to stop when called."""
        hours, out = self.hours, self.out
        if hours.mining_banned.all():
            return
        taxation = self.economy.taxation(out.country, "mining")
        counts = self.economy.revenue_factor("mining", self.phase)
        keep = (1 - taxation.rate) * counts
        adder = self.use_adder("mining", taxation)
        ready = np.where(hours.mining_banned, 0.0, hours.mining_ready)
        available = self.economy.cost("availability-mining")
        pledges = Pledges(self.economy, self.draft, out, self.phase, taxation)
        for asset, column in self._standing("miner:"):
            miner = self.facts.miners[model_of(asset)]
            steps = miner_steps(self.economy, miner)
            nameplate, runs = self._mined_per_mwh(miner), []
            for step, width in zip(steps, ready_widths(steps, ready, available), strict=True):
                name = f"{asset}:{step.name}" if step.name else asset
                gross = nameplate * step.gain
                out.sold[self.phase][name] = Sold(
                    "mining", "mining", gross, hours.mining_pue, taxation, counts
                )
                runs.append(Run(name, width * hours.mining_pue, gross * keep))
            free = pledges.part(asset, column, runs)
            segments += [
                Segment(
                    name=run.name,
                    capacity=caps.index(asset, free),
                    width=self.draft.profile(run.width),
                    value=self.draft.worth(run.kept_per_mwh, hours.mining_pue, adder),
                )
                for run in runs
            ]
        pledges.add(adder, caps, segments, accounts)

    def _standing(self, prefix: str) -> list[tuple[str, int]]:
        """Return the assets of a kind that may stand in this phase, and their columns."""
        return [
            (asset, column)
            for (asset, q), column in self.out.amounts.items()
            if q == self.phase and asset.startswith(prefix)
        ]

    def _mined_per_mwh(self, miner: Miner) -> float:
        """Return what a MWh at the plugs of miners at nameplate earns, network currency."""
        hashprice, fee = self.economy.hashprice(self.phase), self.study.pool_fee
        earned = mining_per_mwh(hashprice, miner.j_per_th, pool_fee=fee)
        return earned * self.economy.per(USD)

    def use_adder(self, use: str, taxation: Taxation) -> Floats:
        """Return what a MWh of a use costs besides the common price of power, after tax.

        Levies on the use; the value-added tax on its power that does not come back; and what
        the power's cost relieves less tax here than for AI, at the price of grid power.
        """
        grid = self.hours.price("import", "residual")
        levies = self.hours.price(use, "all_use")
        relieved = grid * (1 + taxation.vat) * (1 - taxation.relief)
        common = grid * (1 - self.out.taxation.relief)
        return np.asarray(relieved - common + levies * (1 - taxation.relief))

    def add_servers(self, caps: Capacities, segments: list[Segment]) -> None:
        """Add the AI servers: the part that must run, the rest under contract, and spot."""
        hours, out = self.hours, self.out
        if hours.ai_banned.all():
            return
        counts = self.economy.revenue_factor("ai", self.phase)
        for asset, column in self._standing("server:"):
            server, hall = self.facts.servers[model_of(asset)], out.hall_of[asset]
            pue, ready = hours.pue(hall), np.where(hours.ai_banned, 0.0, hours.ready(hall))
            taxation, bill_share = self.economy.incentives(
                self.site, out.country, server, self.phase
            )
            adder = self.use_adder("ai", taxation)
            if bill_share:
                grid = hours.price("import", "residual")
                adder = adder - bill_share * grid * (1 - taxation.relief)
            capacity = caps.index(asset, column)
            for part, width, gross in self._sales(server, ready):
                if not width.any():
                    continue
                name = f"{asset}:{part}"
                out.sold[self.phase][name] = Sold("ai", "ai", gross, pue, taxation, counts)
                kept = gross * (1 - taxation.rate) * counts
                segments.append(
                    Segment(
                        name=name,
                        capacity=capacity,
                        width=self.draft.profile(width * pue),
                        value=self.draft.worth(kept, pue, adder),
                        must_run=part == FLOOR,
                    )
                )

    def _sales(self, server: Server, ready: Floats) -> Iterator[tuple[str, Floats, float]]:
        """Yield the parts in which servers are sold.

        Each has a name, its share of the MW hour by hour, and what a MWh at the plugs earns in
        the network's currency. The floor of a contract runs at its mean output; above it, and
        for what is sold spot, power goes up the steps of the cap curve.

        Args:
            server: The server.
            ready: Power that the installed servers may draw, over nameplate. Shape (T,).
        """
        sales = self.site.ai_sales or self.study.ai_sales
        revenue = ai_revenue(
            usd_per_gpu_h=server.rental.value
            * self.study.outlook.ai_factor(server.generation, self.phase),
            gpus_per_mw=server.gpus_per_mw,
            utilisation=sales.utilisation,
            contracted_share=sales.contracted_share,
            contracted_price_factor=sales.contracted_price_factor,
            floor=sales.floor,
        )
        share, rate = revenue.contracted_share, self.economy.per(USD)
        contracted, spot = revenue.contracted_per_mwh * rate, revenue.spot_per_mwh * rate
        steps = server_steps(self.economy, server, sales.workload)
        below, above = split_steps(steps, revenue.floor)
        if below:
            floor = Step(FLOOR, 0.0, revenue.floor, mean_gain(below))
            yield from self._part(FLOOR, (floor,), ready, share, contracted)
        yield from self._part("contract", above, ready, share, contracted)
        yield from self._part("spot", steps, ready, 1 - share, spot)

    def _part(
        self, part: str, steps: Sequence[Step], ready: Floats, share: float, gross: float
    ) -> Iterator[tuple[str, Floats, float]]:
        """Yield a part of what servers sell, step by step; see `_sales`."""
        available = self.economy.cost("availability-ai")
        widths = ready_widths(steps, ready, available)
        for i, (step, width) in enumerate(zip(steps, widths, strict=True)):
            name = f"{part}:{step.name}" if i else part
            yield name, share * width, gross * step.gain
