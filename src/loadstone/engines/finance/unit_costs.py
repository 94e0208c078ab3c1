# SPDX-License-Identifier: Apache-2.0
"""What a bitcoin, a GPU-hour and a leased kW-month cost.

A cost is the present value of what is paid over the present value of what is made. Each row of
cash belongs to what its name says; what several products of a site share is borne by energy
drawn (grid charges, connection, halls, generation) or by revenue (all other running costs),
summed over all months. Income from flexibility lowers no cost: it is income.

The cost of a bitcoin is split as public miners do: energy, other direct costs, depreciation,
financing, tax. What owners ask for their capital is no part of it. The levelised costs of
GPU-hours and kW-months are before tax and debt; there what is invested counts when it is paid,
less what is not yet written off at the end, so that it earns the discount rate.

Source: parts as in the cost of revenue of CleanSpark's annual report (form 10-K).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from loadstone.engines.finance.returns import factors
from loadstone.model.finance.cash import (
    DEPRECIATION,
    LOST_ON,
    LOST_ON_POWER,
    OPERATING,
    CashRow,
    CashTable,
)

Floats = NDArray[np.float64]

MONTHS = 12
MINING = "mining"
USES = ("mining", "ai", "lease", "hosting")
GRID = ("connection", "demand", "fixed", "take_or_pay")
ASSETS = ("capex", "refresh", "duty")
HALLS: Mapping[str, tuple[str, ...]] = {
    "mining_hall": ("mining", "hosting"),
    "ai_hall_air": ("ai", "lease"),
    "ai_hall_liquid": ("ai", "lease"),
}
"""Uses that stand in a hall."""
PARTS = ("energy", "direct", "depreciation", "financing", "tax")


@dataclass(frozen=True, slots=True, kw_only=True)
class MinedCost:
    """What a bitcoin costs; None where none is mined.

    Attributes:
        cash: Energy and other direct costs.
        all_in: Those with depreciation, financing and tax.
        parts: The all-in cost by `PARTS`.
    """

    cash: float | None = None
    all_in: float | None = None
    parts: Mapping[str, float] = field(default_factory=dict)


def cost_of_mining(table: CashTable, rate: float) -> MinedCost:
    """Return what a bitcoin costs over all sites.

    Args:
        table: Cash after tax and debt, rows of countries given to sites.
        rate: Discount rate a year.
    """
    worth = factors(rate, table.months)
    shares = _Shares(table)
    mined = float(sum(row.amounts @ worth for row in table.rows if row.unit == "BTC"))
    if mined <= 0.0:
        return MinedCost()
    parts = dict.fromkeys(PARTS, 0.0)
    for row in table.rows:
        part = _part(row)
        if part:
            sign = 1.0 if row.group == "memo" else -1.0
            paid = sign * float(row.amounts @ worth)
            parts[part] += paid * shares.mining(row, part) / mined
    cash = parts["energy"] + parts["direct"]
    return MinedCost(cash=cash, all_in=sum(parts.values()), parts=parts)


def _part(row: CashRow) -> str:
    """Return the part of a bitcoin's cost that a row belongs to, "" for none."""
    if row.group == "memo":
        return "depreciation" if row.line.startswith(f"{DEPRECIATION}:") else ""
    if row.group == "vat":
        return "energy" if row.line.startswith(LOST_ON_POWER) else ""
    named = {
        "energy": "energy",
        "direct": "direct",
        "levies": "direct",
        "interest": "financing",
        "fees": "financing",
        "tax": "tax",
    }
    if row.group == "withholding" and row.line.startswith("interest:"):
        return "financing"
    return named.get(row.group, "")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Borne:
    """What a product bears, from which anybody can count its cost again.

    Attributes:
        product: "mining", or a line of revenue such as "ai:gb200-nvl72" or "lease:tenant-a".
        unit: "BTC", "GPU-h" or "kW-month".
        made: By month. Shape (M,).
        paid: Positive where it costs, by month; by part for "mining", all in "paid" for
            others. Shapes (M,).
        left: What is not written off at the end, taken off the cost there.
    """

    product: str
    unit: str
    made: Floats
    paid: Mapping[str, Floats]
    left: float = 0.0


