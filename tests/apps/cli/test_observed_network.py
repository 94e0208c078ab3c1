# SPDX-License-Identifier: Apache-2.0

import pytest

from loadstone.adapters.files import copy_starter
from loadstone.engines.plan.lower import lower
from tests.apps.cli.commands import answer
from tests.network_folders import read
from tests.shared_data import SHARED, needs_shared

MARKETS = "electricity/hourly_prices_2021_2023.parquet"
UES = "electricity/russia_ues_hourly_2017.parquet"
RUSSIA = ("--tz", "Europe/Moscow", "--currency", "RUB", "--time", "ts_msk", "--value")
IMPORTS = {
    "BR-SE": (MARKETS, "--where", "market=BR"),
    "IN-NO": (MARKETS, "--where", "market=IN", "--fill", "previous-week"),
    "IN-WE": (MARKETS, "--where", "market=IN", "--fill", "previous-week"),
    "RU-1": (UES, *RUSSIA, "da_Center"),
    "RU-2": (UES, *RUSSIA, "da_Siberia"),
}


@needs_shared
def test_brics_is_built_on_observed_series(tmp_path):
    folder = tmp_path / "brics"
    copy_starter("brics", folder)
    for zone, (file, *options) in IMPORTS.items():
        answer("import", "prices", SHARED / file, folder, "--zone", zone, *options)
    rows = answer("check", folder)["series"]
    observed = {
        row["zone"] for row in rows if row["kind"] == "prices" and row["observed"] > 0.9
    }
    assert observed == set(IMPORTS)
    network = read(folder)
    assert network.prices["RU-2"].values.mean() == pytest.approx(856, abs=1)
    assert len(lower(network).problem.blocks) == 43 * 5
