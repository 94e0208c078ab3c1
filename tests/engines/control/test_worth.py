# SPDX-License-Identifier: Apache-2.0

from dataclasses import replace
from datetime import date

import pytest

from loadstone.engines.control.worth import hashprice, values_per_mwh
from loadstone.model.operations.machine import Address, Machine
from loadstone.model.operations.terms import SiteTerms
from tests.network_folders import campus, read

ON = date(2026, 11, 21)
TERMS = SiteTerms(site="araguari", value_per_mwh=80.0, hashprice=50.0)


def machine(id_: str, rated_w: float, hashrate_th: float) -> Machine:
    return Machine(
        id=id_, site="araguari", group="hall", family="luxos",
        address=Address(host=id_, port=4028), rated_w=rated_w, hashrate_th=hashrate_th,
    )  # fmt: skip


FLEET = (machine("new", 4000.0, 250.0), machine("old", 3000.0, 100.0))


@pytest.fixture(scope="module")
def network(tmp_path_factory):
    return read(campus(tmp_path_factory.mktemp("worth")))


def test_a_value_that_is_given_is_the_mean_over_power(network):
    values = values_per_mwh(TERMS, network, FLEET, ON)
    mean = (4000 * values["new"] + 3000 * values["old"]) / 7000
    assert mean == pytest.approx(80.0)
    assert values["new"] / values["old"] == pytest.approx(30 / 16)


def test_a_value_from_hashprice_is_what_a_mwh_hashes_less_the_fee(network):
    terms = replace(TERMS, value_per_mwh=None)
    values = values_per_mwh(terms, network, FLEET, ON)
    fee = network.study.pool_fee
    assert values["new"] == pytest.approx(50.0 / (0.016 * 24) * (1 - fee))


def test_before_the_plan_begins_its_first_phase_counts(network):
    bare = SiteTerms(site="araguari")
    early = hashprice(bare, network, date(2026, 1, 1))
    assert early == pytest.approx(hashprice(bare, network, network.study.phases[0].start))
    assert 20 < early < 100
