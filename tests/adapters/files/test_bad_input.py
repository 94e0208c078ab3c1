# SPDX-License-Identifier: Apache-2.0
"""What can be wrong with a network of many sites: one clear error each, all of them at once."""

from pathlib import Path

import pytest

from loadstone.adapters.files import copy_starter
from tests.network_folders import edit, wrong

# file, words, what stands in their place, field, part of the rule
WRONG = {
    "an unknown field": (
        "network.toml", "pool_fee = 0.015", "fool_pee = 0.015",
        "fool_pee", "is not a known field",
    ),
    "an ASIC that does not exist": (
        "sites/upington.toml", "antminer-s23-hyd-3u", "antminer-s99",
        "miners[1]", "is not known; there are",
    ),
    "a missing series": (
        "sites/bhuj.toml", 'series = "IN-WE"', 'series = "IN-XX"',
        "supply[0].series", "has no prices series",
    ),
    "a price in the wrong currency": (
        "sites/segezha.toml",
        'kind = "spot"\nname = "day-ahead price"\ncurrency = "RUB"',
        'kind = "spot"\nname = "day-ahead price"\ncurrency = "INR"',
        "supply[0].currency", "price series RU-1 is in RUB",
    ),
    "a negative capacity": (
        "sites/balakovo.toml", "mining_mw = 55.0", "mining_mw = -55.0",
        "limits.mining_mw", "at least 0",
    ),
    "a minimum above the maximum": (
        "sites/jaisalmer.toml", "minimum_mw = 9.0", "minimum_mw = 90.0",
        "opening.minimum_mw", "at most connection.max_mw 60",
    ),
    "every phase before the connection's lead time": (
        "sites/itumbiara.toml", "lead_time_years = 1.0", "lead_time_years = 9.0",
        "connection.lead_time_years", "power comes in 2036",
    ),
    "a country without facts": (
        "sites/mossoro.toml", 'country = "BR"', 'country = "AQ"',
        "country", "is not known",
    ),
    "a number that is none": (
        "sites/bratsk-2.toml", "minimum_share = 0.85", "minimum_share = nan",
        "supply[0].minimum_share", "finite",
    ),
}  # fmt: skip


def brics(folder: Path) -> Path:
    copy_starter("brics", folder / "brics")
    return folder / "brics"


def said(case: tuple[str, str, str, str, str], errors: list[tuple[str, str, str]]) -> bool:
    file, _, _, field, rule = case
    return any(f == file and g.startswith(field) and rule in h for f, g, h in errors)


@pytest.mark.parametrize("case", WRONG.values(), ids=WRONG)
def test_one_mistake_is_one_error(case, tmp_path):
    folder = brics(tmp_path)
    edit(folder / case[0], case[1], case[2])
    errors = wrong(folder)
    assert len(errors) == 1, errors
    assert said(case, errors), errors


def test_all_mistakes_of_all_files_come_at_once(tmp_path):
    folder = brics(tmp_path)
    for file, before, after, *_ in WRONG.values():
        edit(folder / file, before, after)
    errors = wrong(folder)
    assert len(errors) == len(WRONG), errors
    assert [name for name, case in WRONG.items() if not said(case, errors)] == []
