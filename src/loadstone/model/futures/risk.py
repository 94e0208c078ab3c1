# SPDX-License-Identifier: Apache-2.0
"""What a plan is worth over many futures."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """How one number is spread over futures.

    Attributes:
        name: E.g. "npv", "equity_npv", "equity_irr", "dscr_min", "peak_equity",
            "investor:fund-a:npv".
        unit: Network currency, "1" or "".
        mean, sd: Over futures in which it exists; None where it exists in none.
        quantiles: By probability: "0.01", "0.05", "0.1", "0.25", "0.5", "0.75", "0.9", "0.95",
            "0.99".
        cvar: Mean of the worst share of futures, by "0.05" and "0.1".
        undefined: Share of futures in which it does not exist.
        reason: Why it does not exist there.
        histogram: Edges of bins and the share of futures in each; for pictures.
    """

    name: str
    unit: str
    mean: float | None
    sd: float | None
    quantiles: Mapping[str, float]
    cvar: Mapping[str, float] = field(default_factory=dict)
    undefined: float = 0.0
    reason: str = ""
    histogram: tuple[tuple[float, ...], tuple[float, ...]] = ((), ())


@dataclass(frozen=True, slots=True, kw_only=True)
class Fan:
    """How a number spreads over time.

    Attributes:
        name: E.g. "hashprice", "cash", "ai:blackwell".
        unit: Its unit.
        times: Calendar years, with parts of years for months.
        quantiles: By probability, one number a time.
        base: The base case, one number a time.
    """

    name: str
    unit: str
    times: tuple[float, ...]
    quantiles: Mapping[str, tuple[float, ...]]
    base: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Driver:
    """How much of the spread of value one factor explains.

    Attributes:
        factor: Name as in `Paths`, or a group of them.
        text: The same for people.
        share: Share of the variance of value, 0 to 1.
        low, high: Mean value where the factor is in its lowest and highest tenth.
    """

    factor: str
    text: str
    share: float
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class StressCase:
    """The base case where something named goes wrong.

    Attributes:
        name: E.g. "hashprice 15", "power +50 %".
        text: What goes wrong, in a sentence.
        npv: Value, network currency.
        change: Less the base case.
        equity_irr: Rate of return of equity; None where there is none.
        dscr_min: Lowest debt service cover; None without debt.
        exact: Whether hours were dispatched anew.
    """

    name: str
    text: str
    npv: float
    change: float
    equity_irr: float | None = None
    dscr_min: float | None = None
    exact: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class OptionValue:
    """What an owner's freedom is worth.

    Attributes:
        name: "idle", "retire early", "convert a hall" or "all".
        text: What the owner does, in a sentence.
        value: Mean value with it less without.
        used: Share of futures in which it is used.
    """

    name: str
    text: str
    value: float
    used: float


@dataclass(frozen=True, slots=True, kw_only=True)
class FastError:
    """How far the fast valuation is from exact dispatch, measured on this very run.

    Attributes:
        samples: Site-years that were dispatched exactly.
        bias: Mean of fast less exact, as a share of the mean size of exact.
        mean: Mean size of the difference, as the same share.
        worst: Largest, as the same share.
        correlation: Of fast and exact changes from the base case.
        worst_at: Site and phase of the worst.
        text: What it comes from, in a sentence.
    """

    samples: int
    bias: float
    mean: float
    worst: float
    correlation: float
    worst_at: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HedgeRisk:
    """What hedges do to the value of equity, in the same futures with and without them.

    Tax on hedges is that of the base case. Network currency.

    Attributes:
        futures: How many were compared.
        mean, mean_without: Mean value.
        sd, sd_without: Standard deviation.
        worst, worst_without: Mean of the worst twentieth.
    """

    futures: int
    mean: float
    mean_without: float
    sd: float
    sd_without: float
    worst: float
    worst_without: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Risk:
    """What a plan is worth over futures.

    Attributes:
        futures: How many.
        seed: What they were drawn with.
        seconds: Wall time of drawing and valuing them.
        spreads: By name.
        loss: Share of futures with a value below 0.
        breach: Share of futures in which a debt covenant breaks; None without debt.
        fans: Factors and cash over time.
        drivers: What explains the spread, most first.
        stresses: Named cases.
        options: What freedom is worth.
        error: Of the fast valuation.
        hedging: What hedges do to it; None without any.
        network_share: Own hashrate over the network's, largest of all years: mean and most.
        ai_share: Own AI power over what a region can sell, by region: largest of all years.
        source: Who states the outlook.
    """

    futures: int
    seed: int
    seconds: float
    spreads: tuple[Spread, ...]
    loss: float
    breach: float | None = None
    fans: tuple[Fan, ...] = ()
    drivers: tuple[Driver, ...] = ()
    stresses: tuple[StressCase, ...] = ()
    options: tuple[OptionValue, ...] = ()
    error: FastError | None = None
    hedging: HedgeRisk | None = None
    network_share: tuple[float, float] = (0.0, 0.0)
    ai_share: Mapping[str, float] = field(default_factory=dict)
    source: str = ""
