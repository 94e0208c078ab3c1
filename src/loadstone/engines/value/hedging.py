# SPDX-License-Identifier: Apache-2.0
"""Hedges: what they bring in the base case and in each future, and what margin they bind."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from loadstone.engines.finance.local_money import nominal_rates
from loadstone.engines.outlook.months import phase_of_months
from loadstone.engines.plan.lower.economy import Economy
from loadstone.engines.value.operating.ledger import Ledger
from loadstone.engines.value.operating.timeline import Timeline
from loadstone.model.errors import InputError
from loadstone.model.finance.hedge import PEAK_HOURS, Hedge
from loadstone.model.grid import TimeGrid
from loadstone.model.network import Network
from loadstone.model.plan import SiteDispatch
from loadstone.model.series import Series

Floats = NDArray[np.float64]

MINING = "mining"
MONTHS = 12
SATURDAY = 5
USD = "USD"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class HedgeLine:
    """One hedge by month, in nominal money of the reporting currency. Arrays of shape (M,).

    Attributes:
        hedge: What was agreed.
        country: Where the power is; "" for hashprice.
        currency: Of what the floating leg follows.
        fixed: The leg that never moves: what is agreed; received above 0, paid below.
        floating: The leg that follows the factor, at its base case.
        remaining: What is still to be delivered after each month, at the agreed price; 0
            before it is agreed.
        fee: Paid when it is agreed; 0 where that was before the first month.
    """

    hedge: Hedge
    country: str
    currency: str
    fixed: Floats
    floating: Floats
    remaining: Floats
    fee: Floats

    @property
    def payoff(self) -> Floats:
        """What it brings in the base case. Shape (M,)."""
        return self.fixed + self.floating

    def margin(self, ratio: Floats | float = 1.0) -> Floats:
        """Return what margin binds at each month's end.

        The market's price for later months is taken to be what was agreed, moved as far as
        the factor of the month stands above or below its base case; so no variation margin
        moves in the base case. It is below 0 where the other side has paid.

        Args:
            ratio: Factor over its base case. Shape (M,), or (N, M) for futures.

        Returns:
            Shape of `ratio`; (M,) for a number.
        """
        bound: Floats = self.remaining * self.hedge.initial_margin * np.ones_like(ratio)
        if not self.hedge.variation_margin:
            return bound
        sold = 1.0 if self.hedge.kind == "hashprice" else -1.0
        found: Floats = bound + sold * self.remaining * (ratio - 1.0)
        return found


def hedge_lines(network: Network, dispatch: Sequence[SiteDispatch]) -> tuple[HedgeLine, ...]:
    """Return the hedges of a network by month.

    Args:
        network: Its hedges, outlook, prices and inflation.
        dispatch: Hours of the plan: power that its sites draw in a zone is what a block
            without resale can be used for.

    Raises:
        InputError: A hedge has no rate, or no price series.
    """
    months = _Months(network, dispatch)
    return tuple(months.line(hedge) for hedge in network.deals.hedges)


class _Months:
    """The months of a network, and what hedges need to know of them."""

    def __init__(self, network: Network, dispatch: Sequence[SiteDispatch]) -> None:
        self.network, self.dispatch = network, dispatch
        self.timeline = Timeline.of(network)
        study, count = network.study, self.timeline.months
        self.rates = nominal_rates(network, count)
        self.phase = phase_of_months(study.phases, self.timeline.first, count)
        ledger = Ledger(self.timeline, network.deals.cash, study.currency)
        self.growth = ledger.growth
        self.economy = Economy(network)
        zero = self.timeline.first.year * MONTHS + self.timeline.first.month - 1
        self.month = (zero + np.arange(count)) % MONTHS
        self.zero = zero

    def index(self, year: int, month: int) -> int:
        """Return the index of a month; it may lie outside."""
        return year * MONTHS + month - 1 - self.zero

    def line(self, hedge: Hedge) -> HedgeLine:
        """Return one hedge by month."""
        if hedge.currency not in self.rates:
            rule = f"must have a rate: fx.{hedge.currency} in network.toml"
            raise InputError(f"hedges.{hedge.id}.currency", hedge.currency, rule)
        runs = self._runs(hedge)
        if hedge.kind == "hashprice":
            volume, floating = self._hashrate(hedge)
            sold = 1.0
        else:
            volume, floating = self._power(hedge)
            sold = -1.0
        agreed = volume * hedge.price / self.rates[hedge.currency] * runs
        traded = self.index(hedge.traded.year, hedge.traded.month)
        known = np.arange(self.timeline.months) >= traded
        left = np.concatenate((np.cumsum(agreed[::-1])[::-1][1:], [0.0]))
        fee = np.zeros(self.timeline.months)
        if traded >= 0:  # what was agreed earlier is paid
            fee[min(traded, len(fee) - 1)] = hedge.fee * agreed.sum()
        return HedgeLine(
            hedge=hedge,
            country=self._country(hedge.zone),
            currency=USD if hedge.kind == "hashprice" else self._series(hedge).currency,
            fixed=sold * agreed,
            floating=-sold * floating * runs,
            remaining=left * known,
            fee=fee,
        )

    def _runs(self, hedge: Hedge) -> Floats:
        """Return 1 for the months of a hedge, else 0. Shape (M,)."""
        at = np.arange(self.timeline.months)
        first = self.index(hedge.starts.year, hedge.starts.month)
        after = self.index(hedge.ends.year, hedge.ends.month)
        return ((at >= first) & (at < after)).astype(np.float64)

    def _hashrate(self, hedge: Hedge) -> tuple[Floats, Floats]:
        """Return PH/s-days by month, and what they earn in the plan. Shapes (M,)."""
        first = self.timeline.first.replace(day=1)
        at = np.datetime64(first.isoformat()[:7], "M") + np.arange(self.timeline.months + 1)
        days = np.diff(at.astype("datetime64[D]")).astype(np.float64)
        price = np.array([self.economy.hashprice(int(p)) for p in self.phase])
        growth = self.growth("revenue", MINING, USD)
        volume = days * (hedge.ph or 0.0)
        return volume, volume * price * growth * self.economy.per(USD)

    def _power(self, hedge: Hedge) -> tuple[Floats, Floats]:
        """Return MWh bought by month, and what they are worth in the plan. Shapes (M,)."""
        study = self.network.study
        series = self._series(hedge)
        counts = len(study.phases)
        bought, worth = np.zeros((counts, MONTHS)), np.zeros((counts, MONTHS))
        for p, phase in enumerate(study.phases):
            grid = TimeGrid.planning_year(phase.year)
            month = grid.utc().astype("datetime64[M]").astype(np.int64) % MONTHS
            block = self._block(hedge, grid)
            taken = block if hedge.resale else np.minimum(block, self._drawn(hedge, p))
            price = series.values * study.outlook.power_factor(hedge.zone, p)
            bought[p] = np.bincount(month, weights=block, minlength=MONTHS)
            worth[p] = np.bincount(month, weights=taken * price, minlength=MONTHS)
        growth = self.growth("energy", "energy", series.currency)
        value = worth[self.phase, self.month] * growth * self.economy.per(series.currency)
        return bought[self.phase, self.month], value

    def _series(self, hedge: Hedge) -> Series:
        """Return the hourly prices of a hedge's zone."""
        series = self.network.prices.get(hedge.zone)
        if series is None:
            rule = "must have a price series"
            raise InputError(f"hedges.{hedge.id}.zone", hedge.zone, rule)
        return series

    def _block(self, hedge: Hedge, grid: TimeGrid) -> Floats:
        """Return the MW of each hour. Shape (T,)."""
        if hedge.profile == "base":
            return np.full(grid.count, hedge.mw or 0.0)
        zone = self._time_zone(hedge.zone)
        hour, day = grid.local_hour(zone), grid.local_weekday(zone)
        peak = (hour >= PEAK_HOURS.start) & (hour < PEAK_HOURS.stop) & (day < SATURDAY)
        return np.where(peak, hedge.mw or 0.0, 0.0)

    def _drawn(self, hedge: Hedge, p: int) -> Floats:
        """Return what sites of a zone draw in a phase. Shape (T,)."""
        zone_of = {site.id: site.zone for site in self.network.sites}
        at = self.network.study.phases[p].at
        found = np.zeros(TimeGrid.planning_year(self.network.study.phases[p].year).count)
        for one in self.dispatch:
            if one.phase == at and zone_of.get(one.site) == hedge.zone:
                found += one.grid_import_mw
        return found

    def _country(self, zone: str) -> str:
        for code, country in self.network.facts.countries.items():
            if zone in country.zones:
                return code
        return ""

    def _time_zone(self, zone: str) -> str:
        for country in self.network.facts.countries.values():
            if zone in country.zones:
                return country.zones[zone].time_zone
        return "UTC"


