# SPDX-License-Identifier: Apache-2.0
"""A small network whose hashprice and AI prices are uncertain."""

from pathlib import Path

from tests.network_folders import campus

FUTURES = """
source = "entered for this test"
date = 2026-11-21

[hashprice]
volatility = 0.5
half_life_months = 36.0
source = "entered for this test"
"""


def uncertain_campus(folder: Path) -> Path:
    """Return a copy of the campus with a futures.toml."""
    network = campus(folder)
    (network / "futures.toml").write_text(FUTURES, encoding="utf-8")
    return network
