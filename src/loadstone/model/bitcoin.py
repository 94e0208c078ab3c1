# SPDX-License-Identifier: Apache-2.0
"""The Bitcoin protocol in whole numbers, and dated facts of its market."""

import datetime
from dataclasses import dataclass
from itertools import pairwise
from math import inf

from loadstone.model.errors import InputError
from loadstone.model.source import Confidence, FactProvenance, check_confidence

SAT_PER_BTC = 100_000_000
HALVING_BLOCKS = 210_000
RETARGET_BLOCKS = 2016
BLOCK_SECONDS = 600
BLOCKS_PER_DAY = 144
RETARGET_SECONDS = RETARGET_BLOCKS * BLOCK_SECONDS
POW_LIMIT = 0xFFFF << 208
HASHES_PER_DIFFICULTY = 2**32
_FIRST_SUBSIDY_SAT = 50 * SAT_PER_BTC
_LAST_HALVING = 64
_DAYS_BETWEEN_HALVINGS = 1461


def subsidy_sat(height: int) -> int:
    """Return the new coin of a block, satoshi.

    Args:
        height: Height of the block, at least 0.

    Raises:
        InputError: The height is negative.

    Source:
        Bitcoin Core, src/validation.cpp, GetBlockSubsidy.
    """
    if height < 0:
        raise InputError("height", height, "must be at least 0")
    halvings = height // HALVING_BLOCKS
    return 0 if halvings >= _LAST_HALVING else _FIRST_SUBSIDY_SAT >> halvings


def target_of(bits: int) -> int:
    """Return the target that compact bits stand for.

    Raises:
        InputError: The sign bit is set, or the target is 0.
    """
    exponent, mantissa = bits >> 24, bits & 0x7FFFFF
    target = mantissa << 8 * (exponent - 3) if exponent > 3 else mantissa >> 8 * (3 - exponent)
    if bits & 0x800000 or target == 0:
        raise InputError("bits", hex(bits), "must be a positive target")
    return target


def bits_of(target: int) -> int:
    """Return the compact bits of a target; what does not fit in three bytes is cut off."""
    size = (target.bit_length() + 7) // 8
    mantissa = target >> 8 * (size - 3) if size > 3 else target << 8 * (3 - size)
    if mantissa & 0x800000:  # would read as the sign
        mantissa >>= 8
        size += 1
    return size << 24 | mantissa


def difficulty_of(bits: int) -> float:
    """Return the difficulty of compact bits: the easiest target over this one."""
    return POW_LIMIT / target_of(bits)


