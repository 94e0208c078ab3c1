# SPDX-License-Identifier: Apache-2.0
"""What power earns in miners and AI servers: hashprice, revenue per MWh, steps of power."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import pairwise
from math import inf

from loadstone.model.bitcoin import (
    BLOCK_SECONDS,
    BLOCKS_PER_DAY,
    HASHES_PER_DIFFICULTY,
    SAT_PER_BTC,
    Bitcoin,
)
from loadstone.model.errors import InputError
from loadstone.model.machine import Miner, Server

DAY_SECONDS = 86_400
HASHES_PER_PH = 1e15
HASHES_PER_EH = 1e18
JOULES_PER_KWH = 3.6e6
SAME_SLOPE = 1e-9  # relative; steps closer than this are one


def _check_above_zero(**values: float) -> None:
    for name, value in values.items():
        if not 0 < value < inf:
            raise InputError(name, value, "must be finite and above 0")


def _check_at_least_zero(**values: float) -> None:
    for name, value in values.items():
        if not 0 <= value < inf:
            raise InputError(name, value, "must be finite and at least 0")


def _check_share(**values: float) -> None:
    for name, value in values.items():
        if not 0 <= value <= 1:
            raise InputError(name, value, "must be from 0 to 1")


def network_hashrate_eh(difficulty: float, blocks_per_day: float = BLOCKS_PER_DAY) -> float:
    """Return the hashrate that finds blocks at a pace, EH/s.

    Args:
        difficulty: Difficulty of the network.
        blocks_per_day: Blocks found in a day; one day's count is uncertain by 8 %.

    Raises:
        InputError: A value is not finite and above 0.
    """
    _check_above_zero(difficulty=difficulty, blocks_per_day=blocks_per_day)
    hashes = blocks_per_day * difficulty * HASHES_PER_DIFFICULTY
    return hashes / DAY_SECONDS / HASHES_PER_EH


def difficulty_at(network_eh: float) -> float:
    """Return the difficulty at which a hashrate finds a block every ten minutes.

    Args:
        network_eh: Hashrate of the network, EH/s.

    Raises:
        InputError: The hashrate is not finite and above 0.
    """
    _check_above_zero(network_eh=network_eh)
    return network_eh * HASHES_PER_EH * BLOCK_SECONDS / HASHES_PER_DIFFICULTY


def hashprice(
    difficulty: float, price_usd: float, *, subsidy_btc: float, fees_btc: float = 0.0
) -> float:
    """Return what a PH/s is expected to earn in a day, before the pool's fee, USD/PH/day.

    Args:
        difficulty: Difficulty of the network.
        price_usd: Price of a bitcoin, USD.
        subsidy_btc: New coin of a block, BTC.
        fees_btc: Fees of a mean block, BTC; 0 is the subsidy only.

    Raises:
        InputError: A value is out of its range.

    Source:
        Luxor Hashprice index, docs.luxor.tech: expected hashes of a block are taken as
        difficulty x 2^32, the convention of the industry (0.0015 % below the exact count).
    """
    _check_above_zero(difficulty=difficulty)
    _check_at_least_zero(price_usd=price_usd, subsidy_btc=subsidy_btc, fees_btc=fees_btc)
    blocks = DAY_SECONDS * HASHES_PER_PH / (difficulty * HASHES_PER_DIFFICULTY)
    return blocks * (subsidy_btc + fees_btc) * price_usd


def hashprice_of_network(
    network_eh: float, price_usd: float, *, subsidy_btc: float, fee_share: float = 0.0
) -> float:
    """Return the hashprice when the network finds a block every ten minutes, USD/PH/day.

    Args:
        network_eh: Hashrate of the network, EH/s.
        price_usd: Price of a bitcoin, USD.
        subsidy_btc: New coin of a block, BTC.
        fee_share: Fees over subsidy, e.g. 0.05.

    Raises:
        InputError: A value is out of its range.
    """
    _check_at_least_zero(fee_share=fee_share)
    fees_btc = subsidy_btc * fee_share
    return hashprice(
        difficulty_at(network_eh), price_usd, subsidy_btc=subsidy_btc, fees_btc=fees_btc
    )


def mining_per_mwh(
    hashprice_usd_ph_day: float, j_per_th: float, *, pool_fee: float = 0.0
) -> float:
    """Return what a MWh earns in a miner, USD per MWh at the miner's plug.

    Args:
        hashprice_usd_ph_day: Hashprice, USD/PH/day.
        j_per_th: Efficiency at the plug, J/TH.
        pool_fee: Part that the pool keeps, 0 to 1.

    Raises:
        InputError: A value is out of its range.
    """
    _check_at_least_zero(hashprice_usd_ph_day=hashprice_usd_ph_day)
    _check_above_zero(j_per_th=j_per_th)
    _check_share(pool_fee=pool_fee)
    ph_per_mw = 1000 / j_per_th
    return hashprice_usd_ph_day * ph_per_mw / 24 * (1 - pool_fee)


def break_even_power(
    hashprice_usd_ph_day: float, j_per_th: float, *, pool_fee: float = 0.0, pue: float = 1.0
) -> float:
    """Return the power price at the meter at which mining earns just its power, USD/MWh.

    Args:
        hashprice_usd_ph_day: Hashprice, USD/PH/day.
        j_per_th: Efficiency at the plug, J/TH.
        pool_fee: Part that the pool keeps, 0 to 1.
        pue: Power at the meter over power at the plugs, at least 1.

    Raises:
        InputError: A value is out of its range.
    """
    if not 1 <= pue < inf:
        raise InputError("pue", pue, "must be finite and at least 1")
    return mining_per_mwh(hashprice_usd_ph_day, j_per_th, pool_fee=pool_fee) / pue


def energy_per_btc_mwh(
    difficulty: float, j_per_th: float, *, subsidy_btc: float, fees_btc: float = 0.0
) -> float:
    """Return the energy at the plugs that finds a bitcoin on average, MWh.

    Args:
        difficulty: Difficulty of the network.
        j_per_th: Efficiency at the plug, J/TH.
        subsidy_btc: New coin of a block, BTC.
        fees_btc: Fees of a mean block, BTC.

    Raises:
        InputError: A value is out of its range, or a block pays nothing.
    """
    _check_above_zero(difficulty=difficulty, j_per_th=j_per_th)
    _check_at_least_zero(subsidy_btc=subsidy_btc, fees_btc=fees_btc)
    _check_above_zero(reward_btc=subsidy_btc + fees_btc)
    terahashes = difficulty * HASHES_PER_DIFFICULTY / 1e12
    return terahashes * j_per_th / (subsidy_btc + fees_btc) / JOULES_PER_KWH / 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class AiRevenue:
    """What a MW of AI servers earns, and what it owes.

    Attributes:
        contracted_per_mwh: Revenue of the contracted part, USD per MWh at the plugs.
        spot_per_mwh: Revenue of the rest, USD per MWh at the plugs.
        contracted_share: Part of the MW under contract, 0 to 1.
        floor: Part of the contracted MW that must always run, 0 to 1.
    """

    contracted_per_mwh: float
    spot_per_mwh: float
    contracted_share: float
    floor: float

    @property
    def mean_per_mwh(self) -> float:
        """Revenue of a MWh that both parts share in, USD/MWh."""
        spot_share = 1 - self.contracted_share
        return self.contracted_share * self.contracted_per_mwh + spot_share * self.spot_per_mwh

    @property
    def must_run_share(self) -> float:
        """Part of the MW that must always run, 0 to 1."""
        return self.contracted_share * self.floor


def ai_revenue(
    *,
    usd_per_gpu_h: float,
    gpus_per_mw: float,
    utilisation: float,
    contracted_share: float = 0.0,
    contracted_price_factor: float = 1.0,
    floor: float = 0.0,
) -> AiRevenue:
    """Return what AI servers earn per MWh of energy at their plugs.

    Contracted GPUs are paid for every hour that they run. Spot GPUs find a buyer in part
    of the hours; those without a buyer are taken to draw as much power, which errs on the
    careful side: a GPU at low load still draws 60 to 85 % of its full power.

    Args:
        usd_per_gpu_h: Spot price of a GPU for an hour, USD.
        gpus_per_mw: GPUs in a MW of servers at their plugs.
        utilisation: Part of the spot GPU-hours that find a buyer, 0 to 1.
        contracted_share: Part of the GPUs under contract, 0 to 1.
        contracted_price_factor: Contract price over spot price.
        floor: Part of the contracted MW that must always run, 0 to 1.

    Raises:
        InputError: A value is out of its range.
    """
    _check_at_least_zero(
        usd_per_gpu_h=usd_per_gpu_h, contracted_price_factor=contracted_price_factor
    )
    _check_above_zero(gpus_per_mw=gpus_per_mw)
    _check_share(utilisation=utilisation, contracted_share=contracted_share, floor=floor)
    per_mwh = usd_per_gpu_h * gpus_per_mw
    return AiRevenue(
        contracted_per_mwh=per_mwh * contracted_price_factor,
        spot_per_mwh=per_mwh * utilisation,
        contracted_share=contracted_share,
        floor=floor,
    )


@dataclass(frozen=True, slots=True)
class Step:
    """A stretch of power that a machine may draw above the ones before it.

    Attributes:
        name: What the machine does at its end, e.g. "low"; "" for the first.
        start: Power at which it begins, over nameplate.
        width: How long it is, over nameplate; all steps together reach nameplate.
        gain: Output of a MWh in it, over that of a MWh at nameplate.
    """

    name: str
    start: float
    width: float
    gain: float


def concave_steps(points: Sequence[tuple[str, float, float]]) -> tuple[Step, ...]:
    """Return the steps of the least concave curve over a machine's operating points.

    Points below the straight line between two others are left out: some machines at the one
    and some at the other do more with the same power. So the first step goes from standing
    still to the point of best efficiency, and each further MWh does less than the one before.

    Args:
        points: Name, power and output of each, over those at nameplate; above 0 to 1.
            Nameplate itself, (1, 1), is always among them.

    Raises:
        InputError: A power or an output is not above 0 and at most 1.
    """
    chain = [("", 0.0, 0.0)]
    for name, power, output in sorted({*points, ("full", 1.0, 1.0)}, key=lambda p: p[1:]):
        for field, share in (("power", power), ("output", output)):
            if not 0 < share <= 1:
                raise InputError(field, share, "must be above 0 and at most 1")
        if power == 1.0 and output < 1.0:
            continue
        while len(chain) > 1 and _turns_up(chain[-2], chain[-1], (name, power, output)):
            chain.pop()
        if power > chain[-1][1]:
            chain.append((name, power, output))
    return tuple(
        Step("" if not before[1] else after[0], before[1], after[1] - before[1], gain)
        for before, after in pairwise(chain)
        for gain in [(after[2] - before[2]) / (after[1] - before[1])]
    )


def _turns_up(
    a: tuple[str, float, float], b: tuple[str, float, float], c: tuple[str, float, float]
) -> bool:
    """Tell whether the curve gains no less per power after its middle point than before."""
    before, after = (b[2] - a[2]) * (c[1] - b[1]), (c[2] - b[2]) * (b[1] - a[1])
    return after >= before * (1 - SAME_SLOPE)


def mining_steps(
    miner: Miner, *, underclock: tuple[float, float] | None = None
) -> tuple[Step, ...]:
    """Return the steps in which a miner's power goes up, the most efficient first.

    Args:
        miner: The miner.
        underclock: Power and hashrate over nameplate of a general low mode, for a miner
            without modes of its own; None for none, and then it runs in full or not at all.
    """
    points = [(mode.name, mode.power, mode.hashrate) for mode in miner.modes]
    if not points and underclock is not None:
        points = [("low", *underclock)]
    return concave_steps(points)


def serving_steps(server: Server, workload: str = "") -> tuple[Step, ...]:
    """Return the steps in which an AI server's power goes up along its measured caps.

    A cap moves the power of the GPUs; the rest of the server draws on as before. Below the
    lowest cap that was measured nothing is assumed of the GPU: less power there means that
    some servers pause and the others run at the cap of best efficiency.

    Args:
        server: The server.
        workload: Which of its curves; "" takes the first. One that the server has no curve
            for, like a server without any, gives one step: it runs in full or pauses.
    """
    curves = [c for c in server.cap_curves if workload in ("", c.workload)]
    if not curves:
        return concave_steps(())
    curve = curves[0]
    share = server.gpu_share(curve)
    powers = [1 - share + share * draw for draw in curve.draw]
    return concave_steps(
        [
            (f"{power:.0%}".removesuffix("%"), power, output)
            for power, output in zip(powers[:-1], curve.throughput[:-1], strict=True)
        ]
    )


def split_steps(steps: Sequence[Step], at: float) -> tuple[tuple[Step, ...], tuple[Step, ...]]:
    """Return the steps below a power over nameplate, and those above it."""
    below = [replace(s, width=min(s.width, at - s.start)) for s in steps if s.start < at]
    above = [
        replace(s, start=max(s.start, at), width=s.start + s.width - max(s.start, at))
        for s in steps
        if s.start + s.width > at
    ]
    return tuple(below), tuple(above)


def mean_gain(steps: Sequence[Step]) -> float:
    """Return the output of a MWh over all of some steps, over that of one at nameplate."""
    return sum(s.width * s.gain for s in steps) / sum(s.width for s in steps)


def hashprice_on(bitcoin: Bitcoin, day: date) -> float | None:
    """Return the hashprice of a day in the past, USD/PH/day; None where none is known.

    Between the days of the market facts it is taken to go in a straight line, before the
    first and after the last it is theirs. A day without a published hashprice has that of its
    difficulty and price, without fees where they are not known.
    """
    known: list[tuple[date, float]] = []
    for point in bitcoin.market:
        value = point.hashprice_usd_ph_day
        if value is None and point.difficulty is not None and point.price_usd is not None:
            value = hashprice(
                point.difficulty,
                point.price_usd,
                subsidy_btc=bitcoin.subsidy_sat(point.date) / SAT_PER_BTC,
                fees_btc=point.fees_btc_per_block or 0.0,
            )
        if value is not None:
            known.append((point.date, value))
    if not known:
        return None
    for (before, low), (after, high) in pairwise(known):
        if before <= day < after:
            return low + (high - low) * ((day - before).days / (after - before).days)
    return known[0][1] if day < known[0][0] else known[-1][1]


def miner_price_at(
    price: float,
    *,
    hashprice_usd_ph_day: float,
    reference_usd_ph_day: float,
    elasticity: float,
    scrap_share: float,
) -> float:
    """Return what a new miner costs at a hashprice, in the unit of the price given.

    Args:
        price: Price of the facts.
        hashprice_usd_ph_day: Hashprice at which it is bought, USD/PH/day.
        reference_usd_ph_day: Hashprice on the day of that price, USD/PH/day.
        elasticity: Power of the ratio of the two that the price goes with, 0 to 1.
        scrap_share: Least price over that of the facts, 0 to 1.

    Raises:
        InputError: A value is out of its range.
    """
    _check_at_least_zero(price=price, hashprice_usd_ph_day=hashprice_usd_ph_day)
    _check_above_zero(reference_usd_ph_day=reference_usd_ph_day)
    _check_share(elasticity=elasticity, scrap_share=scrap_share)
    ratio = float((hashprice_usd_ph_day / reference_usd_ph_day) ** elasticity)
    return price * max(ratio, scrap_share)


def used_price_share(age_years: float, life_years: float, *, discount: float) -> float:
    """Return the price of a second-hand miner over that of a new one of its efficiency.

    Part is lost by being second-hand at all, the rest in a straight line over the life.

    Args:
        age_years: Its age, years.
        life_years: Life of the model, years.
        discount: What is lost at once, 0 to 1.

    Raises:
        InputError: A value is out of its range.
    """
    _check_at_least_zero(age_years=age_years)
    _check_above_zero(life_years=life_years)
    _check_share(discount=discount)
    return (1 - discount) * max(0.0, 1 - age_years / life_years)
