# SPDX-License-Identifier: Apache-2.0
"""All facts together: every source is known, and doubts are told."""

from dataclasses import replace
from datetime import date

import pytest

from loadstone.model.bitcoin import Bitcoin, Halving, MarketPoint
from loadstone.model.errors import InputError
from loadstone.model.fact import Facts
from loadstone.model.machine import Miner
from loadstone.model.source import Fact, Source

DAY = date(2026, 11, 21)
BASE = {"source": "s", "date": date(2026, 1, 1), "confidence": "high"}


def fact(value=1.0, unit="USD/MW", **more):
    return Fact(value=value, unit=unit, **(BASE | more))


FACTS = Facts(
    countries={},
    miners={
        "m": Miner(
            id="m",
            manufacturer="Maker",
            model="Model M",
            hashrate_th=100,
            power_w=2000,
            j_per_th=20,
            cooling="air",
            release="2024",
            life=fact(5.0, "year"),
            **(BASE | {"confidence": "low"}),
        )
    },
    servers={},
    costs={
        "good": fact(),
        "old": fact(0.5, "1", effective_to=date(2026, 11, 21)),
        "early": fact(effective_from=date(2027, 1, 1)),
        "chosen": fact(2.0, low=1.0, high=3.0, assumption=True, confidence="low"),
    },
    cooling={},
    bitcoin=Bitcoin(
        halvings=(Halving(height=0, date=date(2009, 1, 3), source="s"),),
        market=(MarketPoint(date=date(2025, 1, 1), source="s", confidence="low"),),
    ),
    sources={
        "s": Source(title="t", publisher="p", read=DAY, licence="l", light="green"),
    },
)


def test_every_doubt_is_told_with_its_reasons():
    told = {w.path: w for w in FACTS.warnings(DAY)}
    assert {path: w.reasons for path, w in told.items()} == {
        "miners.m": ("low confidence",),
        "costs.old": ("expired",),
        "costs.early": ("not yet in force",),
        "costs.chosen": ("low confidence", "assumption"),
        "bitcoin.market.0": ("low confidence",),
    }
    assert told["costs.chosen"].text == "2 USD/MW, from a range of 1 to 3"
    assert told["costs.old"].text == "0.5"
    assert told["miners.m"].text == "Model M"
    assert told["bitcoin.market.0"].text == "2025-01-01"


def test_doubts_can_be_asked_for_in_a_part():
    assert [w.path for w in FACTS.warnings(DAY, {"costs.old", "costs.go"})] == ["costs.old"]


def test_a_fact_without_a_known_source_is_refused():
    with pytest.raises(InputError, match=r"costs\.x\.source"):
        replace(FACTS, costs={"x": fact(source="hearsay")})
