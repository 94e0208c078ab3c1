# SPDX-License-Identifier: Apache-2.0
"""What power earns: hashprice, and revenue per MWh of miners and AI servers."""

from dataclasses import dataclass
from math import inf

from loadstone.model.bitcoin import BLOCK_SECONDS, BLOCKS_PER_DAY, HASHES_PER_DIFFICULTY
from loadstone.model.errors import InputError

DAY_SECONDS = 86_400
HASHES_PER_PH = 1e15
HASHES_PER_EH = 1e18
JOULES_PER_KWH = 3.6e6


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
