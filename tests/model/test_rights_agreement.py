# SPDX-License-Identifier: Apache-2.0

from dataclasses import replace
from datetime import date

import pytest

from loadstone.model.agreement import disagreements
from loadstone.model.capital import Discount, Investor
from loadstone.model.eligibility import Eligibility
from loadstone.model.errors import InputError
from tests.network_folders import campus, edit, read, wrong


@pytest.fixture(scope="module")
def network(tmp_path_factory):
    return read(campus(tmp_path_factory.mktemp("rights")))


def row(subject, countries=("BR",)):
    return Eligibility(
        subject=subject, countries=countries, allowed=False,
        effective_from=date(2024, 1, 1), source="a rule",
    )  # fmt: skip


def found(network, **changes):
    study = replace(network.study, **changes)
    errors = disagreements(replace(network, study=study))
    return [(error.file, error.field) for error in errors]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"discount": Discount(country={"XX": 0.01})}, "discount.country.XX"),
        ({"owner": "Emirates"}, "owner"),
        (
            {"investors": (Investor(id="a", name="A", country="x", capital=1.0),)},
            "investors[0].country",
        ),
        ({"eligibility": (row("abacus"),)}, "eligibility[0].subject"),
        ({"eligibility": (row("generation:stone"),)}, "eligibility[0].subject"),
        ({"eligibility": (row("investor:nobody"),)}, "eligibility[0].subject"),
        ({"eligibility": (row("chips:US", ("XX",)),)}, "eligibility[0].countries"),
    ],
)
def test_what_rights_name_must_exist(changes, field, network):
    assert found(network, **changes) == [("network.toml", field)]


def test_the_owner_of_a_site_is_a_country(network):
    sites = (replace(network.sites[0], owner="Emirates"),)
    [error] = disagreements(replace(network, sites=sites))
    assert (error.file, error.field) == (f"sites/{sites[0].id}.toml", "owner")


def test_machines_generations_chips_and_investors_may_be_named(network):
    server = next(iter(network.facts.servers.values()))
    fund = Investor(id="fund", name="Fund", country="AE", capital=1.0)
    rows = (
        row(server.id), row(f"generation:{server.generation}"),
        row(f"chips:{server.chip_country}"), row("investor:fund"),
        row(next(iter(network.facts.miners))),
    )  # fmt: skip
    assert found(network, eligibility=rows, investors=(fund,)) == []


def test_what_is_meant_is_told_beside_what_is_wrong(network):
    study = replace(network.study, eligibility=(row("chips:XX"),))
    [error] = disagreements(replace(network, study=study))
    assert "chips:US" in error.rule
    assert "generation:" not in error.rule


def test_an_investor_is_named_once_and_says_all_phases(network):
    fund = Investor(id="fund", name="Fund", country="AE", capital=1.0)
    with pytest.raises(InputError, match=r"investors\[1\]\.id"):
        replace(network.study, investors=(fund, fund))
    with pytest.raises(InputError, match="capital_per_phase"):
        replace(network.study, investors=(replace(fund, capital_per_phase=(1.0,)),))


RIGHTS = """
owner = "AE"

[discount]
country = { BR = 0.04 }
revenue = { mining = 0.02, lease = -0.02 }

[[eligibility]]
subject = "chips:US"
countries = ["RU"]
allowed = false
effective_from = 2022-09-01
source = "counsel"

[[investors]]
id = "fund"
name = "Fund"
country = "AE"
capital = 1e9
"""
GATE = """
[[gates]]
kind = "fibre"
uses = ["ai"]
opens = 2028-03-01
probability = 0.7
routes = 2
source = "offer of the carrier"
"""


def with_rights(folder, text=RIGHTS, gate=GATE):
    folder = campus(folder)
    path = folder / "network.toml"
    head, _, rest = path.read_text().partition("\n[")
    path.write_text(f"{head}\n{text}\n[{rest}")
    site = folder / "sites" / "araguari.toml"
    site.write_text(site.read_text() + gate)
    return folder


def test_rights_are_read_from_a_folder(tmp_path):
    network = read(with_rights(tmp_path))
    assert network.study.owner == "AE"
    assert network.study.discount.revenue == {"mining": 0.02, "lease": -0.02}
    assert network.study.eligibility[0].effective_from == date(2022, 9, 1)
    assert network.sites[0].gates[0].routes == 2


def test_a_row_of_eligibility_without_a_date_is_an_error(tmp_path):
    folder = with_rights(tmp_path)
    edit(folder / "network.toml", "effective_from = 2022-09-01\n", "")
    assert wrong(folder) == [("network.toml", "eligibility[0].effective_from", "is missing")]


@pytest.mark.parametrize(
    ("before", "after", "field"),
    [
        ("probability = 0.7", "probability = 7.0", "gates[0].probability"),
        ("routes = 2\n", "", "gates[0].routes"),
        ('kind = "fibre"', 'kind = "moat"', "gates[0].kind"),
    ],
)
def test_a_gate_that_is_wrong_is_an_error(before, after, field, tmp_path):
    folder = with_rights(tmp_path)
    edit(folder / "sites" / "araguari.toml", before, after)
    assert [(file, name) for file, name, _ in wrong(folder)] == [("sites/araguari.toml", field)]
