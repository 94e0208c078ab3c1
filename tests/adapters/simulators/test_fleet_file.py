# SPDX-License-Identifier: Apache-2.0
"""Fleet files are read strictly, and all that is wrong is said at once."""

from dataclasses import fields
from datetime import UTC, datetime

import pytest

from loadstone.adapters.facts import read_facts
from loadstone.adapters.simulators.faults import Fault, FaultKind
from loadstone.adapters.simulators.fleet_file import (
    FleetRow,
    FleetSwitch,
    FleetTerms,
    fleet_schema,
    read_fleet,
    spare_hosts,
)
from loadstone.adapters.simulators.physics import HotSpell, Weather
from loadstone.adapters.simulators.site import OtherLoad
from loadstone.model.errors import InputErrors
from tests.shape import ROOT

WHOLE = """
seed = 7
speed = 60
start = 2026-11-21T12:00:00Z
control_port = 14090

[weather]
mean_c = 18
swing_c = 12
hot = [{ from_s = 3600, for_s = 7200, extra_c = 8 }]

[other]
mw = [0.2, 0.3]
noise = 0.02

[[machines]]
family = "luxos"
model = "antminer-s21"
count = 300
first = "127.1.0.1"
group = "hall 1"

[[machines]]
family = "whatsminer-v2"
model = "Somebody's M50"
rated_w = 3276
hashrate_th = 118
first = "127.2.0.1"
password = "secret"

[[meters]]
kind = "modbus"
id = "main"
host = "127.0.0.1"
port = 1502
power_register = 0
energy_register = 2

[[switches]]
id = "fans 1"
coil = 3
groups = ["hall 1"]
power_mw = 0.02

[[faults]]
kind = "hang"
share = 0.02

[[faults]]
kind = "drift"
family = "luxos"
per_machine_hour = 0.1
for_s = 600
amount = 30
"""


@pytest.fixture(scope="module")
def facts():
    return read_facts()


def read(tmp_path, text, facts):
    path = tmp_path / "fleet.toml"
    path.write_text(text, encoding="utf-8")
    return read_fleet(path, facts)


def wrong(tmp_path, text, facts):
    with pytest.raises(InputErrors) as found:
        read(tmp_path, text, facts)
    assert all(error.file.endswith("fleet.toml") for error in found.value.errors)
    return {error.field: error.rule for error in found.value.errors}


def test_a_whole_file_is_read(tmp_path, facts):
    terms = read(tmp_path, WHOLE, facts)
    assert terms.start == datetime(2026, 11, 21, 12, tzinfo=UTC)
    assert terms.weather.hot[0].extra_c == 8.0
    assert terms.other.mw == (0.2, 0.3)
    first, second = terms.machines
    assert list(first.hosts())[255] == "127.1.1.0"
    assert second.count == 1
    assert terms.switches[0].terms().coil == 3
    assert terms.switches[0].blower().groups == ("hall 1",)
    assert [fault.kind for fault in terms.faults] == [FaultKind.HANG, FaultKind.DRIFT]


def test_all_that_is_wrong_is_said_at_once(tmp_path, facts):
    text = """
speed = 0
colour = "blue"

[weather]
mean_c = 200

[[machines]]
family = "luxus"
model = "antminer-s21"
first = "10.0.0.1"
count = 0

[[machines]]
family = "luxos"
model = "antminer-s21"
first = "127.0.0.1"
port = 99999

[[switches]]
id = "fans"
coil = -1
unit = 700

[[faults]]
kind = "sabotage"
"""
    found = wrong(tmp_path, text, facts)
    assert {"speed", "colour", "weather.mean_c", "faults[0].kind"} <= set(found)
    assert {"machines[0].family", "machines[0].count", "machines[1].port"} <= set(found)
    assert {"switches.fans.coil", "switches.fans.unit"} <= set(found)


def test_what_does_not_fit_together_is_said(tmp_path, facts):
    text = """
[[machines]]
family = "luxos"
model = "no-such-model"
first = "127.1.0.1"
count = 10
group = "a"

[[machines]]
family = "luxos"
model = "antminer-s21"
first = "127.1.0.5"

[[meters]]
kind = "modbus"
id = "main"
host = "192.0.2.1"
power_register = 0

[[switches]]
id = "fans"
coil = 1
groups = ["b"]

[[switches]]
id = "fans"
coil = 2

[[faults]]
kind = "hang"
family = "braiins"
"""
    found = wrong(tmp_path, text, facts)
    assert set(found) == {
        "machines[0].model",
        "machines.first",
        "meters.main.host",
        "switches.id",
        "switches.fans.groups",
        "faults[0].family",
    }
    assert "127.0.0.0/8" in found["meters.main.host"]


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("", "machines"),
        ("machines = []", "machines"),
        ("seed = ", "file"),
        (WHOLE.replace("12:00:00Z", "12:00:00"), "start"),
        (WHOLE.replace("127.2.0.1", "127.255.255.255").replace("port = 1502", ""), None),
    ],
)
def test_one_thing_that_is_wrong_is_said_alone(tmp_path, facts, text, field):
    if field is None:
        assert read(tmp_path, text, facts)
    else:
        assert set(wrong(tmp_path, text, facts)) == {field}


def test_machines_that_are_wrong_are_not_held_against_the_rest(tmp_path, facts):
    text = WHOLE.replace("127.2.0.1", "10.2.0.1").replace("speed = 60", "speed = -1")
    assert set(wrong(tmp_path, text, facts)) == {"machines[1].first", "speed"}


def test_a_file_that_is_missing_is_said_to_be(tmp_path, facts):
    with pytest.raises(InputErrors, match="must be readable"):
        read_fleet(tmp_path / "nothing.toml", facts)


def test_rows_end_within_loopback():
    with pytest.raises(InputErrors, match="end within"):
        FleetRow(family="luxos", model="x", first="127.255.255.250", count=10)


def test_spare_addresses_are_nobodys(tmp_path, facts):
    text = WHOLE.replace("127.2.0.1", "127.254.0.3")
    spare = spare_hosts(read(tmp_path, text, facts), count=5)
    assert spare == ("127.254.0.1", "127.254.0.2", "127.254.0.4", "127.254.0.5")


def test_the_schema_describes_every_part():
    made = fleet_schema()
    assert made["title"] == "fleet file"
    assert {"machines", "meters", "switches", "faults", "weather"} <= set(made["properties"])


def test_the_page_tells_every_field_and_every_fault():
    page = (ROOT / "docs" / "reference" / "fleet-sim.md").read_text(encoding="utf-8")
    classes = (FleetTerms, FleetRow, FleetSwitch, Fault, Weather, HotSpell, OtherLoad)
    names = {field.name for class_ in classes for field in fields(class_)}
    names |= set(FaultKind)
    assert [name for name in sorted(names) if f"`{name}`" not in page] == []
