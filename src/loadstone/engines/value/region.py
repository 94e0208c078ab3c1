# SPDX-License-Identifier: Apache-2.0
"""What a plan adds directly in each country, what leaks out, and the ceiling of it.

Value added directly is what sites earn less what they buy from others: wages, taxes and
levies, depreciation, interest and profit. What is paid once is never added to what comes every
year. What suppliers and power stations add is not in it, and neither is what the same money
would have brought elsewhere.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from loadstone.engines.revenue import hashprice_of_network
from loadstone.model.bitcoin import SAT_PER_BTC
from loadstone.model.errors import InputError
from loadstone.model.finance.cash import DEPRECIATION, LOST_ON, OPERATING, CashRow, CashTable
from loadstone.model.finance.multiplier import Multiplier
from loadstone.model.finance.returns import RegionRow
from loadstone.model.network import Network
from loadstone.model.plan import Plan

Floats = NDArray[np.float64]

HALLS, CONNECTION, PLANTS, MACHINES = (
    "local-share-halls",
    "local-share-connection",
    "local-share-plants",
    "local-share-machines",
)
LOCAL_SHARES = {
    "mining_hall": HALLS,
    "ai_hall": HALLS,
    "ai_hall_air": HALLS,
    "ai_hall_liquid": HALLS,
    "conversion": HALLS,
    "site": HALLS,
    "connection": CONNECTION,
    "connection_non_firm": CONNECTION,
    "transformer": CONNECTION,
    "solar": PLANTS,
    "wind": PLANTS,
    "battery_power": PLANTS,
    "battery_energy": PLANTS,
    "backup": PLANTS,
    "miner": MACHINES,
    "server": MACHINES,
}
"""Which share of the price of a kind of asset is spent in the country that it stands in."""

WAGES = {"staff": "wage-share-staff", "repairs": "wage-share-repairs"}
"""Which share of a running cost is paid as wages there."""

PROPERTY_TAX = "property_tax"
HOURS, DAYS, PH_PER_EH = 8760.0, 365.0, 1e3
BILLION = 1e9
CLAIM = 100e9  # currency a year: a round figure to hold a plan against


def region(
    plan: Plan, table: CashTable, network: Network, multipliers: Sequence[Multiplier] = ()
) -> tuple[tuple[RegionRow, ...], str]:
    """Return what is added where in each phase, and the ceiling of it in a sentence.

    What is paid before a phase's start and after the last phase's end counts in the first and
    the last. Yearly amounts are those of a phase over its years.

    Args:
        plan: The plan.
        table: Its cash after tax and debt, with memo rows of depreciation.
        network: The network.
        multipliers: Ranges that the user states; countries without one have none.

    Raises:
        InputError: A country has two multipliers.
    """
    stated = {one.country: one for one in multipliers}
    if len(stated) != len(multipliers):
        codes = [one.country for one in multipliers]
        raise InputError("multipliers", codes, "must be one a country")
    counting = _Counting(table, network)
    rows = tuple(
        counting.row(country, p, stated.get(country))
        for country in sorted({row.country for row in table.rows if row.country})
        for p in range(len(network.study.phases))
    )
    return rows, ceiling(plan, table, network)


@dataclass(frozen=True, slots=True)
class _Window:
    """The months of a phase: from `start` to before `end`, which stand for so many years."""

    start: int
    end: int
    years: float

    def of(self, amounts: Floats) -> float:
        return float(amounts[self.start : self.end].sum())


def _windows(table: CashTable, network: Network) -> list[_Window]:
    """Return the months of each phase, the first from the first month, the last to the last."""
    phases = network.study.phases
    begin = table.first.year + (table.first.month - 1) / 12
    at = [round((phase.at - begin) * 12) for phase in phases]
    cuts = [0, *(min(max(month, 0), table.months) for month in at[1:]), table.months]
    return [
        _Window(start, end, phase.years)
        for start, end, phase in zip(cuts, cuts[1:], phases, strict=False)
    ]


class _Counting:
    """Counts rows of a table by country and phase."""

    def __init__(self, table: CashTable, network: Network) -> None:
        self.table, self.network = table, network
        self.windows = _windows(table, network)
        self.owner = {
            site.id: network.study.owner if site.owner is None else site.owner
            for site in network.sites
        }

    def share(self, id_: str) -> float:
        """Return a stated share, of the network where it states one."""
        stated = self.network.study.costs.get(id_) or self.network.facts.costs[id_]
        return stated.value

    def row(self, country: str, phase: int, stated: Multiplier | None) -> RegionRow:
        """Return what a country has of a phase."""
        window = self.windows[phase]
        one_off, imported = self._once(country, window)
        yearly, leaving = self._yearly(country, window)
        return RegionRow(
            country=country,
            phase=self.network.study.phases[phase].at,
            one_off={name: amount for name, amount in one_off.items() if amount},
            imported=imported,
            yearly={name: amount for name, amount in yearly.items() if amount},
            leaving=leaving,
            multiplier=(stated.low, stated.high) if stated else None,
            multiplier_source=f"{stated.source}, {stated.date}" if stated else "",
        )

    def _once(self, country: str, window: _Window) -> tuple[dict[str, float], float]:
        local = imported = 0.0
        for row in self.table.select("capex", "refresh", country=country):
            price = -window.of(row.amounts)
            id_ = LOCAL_SHARES.get(row.line.partition(":")[0])
            at_home = price * (self.share(id_) if id_ else 0.0)
            local, imported = local + at_home, imported + price - at_home
        wages = local * self.share("wage-share-building")
        found = {
            "wages of building": wages,
            "other local building": local - wages,
            "import duty": -window.of(self.table.total("duty", country=country)),
            "VAT not refunded": sum(
                -window.of(row.amounts) for row in self._lost_vat(country, building=True)
            ),
        }
        return found, imported

    def _lost_vat(self, country: str, *, building: bool) -> Iterator[CashRow]:
        """Yield value-added tax that never comes back: of what is built, or of the rest."""
        for row in self.table.select("vat", country=country):
            asset = row.line.removeprefix(LOST_ON)
            known = asset.partition(":")[0] in LOCAL_SHARES
            if row.line.startswith(LOST_ON) and known == building:
                yield row

    def _yearly(self, country: str, window: _Window) -> tuple[dict[str, float], float]:
        yearly = {
            "wages": 0.0,
            "taxes and levies": 0.0,
            "depreciation": 0.0,
            "interest at home": 0.0,
            "profit kept": 0.0,
        }
        abroad = self.network.deals.cash.interest_abroad
        leaving = 0.0
        for name, amount, kept in self._parts(country):
            a_year = window.of(amount) / window.years
            if name == "profit":
                yearly["profit kept"] += a_year * kept
                leaving += a_year * (1 - kept)
            elif name == "interest":
                yearly["interest at home"] += a_year * (1 - abroad)
                leaving += a_year * abroad
            else:
                yearly[name] += a_year
        return yearly, leaving

    def _parts(self, country: str) -> Iterator[tuple[str, Floats, float]]:
        """Yield the parts of value added: a name, the amounts, and which share stays.

        Each part that is not profit is taken off profit again, so that the parts sum to what
        sites earn less what they buy.
        """
        for row in self.table.select(*OPERATING, country=country):
            yield "profit", row.amounts, self._kept(row)
            if row.group == "levies" or row.line == PROPERTY_TAX:
                yield "taxes and levies", -row.amounts, 1.0
            elif row.group == "direct" and row.line in WAGES:
                yield "wages", -row.amounts * self.share(WAGES[row.line]), 1.0
        taxed = self.table.select("tax", "withholding", country=country)
        for row in (*taxed, *self._lost_vat(country, building=False)):
            yield "taxes and levies", -row.amounts, 1.0
            yield "profit", row.amounts, self._kept(row)
        for row in self.table.select("memo", country=country):
            if row.line.partition(":")[0] == DEPRECIATION:
                yield "depreciation", row.amounts, 1.0
                yield "profit", -row.amounts, self._kept(row)
        interest = self.table.total("interest", "fees", country=country)
        shared = self.table.total("interest", "fees", country="")
        interest = interest + shared * self._invested(country)
        yield "interest", -interest, 0.0
        yield "profit", interest, float(self.network.study.owner == country)

    def _kept(self, row: CashRow) -> float:
        """Return which share of profit stays: all where the owner is at home."""
        owner = self.owner.get(row.site, self.network.study.owner)
        return float(owner == row.country)

    def _invested(self, country: str) -> float:
        """Return a country's share of all that is built: what a loan to the whole pays for."""
        whole = float(self.table.total("capex", "refresh").sum())
        mine = float(self.table.total("capex", "refresh", country=country).sum())
        return mine / whole if whole else 0.0


