# SPDX-License-Identifier: Apache-2.0

import json
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from loadstone.adapters.files import OPERATE, operation_schema, read_operation
from loadstone.model.errors import InputErrors
from loadstone.model.operations.agreement import drawable_mw, limit_of
from loadstone.model.operations.roster import FAMILIES, expanded, machines_of
from tests.golden_text import compare
from tests.network_folders import campus, read
from tests.shape import DATA, REFERENCE

ON = date(2026, 11, 21)
SITE = """
[[sites]]
site = "araguari"
limit_mw = 4.0

[[sites.groups]]
id = "hall"
fans = "coolers"

[[sites.machines]]
group = "hall"
family = "luxos"
addresses = ["10.0.0.1-10.0.0.3", "rig.example:4029"]
model = "antminer-s21-hyd"

[[sites.meters]]
kind = "modbus"
id = "feeder"
host = "10.0.9.1"
power_register = 0

[[sites.switches]]
id = "coolers"
host = "10.0.9.2"
coil = 0
"""


@pytest.fixture(scope="module")
def network(tmp_path_factory):
    return read(campus(tmp_path_factory.mktemp("operate")))


def written(folder: Path, text: str) -> Path:
    (folder / OPERATE).write_text(text, encoding="utf-8")
    return folder


def wrong(folder: Path, network, text: str) -> list[tuple[str, str]]:
    try:
        read_operation(written(folder, text), network, ON)
    except InputErrors as found:
        file = str(folder / OPERATE)
        return [(error.field, error.rule) for error in found.errors if error.file == file]
    return []


def test_a_site_is_read_with_its_machines_one_by_one(tmp_path, network):
    operation = read_operation(written(tmp_path, SITE), network, ON)
    terms = operation.sites[0]
    machines = machines_of(terms, network.facts.miners)
    assert [machine.id for machine in machines] == [
        *("10.0.0.1", "10.0.0.2", "10.0.0.3"),
        "rig.example:4029",
    ]
    assert {machine.rated_w for machine in machines} == {5360.0}
    assert machines[0].address.port == FAMILIES["luxos"].port
    assert machines[3].address.port == 4029


@pytest.mark.parametrize("name", ["campus", "brics"])
def test_the_starters_can_be_run(name):
    folder = DATA / "networks" / name
    found = read(folder)
    operation = read_operation(folder, found, ON)
    for terms in operation.sites:
        machines = machines_of(terms, found.facts.miners)
        assert sum(machine.rated_w for machine in machines) / 1e6 < terms.limit_mw
        families = {machine.family for machine in machines}
        assert families <= FAMILIES.keys()


def test_the_limit_is_the_connection_where_none_is_said(tmp_path, network):
    terms = read_operation(
        written(tmp_path, SITE.replace("limit_mw = 4.0", "")), network, ON
    ).sites[0]
    assert limit_of(terms, network.sites[0], ON) == network.sites[0].connection.exists_mw


def test_a_tranche_counts_from_the_day_it_is_energised():
    site = read(DATA / "networks" / "campus").sites[0]
    assert drawable_mw(site.connection, date(2027, 6, 30)) == 50.0
    assert drawable_mw(site.connection, date(2027, 7, 1)) == 100.0


def test_everything_wrong_is_told_at_once(tmp_path, network):
    text = (
        SITE.replace("limit_mw = 4.0", "limit_mw = 400.0\nmargn = 0.1")
        .replace('family = "luxos"', 'family = "luxus"')
        .replace('kind = "modbus"', 'kind = "modbuss"')
        .replace("coil = 0", "coil = 0\nport = 70000")
    )
    found = wrong(tmp_path, network, 'store = "mysql://x"\n' + text)
    assert [field for field, _ in found] == [
        "sites.araguari.meters.feeder.kind",
        "sites.araguari.switches.coolers.port",
        "sites.araguari.margn",
        "store",
        "sites.araguari.limit_mw",
        "sites.araguari.machines[0].family",
    ]


