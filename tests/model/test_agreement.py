# SPDX-License-Identifier: Apache-2.0

from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from loadstone.model.agreement import disagreements
from loadstone.model.flexibility import Flexibility
from loadstone.model.network import AiDemand, Caps, Stated
from loadstone.model.series import Series
from loadstone.model.site import AiSales, Standing
from tests.network_folders import campus, read


@pytest.fixture(scope="module")
def network(tmp_path_factory):
    return read(campus(tmp_path_factory.mktemp("agreement")))


def fields(network):
    return [(error.file, error.field) for error in disagreements(network)]


def studied(network, **changes):
    return replace(network, study=replace(network.study, **changes))


def placed(network, **changes):
    return replace(network, sites=(replace(network.sites[0], **changes),))


def test_a_network_that_fits_has_no_disagreement(network):
    assert disagreements(network) == ()


STATED = Stated(value=1.0, source="x", date=date(2026, 11, 1))
DEMAND = AiDemand(countries=("XX",), generation="quantum", max_mw=(1.0,) * 3, source="x")
PRODUCT = Flexibility(name="a", kind="reserve", mw=1.0, currency="EUR", source="x")
OF_STUDY = {
    "servers[0]": {"servers": ("abacus",)},
    "caps.country_mw": {"caps": Caps(country_mw={"XX": 1.0})},
    "caps.zone_mw": {"caps": Caps(zone_mw={"XX": 1.0})},
    "costs": {"costs": {"marble": STATED}},
    "ai_demand[0].countries": {"ai_demand": (DEMAND,)},
    "ai_demand[0].generation": {"ai_demand": (DEMAND,)},
    "fx.USD": {"currency": "EUR"},
    "used_miners[0]": {"used_miners": ("abacus",)},
    "ai_sales.workload": {"ai_sales": AiSales(workload="games")},
}
OF_SITE = {
    "incentives": {"incentives": ("none",)},
    "servers[0]": {"servers": ("abacus",)},
    "standing[0].model": {
        "standing": (Standing(model="abacus", mw=1.0, installed=date(2026, 1, 1)),)
    },
    "mining_cooling": {"mining_cooling": "ai-liquid"},
    "ai_sales.workload": {"ai_sales": AiSales(workload="games")},
    "flexibility[0].currency": {"flexibility": (PRODUCT,)},
}


@pytest.mark.parametrize("field", OF_STUDY)
def test_what_network_toml_names_must_exist(field, network):
    assert ("network.toml", field) in fields(studied(network, **OF_STUDY[field]))


@pytest.mark.parametrize("field", OF_SITE)
def test_what_a_site_names_must_exist(field, network):
    assert ("sites/araguari.toml", field) in fields(placed(network, **OF_SITE[field]))


def test_a_tariff_that_ends_before_the_last_phase_is_found(network):
    first, *others = network.sites[0].supply
    short = replace(first, valid_to=date(2029, 1, 1))
    [error] = disagreements(placed(network, supply=(short, *others)))
    assert "supply" in error.field
    assert "2029" in error.rule


def test_a_series_of_another_length_is_found(network):
    whole = network.wind | {
        "araguari": Series(
            kind="wind", zone="araguari", variable="capacity_factor", unit="1", year=2025,
            values=np.zeros(8784), provenance=np.zeros(8784, np.uint8), source="x",
        )
    }  # fmt: skip
    assert ("series/series.toml", "wind.araguari") in fields(replace(network, wind=whole))


def test_wind_without_a_series_is_found(network):
    limits = replace(network.sites[0].limits, wind_mw=5.0)
    assert ("sites/araguari.toml", "limits.wind_mw") in fields(placed(network, limits=limits))
