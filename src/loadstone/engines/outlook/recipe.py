# SPDX-License-Identifier: Apache-2.0
"""Futures lowered to numbers: what both the plain and the compiled drawing read.

Every price is a strand: a logarithm that starts at 0 and moves by itself. What follows from
strands, the hashprice, comes after. docs/explanation/futures.md has the formulas.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date

import numpy as np
from numpy.typing import NDArray

from loadstone.engines.outlook.draws import stream
from loadstone.engines.outlook.events import Happening, cost_of, happenings
from loadstone.engines.outlook.months import (
    BitcoinMonths,
    ai_months,
    bitcoin_months,
    calendar_years,
    month_starts,
    power_months,
)
from loadstone.model.errors import InputError
from loadstone.model.futures.correlation import GROUPS
from loadstone.model.futures.level import Level, Levels
from loadstone.model.futures.mining import Fees, Hashrate, MinerPrices
from loadstone.model.futures.terms import Futures
from loadstone.model.network import Network

Floats = NDArray[np.float64]

MONTHS = 12
ELASTICITY, SCRAP = "miner-price-elasticity", "miner-scrap"
MINING = ("hashprice", "btc_price", "network_eh", "fee_share")


@dataclass(frozen=True, slots=True, kw_only=True)
class Strand:
    """A logarithm that moves by itself.

    Attributes:
        name: Name of the factor, or of what it is for; it names the streams of its numbers.
        group: Place of its group in `Recipe.groups`.
        together: Part of its shock's variance that is the group's, 0 to 1.
        level: How it moves.
        jumps: Name of the streams of its jumps.
    """

    name: str
    group: int
    together: float
    level: Level
    jumps: str


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Mining:
    """How hashprice follows from strands.

    Attributes:
        months: The outlook.
        hashrate: How miners answer; None where the network goes as the outlook says.
        fees: Spikes of fees; None for none.
        strands: Places of the strands of price, hashrate and fees; -1 where one stands still.
        own_eh: Own hashrate that comes on top of the outlook's network, EH/s. Shape (M,).
        drift: Growth of hashrate beyond the outlook's that all futures share, logarithm: with
            it the median hashprice is the outlook's. Shape (M,).
    """

    months: BitcoinMonths
    hashrate: Hashrate | None
    fees: Fees | None
    strands: tuple[int, int, int]
    own_eh: Floats
    drift: Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class Machines:
    """How prices of miners follow hashprice.

    Attributes:
        elasticity: Of new ones.
        used_elasticity: Of second-hand ones.
        scrap: Least price over that at the nominal outlook.
    """

    elasticity: float
    used_elasticity: float
    scrap: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Recipe:
    """All that futures are drawn from.

    Attributes:
        first: First day of the first month.
        months: How many months, M.
        groups: Groups of shocks, G.
        spread: Lower triangle that makes the groups' shocks from independent ones. (G, G).
        strands: S of them.
        plain: Factors that are a nominal path times the exponential of a strand: name, strand.
        mining: Hashprice and what it follows from; None where it does not move.
        alone: Whether hashprice is itself a plain factor.
        machines: Prices of miners; None where they do not move.
        factors: Names of all factors, K; plain ones first.
        nominal: Middle path of each. Shape (K, M).
        events: J of them.
        years: Calendar years, Y.
        weather_years: How many there are to resample, W.
        skies: Price of each month in each weather year over that of the planned one, for each
            plain factor. Shape (P, W, 12).
    """

    first: date
    months: int
    groups: tuple[str, ...]
    spread: Floats
    strands: tuple[Strand, ...]
    plain: tuple[tuple[str, int], ...]
    mining: Mining | None
    alone: bool
    machines: Machines | None
    factors: tuple[str, ...]
    nominal: Floats
    events: tuple[Happening, ...]
    years: tuple[int, ...]
    weather_years: int
    skies: Floats


@dataclass(slots=True)
class _Strands:
    """Strands and plain factors as they are found."""

    groups: tuple[str, ...]
    strands: list[Strand] = field(default_factory=list)
    plain: list[tuple[str, int, Floats]] = field(default_factory=list)

    def strand(
        self, name: str, group: str, level: Level, together: float = 1.0, jumps: str = ""
    ) -> int:
        """Add a strand; return its place."""
        place = self.groups.index(group)
        one = Strand(
            name=name, group=place, together=together, level=level, jumps=jumps or name
        )
        self.strands.append(one)
        return len(self.strands) - 1

    def factor(self, name: str, strand: int, nominal: Floats) -> None:
        """Add a factor that is its nominal path times a strand's exponential."""
        self.plain.append((name, strand, nominal))


