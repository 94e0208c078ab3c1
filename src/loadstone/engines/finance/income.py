# SPDX-License-Identifier: Apache-2.0
"""What is taxed together: income by country and rate, after costs and what is written off.

Revenue of mining and of AI is taxed as the country treats each. Where both are treated alike
they share profits and losses; where one has a rate or a share of its own, or an incentive
changes the rate, it stands alone. Costs that a site's uses share are deducted from AI's, as the
planner does.
"""

from collections.abc import Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from loadstone.engines.finance.depreciation import written_off
from loadstone.engines.finance.local_money import Abroad
from loadstone.model.country import Country, Treatment
from loadstone.model.errors import InputError
from loadstone.model.finance.cash import IN_SERVICE, LOST_ON, LOST_ON_POWER, CashRow
from loadstone.model.finance.country_finance import Depreciation
from loadstone.model.network import Network

Floats = NDArray[np.float64]
Regime = tuple[float, float]
"""Rate of tax, and share of costs that may be deducted."""
HALLS = ("mining_hall", "ai_hall", "ai_hall_air", "ai_hall_liquid", "conversion")
OPENING = "site"
"""Asset whose price is deducted at once."""
DEPOSIT = "deposit:"
_INCOME = ("revenue", "flexibility", "resale", "hedge")
_COSTS = ("energy", "direct", "levies", "fees")


def use_of(line: str) -> str:
    """Return whose tax treatment a line has: "mining" or "ai"."""
    bare = line.removeprefix(LOST_ON).removeprefix(f"{IN_SERVICE}:")
    mining = bare == "mining" or bare.startswith("miner:") or bare.endswith(":mining")
    return "mining" if mining else "ai"


def treatment_of(country: Country, use: str) -> Treatment | None:
    """Return how a country treats a use; mining like AI where nothing is known of it."""
    return (country.mining if use == "mining" else None) or country.ai


def class_of(asset: str) -> str:
    """Return the class of an asset for the tax office: "machines", "halls" or "plants"."""
    kind = asset.partition(":")[0]
    if kind in ("miner", "server"):
        return "machines"
    return "halls" if kind in HALLS else "plants"


class Income:
    """The taxable income of a country."""

    def __init__(self, abroad: Abroad, network: Network) -> None:
        self.abroad, self.network = abroad, network
        self.country, self.table = abroad.country, abroad.table
        self.rows = [r for r in self.table.rows if r.country == self.country.code]
        self.sites = {site.id: site for site in network.sites}
        self.alone = dict(self._incentives())

    def profits(self, interest: Floats) -> dict[Regime, Floats]:
        """Return profit by calendar year before losses of earlier years, local money.

        Args:
            interest: What is deducted besides, by month, reporting currency. Shape (M,).

        Returns:
            By regime. Shapes (Y,).
        """
        shared = self._regime("")
        found = {shared: -self.abroad.by_year(interest) * shared[1]}
        for row in self.rows:
            counted = self._counted(row)
            if counted is not None:
                self._add(found, self.regime(row), counted)
        for row, by_year in self.written_off():
            regime = self.regime(row)
            self._add(found, regime, -by_year * regime[1])
        return found

    @staticmethod
    def _add(found: dict[Regime, Floats], regime: Regime, amounts: Floats) -> None:
        found[regime] = found.get(regime, np.zeros(len(amounts))) + amounts

    def _counted(self, row: CashRow) -> Floats | None:
        """Return what of a row is taxed or deducted by year; None for nothing."""
        if row.group in _INCOME and not row.line.startswith(DEPOSIT):
            return self.abroad.by_year(row.amounts)
        lost = row.group == "vat" and row.line.startswith(LOST_ON_POWER)
        if row.group in _COSTS or lost:
            return self.abroad.by_year(row.amounts) * self.regime(row)[1]
        return None

    def written_off(self) -> Iterator[tuple[CashRow, Floats]]:
        """Yield what is put to use, and what the tax office lets be written off by year.

        Both are nominal local money: inflation eats what is written off late. With the last
        month all is sold or given up, and what is left is deducted. Shapes (Y,).
        """
        years, first = len(self.table.years), self.table.first.month - 1
        for row in self.rows:
            if row.group != "memo" or not row.line.startswith(f"{IN_SERVICE}:"):
                continue
            total, before = np.zeros(years), 0.0
            for m in np.flatnonzero(row.amounts):
                price = float(row.amounts[m] * self.abroad.per[m])
                year, month = divmod(int(m) + first, 12)
                total[year:] += price * self._shares(row.line, month, years - year)
                total[-1] += price - float(total.sum()) + before
                before += price
            yield row, total

    def _shares(self, line: str, month: int, years: int) -> Floats:
        asset = line.removeprefix(f"{IN_SERVICE}:")
        if asset == OPENING:
            return np.array([1.0] + [0.0] * (years - 1))
        return written_off(self.schedule(class_of(asset)), month, years)

    def schedule(self, class_: str) -> Depreciation:
        """Return how a class of asset is written off.

        Raises:
            InputError: The country says nothing of it.
        """
        rule = self.country.finance.depreciation.get(class_)
        if rule is not None:
            return rule
        years = self.country.depreciation
        if years is None:
            field = f"countries.{self.country.code}.depreciation"
            raise InputError(field, None, "must be given where a site stands")
        return Depreciation(
            kind="straight-line",
            years=years.value,
            source=years.source,
            date=years.date,
            confidence=years.confidence,
        )

    def regime(self, row: CashRow) -> Regime:
        """Return how a row is taxed."""
        line = row.line.removeprefix(f"{IN_SERVICE}:")
        kind, _, model = line.partition(":")
        if kind in ("ai", "server") and (row.site, model) in self.alone:
            return self.alone[row.site, model]
        if line in ("energy:ai", "levies:ai"):
            here = {regime for (site, _), regime in self._models().items() if site == row.site}
            if len(here) == 1:
                return here.pop()
        return self._regime(use_of(row.line))

    def _regime(self, use: str) -> Regime:
        given = treatment_of(self.country, use)
        return (given.rate.value, given.deductible_share.value) if given else (0.0, 0.0)

    def _models(self) -> Mapping[tuple[str, str], Regime]:
        """Return how each model of servers is taxed, by site and model."""
        models = {
            (row.site, row.line.removeprefix("ai:"))
            for row in self.rows
            if row.group == "revenue" and row.line.startswith("ai:")
        }
        return {key: self.alone.get(key, self._regime("ai")) for key in models}

    def _incentives(self) -> Iterator[tuple[tuple[str, str], Regime]]:
        """Yield the regimes of servers whose profit has a rate of its own."""
        share = self._regime("ai")[1]
        for row in self.rows:
            site, model = self.sites.get(row.site), row.line.removeprefix("ai:")
            if site is None or row.group != "revenue" or model == row.line:
                continue
            day = self.table.month(int(np.flatnonzero(row.amounts)[0]))
            chips = self.network.facts.servers[model].chip_country
            for one in self.country.incentives:
                meant = one.id in site.incentives and one.use == "ai"
                holds = one.holds(zone=site.zone, chip_country=chips, on=day)
                if meant and holds and one.profit_tax_rate is not None:
                    yield (row.site, model), (one.profit_tax_rate.value, share)