def hedge_cash(
    lines: Sequence[HedgeLine], factors: Sequence[str], values: Floats, nominal: Floats
) -> Floats:
    """Return the cash of hedges in each future, less that of the base case.

    The floating leg and the margin follow the factor over its middle path; exchange rates move
    both legs. A factor that is not drawn stays at its middle.

    Args:
        lines: The hedges.
        factors: Names of the factors, as in `Paths`. Length K.
        values: Shape (K, N, M).
        nominal: Their middle paths. Shape (K, M).

    Returns:
        Nominal, reporting currency. Shape (N, M).
    """
    found = np.zeros(values.shape[1:])
    at = {name: k for k, name in enumerate(factors)}

    def ratio(name: str) -> Floats:
        over = np.ones(values.shape[1:])
        if name in at:
            middle = nominal[at[name]]
            np.divide(values[at[name]], middle, out=over, where=middle > 0)
        return over

    for line in lines:
        moved, worth = ratio(line.hedge.factor), 1 / ratio(f"fx:{line.hedge.currency}")
        floats = line.floating * moved / ratio(f"fx:{line.currency}")
        cash = (line.fixed - line.fee) * worth + floats
        bound = line.margin(moved) * worth
        before = line.payoff - line.fee - np.diff(line.margin(), prepend=0.0)
        found += cash - np.diff(bound, axis=1, prepend=0.0) - before
    return found