def lowered(
    futures: Futures, network: Network, *, first: date, months: int, own_eh: Floats | None
) -> Recipe:
    """Return futures.toml as numbers.

    Raises:
        InputError: There is nothing to draw from, or the months or own hashrate are wrong.
    """
    if not futures.drawable:
        rule = "must have parameters to draw from, such as [btc] or [ai]"
        raise InputError("futures", futures.source, rule)
    month_starts(first, months)
    own = np.zeros(months) if own_eh is None else np.asarray(own_eh, dtype=np.float64)
    if own.shape != (months,) or not (np.isfinite(own).all() and (own >= 0).all()):
        rule = f"must be ({months},), finite and at least 0"
        raise InputError("own_eh", own.shape, rule)
    groups = tuple(name for name in GROUPS if getattr(futures, name) is not None)
    found = _Strands(groups)
    mining = _mining(futures, network, found, first, own)
    _alone(futures, network, found, first, months)
    _prices(futures, network, found, first, months)
    prices = price_years(futures, network)
    weather_years = next((rows.shape[0] for rows in prices.values()), futures.weather_years)
    machines = _machines(futures.miners, network, bool(mining or futures.hashprice))
    names, nominal = _rows(found, mining, machines, months)
    return Recipe(
        first=first,
        months=months,
        groups=groups,
        spread=lower_triangle(futures.correlation.between(groups)),
        strands=tuple(found.strands),
        plain=tuple((name, strand) for name, strand, _ in found.plain),
        mining=mining,
        alone=futures.hashprice is not None,
        machines=machines,
        factors=names,
        nominal=nominal,
        events=happenings(futures, network),
        years=calendar_years(first, months),
        weather_years=weather_years,
        skies=_skies(found, prices, network, weather_years),
    )


def _mining(
    futures: Futures, network: Network, found: _Strands, first: date, own: Floats
) -> Mining | None:
    hashrate, fees = _from(first, futures), futures.fees
    if not (futures.btc or hashrate or fees):
        return None
    price = found.strand("btc", "btc", futures.btc) if futures.btc else -1
    other = fee = -1
    if hashrate is not None:
        noise = Level(volatility=hashrate.volatility, source=hashrate.source)
        other = found.strand("hashrate", "hashrate", noise)
    if fees is not None:
        fee = found.strand("fees", "fees", fees.level)
    return Mining(
        months=bitcoin_months(network, first, own.size),
        hashrate=hashrate,
        fees=fees,
        strands=(price, other, fee),
        own_eh=own,
        drift=np.zeros(own.size),
    )


def _from(first: date, futures: Futures) -> Hashrate | None:
    """Return how miners answer, with its limits brought to the first month."""
    rule = futures.hashrate
    if rule is None:
        return None
    years = (first.year - futures.date.year) + (first.month - futures.date.month) / MONTHS
    left = (1 - rule.progress) ** years
    return replace(
        rule,
        entry_usd_ph_day=rule.entry_usd_ph_day * left,
        exit_usd_ph_day=rule.exit_usd_ph_day * left,
    )


def _alone(
    futures: Futures, network: Network, found: _Strands, first: date, months: int
) -> None:
    if futures.hashprice is not None:
        strand = found.strand("hashprice", "hashprice", futures.hashprice)
        found.factor("hashprice", strand, bitcoin_months(network, first, months).hashprice)


def _prices(
    futures: Futures, network: Network, found: _Strands, first: date, months: int
) -> None:
    outlook = network.study.outlook
    if futures.ai is not None:
        paths = {
            name: ai_months(outlook, name, network, first, months)
            for name in generations(network)
        }
        _levels("ai", futures.ai, paths, found, bool(outlook.ai_by_generation))
    if futures.lease is not None:
        found.factor("lease", found.strand("lease", "lease", futures.lease), np.ones(months))
    if futures.power is not None:
        zones = sorted({site.zone for site in network.sites})
        paths = {name: power_months(outlook, name, network, first, months) for name in zones}
        apart = len(zones) > 1 and bool(price_years(futures, network))
        _levels("power", futures.power, paths, found, apart or bool(outlook.power_by_zone))
    if futures.fx is not None:
        rates = sorted(set(network.study.fx) - {network.study.currency})
        paths = {name: np.ones(months) for name in rates}
        _levels("fx", futures.fx, paths, found, own=True)