def borne(table: CashTable) -> tuple[Borne, ...]:
    """Return what bitcoins, GPU-hours and kW-months bear, by month.

    The cost of a unit is the present value of what is paid, less that of what is left at the
    beginning of the last month, over the present value of what is made.

    Args:
        table: Cash after tax and debt, rows of countries given to sites.
    """
    shares, months = _Shares(table), table.months
    made: dict[tuple[str, str], Floats] = {}
    for row in table.rows:
        if row.unit in ("BTC", "GPU-h", "kW-month"):
            key = (MINING if row.unit == "BTC" else row.line, row.unit)
            made[key] = made.get(key, np.zeros(months)) + row.amounts
    found = []
    for (product, unit), amounts in made.items():
        paid = {part: np.zeros(months) for part in (PARTS if unit == "BTC" else ("paid",))}
        left = 0.0
        for row in table.rows:
            part = _part(row)
            if unit == "BTC" and part:
                sign = 1.0 if row.group == "memo" else -1.0
                paid[part] += sign * shares.mining(row, part) * row.amounts
            elif unit != "BTC":
                share = shares.product(row, product)
                paid["paid"] += share * _paid(row)
                left += share * _left(row)
        found.append(Borne(product=product, unit=unit, made=amounts, paid=paid, left=left))
    return tuple(found)


def levelised(table: CashTable, rate: float) -> tuple[dict[str, float], dict[str, float]]:
    """Return costs of a GPU-hour by server model, and of a kW-month by lease.

    Args:
        table: Cash, rows of countries given to sites; tax and debt in it do not count.
        rate: Discount rate a year.
    """
    worth = factors(rate, table.months)
    shares = _Shares(table)
    made: dict[str, float] = {}
    for row in table.rows:
        if row.unit in ("GPU-h", "kW-month"):
            made[row.line] = made.get(row.line, 0.0) + float(row.amounts @ worth)
    paid = dict.fromkeys(made, 0.0)
    for row in table.rows:
        amount = _invested_or_run(row, worth)
        if amount:
            for product in made:
                paid[product] += amount * shares.product(row, product)
    costs = {name: paid[name] / made[name] for name in made if made[name] > 0}
    gpu = {n.partition(":")[2]: c for n, c in costs.items() if n.startswith("ai:")}
    lease = {n.partition(":")[2]: c for n, c in costs.items() if n.startswith("lease:")}
    return gpu, lease


def _invested_or_run(row: CashRow, worth: Floats) -> float:
    """Return the present value of what a row costs, what is left at the end taken off."""
    return float(_paid(row) @ worth) - _left(row) * float(worth[-1])


def _paid(row: CashRow) -> Floats:
    """Return what a row costs by month, 0 where it is no cost. Shape (M,)."""
    lost = row.group == "vat" and row.line.startswith(LOST_ON)
    passed_on = row.group == "revenue" and row.line.startswith("lease power:")
    if row.group in ("energy", "direct", "levies", *ASSETS) or lost or passed_on:
        return -row.amounts
    return np.zeros(len(row.amounts))


def _left(row: CashRow) -> float:
    """Return what of a row is owned at the end; what is written off by then is below 0."""
    lost = row.group == "vat" and row.line.startswith(LOST_ON)
    if row.group in ASSETS or (lost and not row.line.startswith(LOST_ON_POWER)):
        return -float(row.amounts.sum())
    if row.group == "memo" and row.line.startswith(f"{DEPRECIATION}:"):
        return -float(row.amounts.sum())
    return 0.0


