# SPDX-License-Identifier: Apache-2.0
"""Futures for tests: the small campus with parameters that a test states."""

import shutil
import tempfile
from dataclasses import replace
from datetime import date
from functools import cache
from pathlib import Path

from loadstone.engines.outlook import prepare
from loadstone.model.futures.events import Default, Delay, Hazard
from loadstone.model.futures.level import Level, Levels, Wild
from loadstone.model.futures.mining import Fees, Hashrate, MinerPrices
from loadstone.model.futures.terms import Futures
from tests.network_folders import everything, read

FIRST = date(2027, 1, 1)
SAID = "a test"


@cache
def network():
    """Return a small network with all pieces, with a second price zone and two currencies."""
    folder = Path(tempfile.mkdtemp())
    try:
        return read(everything(folder))
    finally:
        shutil.rmtree(folder)


def level(volatility, **more):
    return Level(volatility=volatility, source=SAID, **more)


def hashrate(**more):
    return Hashrate(
        **{
            "entry_usd_ph_day": 50.0,
            "exit_usd_ph_day": 30.0,
            "progress": 0.2,
            "entry_speed": 1.5,
            "exit_speed": 0.5,
            "delivery_months": 4,
            "volatility": 0.1,
            "source": SAID,
        }
        | more
    )


def futures(**parts):
    return Futures(source=SAID, date=date(2026, 11, 21), **parts)


def full():
    """Return futures in which everything moves in every way."""
    study = network().study
    rates = sorted(set(study.fx) - {study.currency})
    return futures(
        weather_years=3,
        btc=level(0.5, jumps_per_year=2.0, jump_mean=-0.05, jump_sd=0.1,
                  wild=Wild(ratio=2.0, share=0.2, months=3.0)),
        hashrate=hashrate(),
        fees=Fees(level=level(1.0, half_life_months=3.0), spikes_per_year=2.0, spike=0.2),
        miners=MinerPrices(used_elasticity=1.2, source=SAID),
        ai=Levels(
            level=level(0.3, half_life_months=9.0, trend_sd=0.1, jumps_per_year=1.0,
                        jump_mean=-0.1, jump_sd=0.05),
            together=0.7,
            jumps_together=True,
        ),
        lease=level(0.1, half_life_months=24.0),
        power=Levels(level=level(0.4, half_life_months=6.0), together=0.3),
        fx=Levels(each={name: level(0.1) for name in rates}, together=0.5),
        delay=Delay(overrun=0.3, spread=0.4, together=0.5, source=SAID),
        hazards=(Hazard(country=network().sites[0].country, mining_ban=0.05,
                        expropriation=0.02, source=SAID),),
        default=Default(yearly={"other": 0.05}, vacant_months=6.0, source=SAID),
    )  # fmt: skip


def drawing(parts=None, *, months=120, seed=7, first=FIRST, on=None, **more):
    return prepare(
        parts if parts is not None else full(),
        on if on is not None else network(),
        months=months,
        first=first,
        seed=seed,
        **more,
    )


def flat(**outlook):
    """Return the network with an outlook that stays the same in all phases."""
    study = network().study
    count = len(study.phases)
    stated = {name: (value,) * count for name, value in outlook.items()}
    return replace(network(), study=replace(study, outlook=replace(study.outlook, **stated)))
