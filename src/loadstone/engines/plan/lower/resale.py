# SPDX-License-Identifier: Apache-2.0
"""Second-hand miners: bought with part of their life gone, and sold before it ends.

What is sold was paid for by annuities over its life, of which a plan charges those of the
phases it looks at. So the price it brings counts in the same way: as annuities over the life
that is left, in the phases in which the machine would have stood. A machine sold for what is
still owed on it is then as if it had been bought for the time between, and one whose life goes
beyond the last phase does not become a source of money there.
"""

from collections.abc import Callable, Sequence

from loadstone.engines.plan.lower.assets import Assets, Leaving
from loadstone.engines.plan.lower.economy import annuity
from loadstone.model.machine import Miner


def add_used(assets: Assets, miner: Miner, largest: float) -> None:
    """Let a site buy a model of miners second-hand, where the network says that it may.

    There are none before the model has been on sale for as long as they are old.

    Args:
        assets: The assets of the site.
        miner: The model; one that may also be bought new.
        largest: Most that may stand, MW.
    """
    economy, phases = assets.economy, range(len(assets.phases))
    if miner.id not in economy.study.used_miners:
        return
    age = economy.cost("used-age")
    life = miner.life.value - age
    if life <= 0:
        return
    price = [
        economy.miner_price(miner, assets.country, p, age)
        if assets.phases[p].at >= _released(miner) + age
        else None
        for p in phases
    ]
    assets.add(
        f"miner:{miner.id}:used",
        "MW",
        largest=largest,
        price=price,
        life=life,
        relief=[assets.mining_tax.shield for _ in phases],
        gated=False,
        leaving=resale(assets, miner, price, age),
    )


def resale(
    assets: Assets, miner: Miner, paid: Sequence[float | None], age_when_built: float = 0.0
) -> Callable[[int | None, int], Leaving | None] | None:
    """Return what miners bring when they leave; None where they may not.

    They bring the price of a second-hand machine of their age, less tax on all of it. A machine
    that the plan bought brings no more than what is still to be paid for it, so that no plan
    lives on trading machines.

    Args:
        assets: The assets of the site.
        miner: The model.
        paid: Price of a MW by phase, with duty and VAT, network currency.
        age_when_built: Age of the machines when they are bought, years.
    """
    economy, tax = assets.economy, assets.mining_tax
    if not economy.study.resale:
        return None
    life = miner.life.value - age_when_built

    def leaving(built: int | None, phase: int) -> Leaving | None:
        start = assets.phases[phase].at
        if built is None:
            age = _mean_age(assets, miner, phase)
            gone = age
        else:
            gone = start - assets.phases[built].at
            age = age_when_built + gone
        left = (miner.life.value if built is None else life) - gone
        price = economy.asked_price(miner, phase, age)
        if left <= 0 or price is None:
            return Leaving(price=0.0)
        bought = None if built is None else paid[built]
        if bought is not None:
            owed = bought * (1 - tax.shield) * annuity(economy.rate, life)
            price = min(price, owed / annuity(economy.rate, left) / max(1 - tax.rate, 1e-9))
        return Leaving(price=price, years=left, tax_share=tax.rate)

    return leaving


def _released(miner: Miner) -> float:
    """Return when sales of a model began, in calendar years; the end of one without a month."""
    year, _, month = miner.release.partition("-")
    return int(year) + (int(month) - 1 if month else 12) / 12


def _mean_age(assets: Assets, miner: Miner, phase: int) -> float:
    """Return the mean age of the machines of a model that stand at the start of a phase."""
    start, total, years = assets.phases[phase].at, 0.0, 0.0
    for one in assets.site.standing:
        stands = assets.economy.still_stands(miner.life.value, one.installed, phase)
        if one.model == miner.id and stands:
            since = one.installed.year + (one.installed.timetuple().tm_yday - 1) / 365
            total += one.mw
            years += one.mw * (start - since)
    return years / total if total else 0.0