class _Shares:
    """How much of a row each product of its site bears."""

    def __init__(self, table: CashTable) -> None:
        self.energy: dict[tuple[str, str], float] = {}
        self.revenue: dict[tuple[str, str], float] = {}
        self.earned: dict[tuple[str, str], float] = {}
        self.written: dict[tuple[str, str], float] = {}
        for row in table.rows:
            total = float(row.amounts.sum())
            if row.unit == "MWh" and row.line in USES:
                _add(self.energy, (row.site, row.line), total)
            elif row.group == "revenue" and row.line.partition(":")[0] in USES:
                _add(self.revenue, (row.site, row.line), total)
        for row in table.rows:
            if row.group in OPERATING:
                share = self.use(row, MINING)
                _add(self.earned, (row.site, ""), float(row.amounts.sum()))
                _add(self.earned, (row.site, MINING), share * float(row.amounts.sum()))
            elif row.group == "memo" and row.line.startswith(f"{DEPRECIATION}:"):
                share = self.use(row, MINING)
                _add(self.written, (row.site, ""), float(row.amounts.sum()))
                _add(self.written, (row.site, MINING), share * float(row.amounts.sum()))

    def mining(self, row: CashRow, part: str) -> float:
        """Return the share of a row that mining bears."""
        if part in ("tax", "financing"):
            known = self.earned if part == "tax" else self.written
            if part == "financing" and not known.get((row.site, "")):
                known = self.earned
            whole = known.get((row.site, ""), 0.0)
            ratio = known.get((row.site, MINING), 0.0) / whole if whole > 0 else 0.0
            return min(max(ratio, 0.0), 1.0)
        return self.use(row, MINING)

    def use(self, row: CashRow, use: str) -> float:
        """Return the share of a row that a use bears."""
        named = _named_use(row)
        if named:
            return float(named == use)
        uses = HALLS.get(_asset(row), USES)
        if use not in uses:
            return 0.0
        by_energy = bool(_asset(row)) or row.line in (*GRID, "energy:supply")
        if by_energy:
            known = {one: self.energy.get((row.site, one), 0.0) for one in uses}
        else:
            known = {one: self._earns(row.site, one) for one in uses}
        whole = sum(known.values())
        return known[use] / whole if whole > 0 else 0.0

    def product(self, row: CashRow, product: str) -> float:
        """Return the share of a row that one server model or lease bears."""
        use, _, name = product.partition(":")
        key = (row.site, product)
        if key not in self.revenue:
            return 0.0
        if row.line.startswith("lease power:"):
            return float(use == "lease" and row.line.partition(":")[2] == name)
        asset = _asset(row)
        if asset.startswith("server:"):
            return float(use == "ai" and asset.partition(":")[2] == name)
        whole = self._earns(row.site, use)
        return self.use(row, use) * self.revenue[key] / whole if whole > 0 else 0.0

    def _earns(self, site: str, use: str) -> float:
        return sum(
            amount
            for (where, line), amount in self.revenue.items()
            if where == site and line.partition(":")[0] == use
        )


def _add(found: dict[tuple[str, str], float], key: tuple[str, str], amount: float) -> None:
    found[key] = found.get(key, 0.0) + amount


def _asset(row: CashRow) -> str:
    """Return the asset that a row is about, "" for none."""
    if row.group in ASSETS:
        return row.line
    if row.group == "vat" and not row.line.startswith(LOST_ON_POWER):
        return row.line.removeprefix(LOST_ON)
    if row.group == "memo":
        return row.line.removeprefix(f"{DEPRECIATION}:")
    return ""


def _named_use(row: CashRow) -> str:
    """Return the use that a row names, "" where it names none."""
    asset = _asset(row)
    if asset:
        return {"miner": "mining", "server": "ai"}.get(asset.partition(":")[0], "")
    if row.group == "revenue":
        line = row.line.partition(":")[0]
        return {"lease power": "lease"}.get(line, line)
    last = row.line.rpartition(":")[2]
    return last if last in USES else ""


def mean_price(rows: Iterable[CashRow], mwh: Floats, rate: float) -> float | None:
    """Return the present value of costs of power over that of energy; None without energy.

    Args:
        rows: What is paid for power.
        mwh: Energy by month. Shape (M,).
        rate: Discount rate a year.
    """
    worth = factors(rate, len(mwh))
    energy = float(mwh @ worth)
    paid = -sum(float(row.amounts @ worth) for row in rows)
    return paid / energy if energy > 0 else None
