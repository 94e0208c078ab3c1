# SPDX-License-Identifier: Apache-2.0
"""Parameters of futures from months of history."""

from dataclasses import dataclass, replace
from itertools import product
from math import exp, log

import numpy as np
from numpy.typing import NDArray

from loadstone.model.errors import InputError
from loadstone.model.futures.level import Level
from loadstone.model.futures.mining import Hashrate

Floats = NDArray[np.float64]

MONTHS = 12
LEAST_WALK, LEAST_LEVEL, LEAST_HASHRATE = 12, 24, 36
STAYS, GONE = 0.98, 0.05  # of a deviation after a month: so much is a walk, so little is noise
BETTER = 7.81  # twice the gain of log-likelihood at 95 % for three more parameters
STEPS = 200
LEAST = 1e-300
PROGRESS = tuple(i / 50 for i in range(2, 23))  # 0.04 to 0.44 a year
LAGS = range(10)
HIGH, LOW = (0.3, 0.4, 0.5, 0.6, 0.7, 0.8), (0.0, 0.1, 0.2, 0.3, 0.4, 0.5)


def _logs(values: Floats, least: int, name: str) -> Floats:
    if values.size < least:
        raise InputError(name, values.size, f"must have at least {least} months in a row")
    if not (np.isfinite(values).all() and (values > 0).all()):
        raise InputError(name, float(np.min(values)), "must be above 0 in every month")
    return np.log(values)


def fit_walk(values: Floats, *, source: str) -> Level:
    """Return how a price walks whose shocks stay.

    A mixture of two normals is fitted to the changes of months by expectation and
    maximisation; jumps are kept only where they are worth their three parameters.

    Args:
        values: Price of each month, above 0. Shape (M,).
        source: What to name as the source.

    Raises:
        InputError: There are fewer than 12 months, or a price is not above 0.
    """
    changes = np.diff(_logs(values, LEAST_WALK, "values"))
    calm = float(changes.std(ddof=1))
    level = Level(volatility=calm * MONTHS**0.5, source=source)
    jumps = _mixture(changes) if calm > 0 else None
    if jumps is None:
        return level
    plain = _Mixture(float(changes.mean()), float(changes.std()))
    if 2 * (jumps.likelihood(changes) - plain.likelihood(changes)) < BETTER:
        return level
    return replace(
        level,
        volatility=jumps.sd * MONTHS**0.5,
        jumps_per_year=jumps.chance * MONTHS,
        jump_mean=jumps.mean,
        jump_sd=jumps.spread,
    )


@dataclass(frozen=True, slots=True)
class _Mixture:
    """Calm months and months with a jump."""

    centre: float
    sd: float
    chance: float = 0.0
    mean: float = 0.0
    spread: float = 0.0

    def densities(self, x: Floats) -> tuple[Floats, Floats]:
        """Return the density of calm months and of months with a jump, weighted."""
        wide = (self.sd**2 + self.spread**2) ** 0.5
        calm = np.exp(-0.5 * ((x - self.centre) / self.sd) ** 2) / self.sd
        jump = np.exp(-0.5 * ((x - self.centre - self.mean) / wide) ** 2) / wide
        return (1 - self.chance) * calm, self.chance * jump

    def likelihood(self, x: Floats) -> float:
        """Return the logarithm of the likelihood, but for a constant."""
        calm, jump = self.densities(x)
        return float(np.log(np.maximum(calm + jump, LEAST)).sum())


def _mixture(x: Floats) -> _Mixture | None:
    """Return calm months and jumps; None where they cannot be told apart."""
    sd = float(x.std())
    now = _Mixture(float(np.median(x)), sd, 0.1, 0.0, 2 * sd)
    for _ in range(STEPS):
        calm, jump = now.densities(x)
        of_jump = jump / np.maximum(calm + jump, LEAST)
        of_calm, chance = 1 - of_jump, float(of_jump.mean())
        if not 1e-6 < chance < 0.5:
            return None
        centre = float((of_calm * x).sum() / of_calm.sum())
        sd = float(((of_calm * (x - centre) ** 2).sum() / of_calm.sum()) ** 0.5)
        mean = float((of_jump * (x - centre)).sum() / of_jump.sum())
        wide = float((of_jump * (x - centre - mean) ** 2).sum() / of_jump.sum())
        if sd <= 0:
            return None
        now = _Mixture(centre, sd, chance, mean, max(wide - sd**2, 0.0) ** 0.5)
    return now