def _levels(
    kind: str, levels: Levels, paths: dict[str, Floats], found: _Strands, own: bool
) -> None:
    """Add a strand and a factor for each, or one for all where they share one path."""
    if levels.one_path and not own and levels.level is not None and paths:
        strand = found.strand(kind, kind, levels.level)
        found.factor(kind, strand, next(iter(paths.values())))
        return
    for name, nominal in paths.items():
        level = levels.of(name)
        if level is None:
            continue
        full = f"{kind}:{name}"
        jumps = kind if levels.jumps_together else full
        strand = found.strand(full, kind, level, levels.together, jumps)
        found.factor(full, strand, nominal)


def generations(network: Network) -> list[str]:
    """Return the generations of servers that may stand somewhere in a network."""
    servers = network.facts.servers
    names = {*network.study.servers}
    for site in network.sites:
        names |= {*(site.servers or ())} | {row.model for row in site.standing}
    return sorted({servers[name].generation for name in names if name in servers})


def _machines(miners: MinerPrices | None, network: Network, moves: bool) -> Machines | None:
    if miners is None or not moves:
        return None
    return Machines(
        elasticity=cost_of(network, ELASTICITY),
        used_elasticity=miners.used_elasticity,
        scrap=cost_of(network, SCRAP),
    )


def _rows(
    found: _Strands, mining: Mining | None, machines: Machines | None, months: int
) -> tuple[tuple[str, ...], Floats]:
    """Return the names of all factors and their middle paths."""
    rows = [(name, nominal) for name, _, nominal in found.plain]
    if mining is not None:
        told = mining.months
        paths = (told.hashprice, told.price, told.network_eh, told.fee_share)
        rows += list(zip(MINING, paths, strict=True))
    if machines is not None:
        rows += [(name, np.ones(months)) for name in ("miner_price", "used_miner_price")]
    nominal = np.array([path for _, path in rows]).reshape(len(rows), months)
    return tuple(name for name, _ in rows), nominal


def price_years(futures: Futures, network: Network) -> Mapping[str, Floats]:
    """Return prices of weather years by zone; none where futures keep to the planned one."""
    return network.price_years if futures.weather_years > 1 else {}


def _skies(
    found: _Strands, prices: Mapping[str, Floats], network: Network, weather_years: int
) -> Floats:
    """Return what weather years do to each plain factor. Shape (P, W, 12)."""
    skies = np.ones((len(found.plain), weather_years, MONTHS))
    for row, (name, _, _) in enumerate(found.plain):
        kind, _, zone = name.partition(":")
        if kind == "power":
            there = zone or next(iter({site.zone for site in network.sites}))
            skies[row] = prices.get(there, skies[row])
    return skies


def lower_triangle(correlation: Floats) -> Floats:
    """Return L with L L' = correlation, which may be singular. Shape (G, G)."""
    count = correlation.shape[0]
    lower = np.zeros((count, count))
    for j in range(count):
        rest = correlation[j, j] - lower[j, :j] @ lower[j, :j]
        lower[j, j] = max(rest, 0.0) ** 0.5
        for i in range(j + 1, count):
            rest = correlation[i, j] - lower[i, :j] @ lower[j, :j]
            lower[i, j] = rest / lower[j, j] if lower[j, j] > 1e-7 else 0.0
    return lower


def streams(recipe: Recipe) -> tuple[list[int], list[list[int]]]:
    """Return the streams of groups, and of each strand.

    Returns:
        One a group; and for each strand those of its own shock, of the times and the sizes of
        its jumps, of its trend, of its group's trend, and of its wild times.
    """
    groups = [stream(f"group {name}") for name in recipe.groups]
    strands = [
        [
            stream(f"own {one.name}"),
            stream(f"jump {one.jumps}"),
            stream(f"size {one.jumps}"),
            stream(f"trend {one.name}"),
            stream(f"trend of {recipe.groups[one.group]}"),
            stream(f"wild {one.name}"),
        ]
        for one in recipe.strands
    ]
    return groups, strands