def ceiling(plan: Plan, table: CashTable, network: Network) -> str:
    """Return how much a plan can bring at most, from what it earns a year, in a sentence."""
    windows = _windows(table, network)
    income = table.total("revenue", "flexibility")
    earned = [window.of(income) / window.years for window in windows]
    best = int(np.argmax(earned))
    at = network.study.phases[best].at
    mw = (
        sum(
            amount
            for year in plan.site_years
            if year.phase == at
            for use, amount in year.energy_mwh.items()
            if use in {"mining", "ai", "auxiliary"}
        )
        / HOURS
    )
    if not mw or earned[best] <= 0:
        return "Ceiling: the plan runs nothing, so it adds nothing a year."
    a_mw = earned[best] / mw
    said = (
        f"Ceiling: in its best years, from {at:g}, the plan draws {mw:,.0f} MW on average and "
        f"earns {earned[best] / BILLION:,.2f} billion {table.currency} a year, "
        f"{a_mw / 1e6:,.2f} million a MW; all that it adds directly, in all countries "
        f"together, is less than that."
    )
    return f"{said} {_of_all_miners(network, best)} {_of_a_claim(table.currency, a_mw)}"


def _of_all_miners(network: Network, phase: int) -> str:
    """Return what all miners of the world earn in the outlook, in a sentence."""
    outlook, day = network.study.outlook, network.study.phases[phase].start
    eh = outlook.network_eh[phase]
    if outlook.hashprice:
        price = outlook.hashprice[phase]
    else:
        price = hashprice_of_network(
            eh,
            outlook.btc_price[phase],
            subsidy_btc=network.facts.bitcoin.subsidy_sat(day) / SAT_PER_BTC,
            fee_share=outlook.fee_share[phase],
        )
    world = price * eh * PH_PER_EH * DAYS
    return (
        f"All Bitcoin miners of the world together earn {world / BILLION:,.1f} billion USD a "
        f"year in the outlook: {price:,.1f} USD/PH/day x {eh:,.0f} EH/s x 365."
    )


def _of_a_claim(currency: str, a_mw: float) -> str:
    """Return how much power a large claim would need at what a MW of this plan earns."""
    return (
        f"A claim of {CLAIM / BILLION:,.0f} billion {currency} a year would need "
        f"{CLAIM / a_mw / 1e3:,.0f} GW of such sites running without a pause."
    )