def fit_level(
    values: Floats, *, source: str, month: NDArray[np.int64] | None = None, trend: bool = False
) -> Level:
    """Return how a price wanders around its mean.

    A first-order autoregression of the logarithm, by least squares, with Kendall's correction
    of its bias. What stays for years is taken to be a walk.

    Args:
        values: Price of each month, above 0. Shape (M,).
        source: What to name as the source.
        month: Calendar month of each, whose mean is taken out; None leaves seasons in. (M,).
        trend: Whether a straight line is taken out.

    Raises:
        InputError: There are fewer than 24 months, or a price is not above 0.

    Source:
        M. G. Kendall (1954), "Note on bias in the estimation of autocorrelation", Biometrika
        41(3/4), doi:10.1093/biomet/41.3-4.403.
    """
    logs = _logs(values, LEAST_LEVEL, "values")
    if month is not None:
        for one in np.unique(month):
            logs[month == one] -= logs[month == one].mean()
    if trend:
        time = np.arange(logs.size)
        logs = logs - np.polyval(np.polyfit(time, logs, 1), time)
    deviation = logs - logs.mean()
    before, after = deviation[:-1], deviation[1:]
    kept = float(before @ after / (before @ before)) if before.any() else 0.0
    kept += (1 + 3 * kept) / logs.size
    if kept >= STAYS:
        return fit_walk(values, source=source)
    kept = max(kept, GONE)
    rest = after - kept * before
    sd = float((rest @ rest / max(rest.size - 1, 1)) ** 0.5)
    level = Level(volatility=1.0, half_life_months=log(0.5) / log(kept), source=source)
    return replace(level, volatility=sd / level.monthly_sd)


def fit_hashrate(
    hashprice: Floats, hashrate: Floats, *, source: str, progress: float | None = None
) -> Hashrate:
    """Return how hashrate answered hashprice.

    Growth of a month is explained by how far deflated hashprice lies above one limit, some
    months before, and below another now. Progress, delay and limits are searched on a grid,
    both speeds are least squares of at least 0, and the best fit is taken. Such a search finds
    something in any history: the answer is a start, not a law.

    Args:
        hashprice: Of each month, USD/PH/day. Shape (M,).
        hashrate: Of each month, in any unit, or difficulty. Shape (M,).
        source: What to name as the source.
        progress: Yearly progress of machines where it is known; None searches it.

    Raises:
        InputError: There are fewer than 36 months, or a value is not above 0.
    """
    price = _logs(hashprice, LEAST_HASHRATE, "hashprice")
    growth = np.diff(_logs(hashrate, LEAST_HASHRATE, "hashrate"))
    months = np.arange(price.size)
    best: tuple[float, int, tuple[float, ...]] | None = None
    for gain in PROGRESS if progress is None else (progress,):
        deflated = price - log(1 - gain) / MONTHS * (months - months[-1])
        limits = np.quantile(deflated, HIGH), np.quantile(deflated, LOW)
        for lag, high, low in product(LAGS, *limits):
            if low > high:
                continue
            up = np.maximum(deflated[: price.size - 1 - lag] - high, 0.0)
            down = np.maximum(low - deflated[lag:-1], 0.0)
            rest, speeds = _at_least_zero(up, down, growth[lag:])
            error = rest / (growth.size - lag)
            if best is None or error < best[0]:
                best = error, lag, (gain, high, low, *speeds)
    assert best is not None
    error, lag, (gain, high, low, enter, leave) = best
    return Hashrate(
        entry_usd_ph_day=exp(high),
        exit_usd_ph_day=exp(low),
        progress=gain,
        entry_speed=enter * MONTHS,
        exit_speed=leave * MONTHS,
        delivery_months=lag,
        volatility=float((error * MONTHS) ** 0.5),
        source=source,
    )


def _at_least_zero(up: Floats, down: Floats, y: Floats) -> tuple[float, tuple[float, float]]:
    """Return the least squared error of y = a up - b down with a, b >= 0, and both."""
    uu, dd, ud = float(up @ up), float(down @ down), -float(up @ down)
    uy, dy = float(up @ y), -float(down @ y)
    tries = [(0.0, 0.0)]
    tries += [(max(uy / uu, 0.0), 0.0)] if uu else []
    tries += [(0.0, max(dy / dd, 0.0))] if dd else []
    both = uu * dd - ud * ud
    if both > 1e-12 * uu * dd:
        a, b = (uy * dd - dy * ud) / both, (dy * uu - uy * ud) / both
        tries += [(a, b)] if a >= 0 and b >= 0 else []
    yy = float(y @ y)
    errors = [
        yy - 2 * (a * uy + b * dy) + a * a * uu + b * b * dd + 2 * a * b * ud for a, b in tries
    ]
    least = int(np.argmin(errors))
    return errors[least], tries[least]