def next_bits(bits: int, timespan_s: int) -> int:
    """Return the compact bits of the next 2,016 blocks.

    Args:
        bits: Compact bits of the 2,016 blocks that end.
        timespan_s: Time of the last of them less time of the first, s. That is 2,015
            intervals, though it is compared with two weeks: the protocol is off by one.

    Returns:
        Compact bits; the target changes by at most a factor of 4 either way.

    Source:
        Bitcoin Core, src/pow.cpp, CalculateNextWorkRequired.
    """
    clamped = min(max(timespan_s, RETARGET_SECONDS // 4), RETARGET_SECONDS * 4)
    return bits_of(min(target_of(bits) * clamped // RETARGET_SECONDS, POW_LIMIT))


def next_difficulty(difficulty: int, timespan_s: int) -> int:
    """Return the difficulty of the next 2,016 blocks, whole numbers, rounded down.

    The protocol itself rounds the target, not the difficulty: see `next_bits`.

    Args:
        difficulty: Difficulty of the 2,016 blocks that end, at least 1.
        timespan_s: Time of the last of them less time of the first, s: 2,015 intervals.

    Raises:
        InputError: The difficulty is below 1.
    """
    if difficulty < 1:
        raise InputError("difficulty", difficulty, "must be at least 1")
    clamped = min(max(timespan_s, RETARGET_SECONDS // 4), RETARGET_SECONDS * 4)
    return max(1, difficulty * RETARGET_SECONDS // clamped)


@dataclass(frozen=True, slots=True, kw_only=True)
class Halving:
    """A block at which the subsidy halves.

    Attributes:
        height: Height of the first block with the new subsidy.
        date: Its day, UTC.
        estimated: Whether the day is an estimate.
        source: Key in sources.toml.
        confidence: How sure the day is.
        provenance: "shipped", or "user" where a user's file says so.
        note: How the day was found.
    """

    height: int
    date: datetime.date
    estimated: bool = False
    source: str
    confidence: Confidence = "high"
    provenance: FactProvenance = "shipped"
    note: str = ""

    def __post_init__(self) -> None:
        if self.height < 0 or self.height % HALVING_BLOCKS:
            raise InputError("height", self.height, f"must be a multiple of {HALVING_BLOCKS}")
        check_confidence(self.confidence)


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketPoint:
    """The Bitcoin market on one day. What is not known is None.

    Attributes:
        date: The day, UTC.
        difficulty: Difficulty of the network.
        price_usd: Price of a bitcoin, USD.
        fees_btc_per_block: Fees of a mean block, BTC.
        hashprice_usd_ph_day: Hashprice as published, USD/PH/day.
        source: Key in sources.toml.
        confidence: How sure the source is.
        provenance: "shipped", or "user" where a user's file says so.
        note: What the values leave out.
    """

    date: datetime.date
    difficulty: float | None = None
    price_usd: float | None = None
    fees_btc_per_block: float | None = None
    hashprice_usd_ph_day: float | None = None
    source: str
    confidence: Confidence
    provenance: FactProvenance = "shipped"
    note: str = ""

    def __post_init__(self) -> None:
        for name in ("difficulty", "price_usd", "hashprice_usd_ph_day"):
            value = getattr(self, name)
            if value is not None and not 0 < value < inf:
                raise InputError(name, value, "must be finite and above 0")
        if self.fees_btc_per_block is not None and not 0 <= self.fees_btc_per_block < inf:
            rule = "must be finite and at least 0"
            raise InputError("fees_btc_per_block", self.fees_btc_per_block, rule)
        check_confidence(self.confidence)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bitcoin:
    """Dated facts of the Bitcoin network.

    Attributes:
        halvings: From the first block (height 0) on, by height.
        market: Days of the market, by date.
    """

    halvings: tuple[Halving, ...]
    market: tuple[MarketPoint, ...]

    def __post_init__(self) -> None:
        heights = [halving.height for halving in self.halvings]
        if heights != [HALVING_BLOCKS * i for i in range(len(heights))] or not heights:
            raise InputError("halvings.height", heights, "must rise from 0 by 210000")
        for name in ("halvings", "market"):
            days = [point.date for point in getattr(self, name)]
            if any(a >= b for a, b in pairwise(days)):
                raise InputError(f"{name}.date", days, "must rise")

    def subsidy_sat(self, on: datetime.date) -> int:
        """Return the subsidy of a block on a day, satoshi.

        On the day of a halving it is the new one. After the last halving listed the days
        of later ones are taken to be four years apart.

        Raises:
            InputError: The day is before the first block.
        """
        if on < self.halvings[0].date:
            raise InputError("on", on, f"must be from {self.halvings[0].date} on")
        begun = [halving for halving in self.halvings if halving.date <= on]
        last = begun[-1]
        later = (on - last.date).days // _DAYS_BETWEEN_HALVINGS
        known = len(begun) < len(self.halvings)
        return subsidy_sat(last.height + (0 if known else later * HALVING_BLOCKS))

    def mean_subsidy_btc(self, start: datetime.date, end: datetime.date) -> float:
        """Return the mean subsidy of a block over the days from start to before end, BTC."""
        if end <= start:
            raise InputError("end", end, f"must be after {start}")
        days = (end - start).days
        total = sum(self.subsidy_sat(start + datetime.timedelta(days=i)) for i in range(days))
        return total / days / SAT_PER_BTC