@pytest.mark.parametrize(
    ("change", "field", "rule"),
    [
        (('site = "araguari"', 'site = "araguri"'), "sites.araguri.site", "such as araguari"),
        (("antminer-s21-hyd", "s21"), "sites.araguari.machines[0].model", "in the facts"),
        (('"luxos"', '"lux"'), "sites.araguari.machines[0].family", "must be one of antminer"),
        (
            ("limit_mw = 4.0", "limit_mw = 9999.0"),
            "sites.araguari.limit_mw",
            "at most the conn",
        ),
        (('group = "hall"', 'group = "hal"'), "sites.araguari.machines.group", "one of"),
        (('fans = "coolers"', 'fans = "cooler"'), "sites.araguari.groups.fans", "one of"),
        (("10.0.0.3", "10.0.0.0"), "sites.araguari.machines[0].addresses", "must rise"),
        (("rig.example:4029", "10.0.0.2"), "sites.araguari.machines.addresses", "given once"),
        (
            ("rig.example:4029", "rig.example:x"),
            "sites.araguari.machines[0].addresses",
            "a port",
        ),
        (("coil = 0", 'coil = 0\nrole = "outlet"'), "sites.araguari.groups.hall.fans", "fans"),
        (
            ('id = "feeder"', 'id = "feeder"\nmain = false'),
            "sites.araguari.meters",
            "main meter",
        ),
        (("[[sites]]", 'plan = "runs/none"\n[[sites]]'), "plan", "plan.json"),
        (("[[sites]]", "[[sites]"), "file", "must be TOML"),
    ],
)
def test_each_mistake_is_one_line(tmp_path, network, change, field, rule):
    found = wrong(tmp_path, network, SITE.replace(*change, 1))
    assert [one[0] for one in found] == [field]
    assert rule in found[0][1]


def test_a_site_twice_is_refused(tmp_path, network):
    assert ("sites.site", "must be given once") in wrong(tmp_path, network, SITE + SITE)


def test_no_meter_is_only_possible_where_it_is_said(tmp_path, network):
    text = SITE.partition("[[sites.meters]]")[0].replace('fans = "coolers"\n', "")
    assert wrong(tmp_path, network, text)
    said = text.replace("limit_mw = 4.0", 'limit_mw = 4.0\nmeter_silent = "release"')
    assert wrong(tmp_path, network, said) == []


def test_a_file_of_prices_that_is_not_there_is_told(tmp_path, network):
    signal = '[[sites.signals]]\nkind = "file"\nid = "spot"\nmeans = "price"\npath = "p.csv"\n'
    assert [field for field, _ in wrong(tmp_path, network, SITE + signal)] == [
        "sites.araguari.signals.spot.path"
    ]


def test_a_site_that_is_only_planned_is_not_run(tmp_path, network):
    planned = replace(
        network, sites=tuple(replace(site, status="candidate") for site in network.sites)
    )
    found = wrong(tmp_path, planned, SITE)
    assert [field for field, _ in found] == ["sites.araguari.site"]
    assert "is candidate" in found[0][1]


def test_a_range_over_many_blocks_leaves_out_network_and_broadcast():
    hosts = [host for host, _ in expanded("10.0.1.250-10.0.2.3", "addresses")]
    assert hosts == [*(f"10.0.1.{n}" for n in range(250, 255)), "10.0.2.1", *hosts[-2:]]
    assert [h for h, _ in expanded("10.0.1.254-10.0.1.255", "a")][-1] == "10.0.1.255"


def test_addresses_of_the_sixth_version_can_have_ports():
    assert list(expanded("[fd00::1]:4028", "a")) == [("fd00::1", 4028)]
    assert list(expanded("fd00::1", "a")) == [("fd00::1", None)]


def test_the_schema_is_published(request):
    update = bool(request.config.getoption("--update-golden"))
    text = json.dumps(operation_schema(), indent=2) + "\n"
    compare("operate.schema.json", text, folder=REFERENCE, update=update)
