# SPDX-License-Identifier: Apache-2.0
"""Mistakes in operate.toml that would otherwise only show when a machine is to be stopped."""

from datetime import date
from pathlib import Path

import pytest

from loadstone.adapters.files.operate_file import OPERATE, read_operation
from loadstone.model.errors import InputErrors
from loadstone.model.operations.terms.rules import is_host
from tests.adapters.files.test_operate_file import ON, SITE, written
from tests.network_folders import campus, read

PLACE = "sites.araguari"
FEEDER, COOLERS = f"{PLACE}.meters.feeder", f"{PLACE}.switches.coolers"
MQTT_METER = '[[sites.meters]]\nkind = "mqtt"\nid = "sub"\nmain = false\n'
GRID = '[[sites.signals]]\nkind = "mqtt"\nid = "grid"\nmeans = "run"\n'
VTN = '[[sites.signals]]\nkind = "openadr3"\nid = "vtn"\n'
MORE = '[[sites.machines]]\ngroup = "hall"\nmodel = "antminer-s21-hyd"\n'


@pytest.fixture(scope="module")
def network(tmp_path_factory):
    return read(campus(tmp_path_factory.mktemp("mistakes")))


def told(folder: Path, network, text: str) -> list[tuple[str, object, str]]:
    with pytest.raises(InputErrors) as found:
        read_operation(written(folder, text), network, ON)
    errors = found.value.errors
    assert {error.file for error in errors} == {str(folder / OPERATE)}
    return [(error.field, error.value, error.rule) for error in errors]


@pytest.mark.parametrize(
    ("change", "field", "rule"),
    [
        (('"10.0.9.1"', '"http://10.0.9.1"'), f"{FEEDER}.host", "without http://"),
        (('"10.0.9.1"', '"10.0.9.1:502"'), f"{FEEDER}.host", "without http://, port"),
        (('"10.0.9.1"', '"10.0.9.300"'), f"{FEEDER}.host", "an IP address"),
        (('"10.0.9.1"', '" feeder"'), f"{FEEDER}.host", "or spaces"),
        (('"10.0.9.1"', '""'), f"{FEEDER}.host", "must be a name"),
        (('"10.0.9.2"', '"fans hall 1"'), f"{COOLERS}.host", "or spaces"),
        (("power_register = 0", "power_register = -1"), f"{FEEDER}.power_register", "to 65534"),
        (
            ("power_register = 0", 'power_register = 65533\nformat = "int64"'),
            f"{FEEDER}.power_register",
            "from 0 to 65532",
        ),
        (("power_register = 0", "power_register = 0\nunit = 256"), f"{FEEDER}.unit", "to 255"),
        (
            ("power_register = 0", "power_register = 0\npower_unit_w = 0.0"),
            f"{FEEDER}.power_unit_w",
            "not 0",
        ),
        (("coil = 0", "coil = 65536"), f"{COOLERS}.coil", "from 0 to 65535"),
        (("coil = 0", "coil = 0\nport = 0"), f"{COOLERS}.port", "1 to 65535"),
        (('id = "feeder"', 'id = ""'), f"{PLACE}.meters[0].id", "must not be empty"),
        (
            ('"10.0.0.1-10.0.0.3", ', '"http://10.0.0.1", '),
            f"{PLACE}.machines[0].addresses",
            "no http://",
        ),
        (('"10.0.0.1-10.0.0.3"', '"10.0.0.0/24"'), f"{PLACE}.machines[0].addresses", "a range"),
        (('"10.0.0.1-10.0.0.3"', '"[::1]4028"'), f"{PLACE}.machines[0].addresses", "a range"),
        (
            ('addresses = ["10.0.0.1-10.0.0.3", "rig.example:4029"]', "addresses = []"),
            f"{PLACE}.machines[0].addresses",
            "at least one",
        ),
        (("limit_mw = 4.0", "margin = 0.5"), f"{PLACE}.margin", "below 0.5"),
        (("limit_mw = 4.0", "hashprice = -1.0"), f"{PLACE}.hashprice", "at least 0"),
        (("[[sites]]", 'store = "sqlite:///"\n[[sites]]'), "store", "name a file"),
        (("[[sites]]", 'store = "sqlite:///:memory:"\n[[sites]]'), "store", "name a file"),
        (("[[sites]]", 'store = "postgresql+psycopg://"\n[[sites]]'), "store", "name a file"),
        (("[[sites]]", 'key_file = ""\n[[sites]]'), "key_file", "must not be empty"),
        (("[[sites]]", 'key_file = "\\u0000"\n[[sites]]'), "key_file", "has no NUL"),
        (("[[sites]]", 'telemetry = "a\\u0000"\n[[sites]]'), "telemetry", "has no NUL"),
        (("[[sites]]", 'store = "sqlite:///\\u0000"\n[[sites]]'), "store", "has no NUL"),
    ],
)
def test_a_wrong_place_is_told_by_its_field(tmp_path, network, change, field, rule):
    assert change[0] in SITE
    ((where, _, why),) = told(tmp_path, network, SITE.replace(*change, 1))
    assert where == field
    assert rule in why


@pytest.mark.parametrize(
    ("lines", "field", "rule"),
    [
        ("[sites.ramp]\ninrush_factor = 0.9", "ramp.inrush_factor", "at least 1"),
        ("[sites.ramp]\nup_kw_per_min = 0.0", "ramp.up_kw_per_min", "above 0"),
        ("[sites.method]\ninterval_s = 7", "method.interval_s", "divide a day"),
        (
            "[sites.method]\nadjust_until_s = 9e9",
            "method.adjust_until_s",
            "below adjust_from_s",
        ),
        ("[sites.method]\nadjust_most = 1.0", "method.adjust_most", "below 1"),
        ("[sites.method]\nbefore_s = 0.0", "method.before_s", "above 0"),
        ("[sites.method]\npairs = 0", "method.pairs", "at least 1"),
        ("[[sites.schedule]]\nlimit_mw = 1.0\nhours = [24]", "schedule[0].hours", "0 to 23"),
        (
            MORE + 'family = "luxos"\naddresses = ["10.0.3.1"]\nids = ["a", "b"]',
            "machines[1].ids",
            "one for each address",
        ),
        (
            MORE + 'family = "luxos"\naddresses = ["10.0.3.1"]\nids = [""]',
            "machines[1].ids",
            "must not be empty",
        ),
        (
            MORE + 'family = "luxos"\naddresses = ["10.0.3.1-10.0.3.2"]\nids = ["a"]',
            "machines[1].addresses",
            "one address each",
        ),
        (
            MORE + 'family = "luxos"\naddresses = ["10.0.3.1-10.0.3"]',
            "machines[1].addresses",
            "a range of IPv4",
        ),
        ('[[sites.groups]]\nid = "hall"', "groups", "must have different ids"),
        (
            GRID + 'host = "b"\ntopic = "a"\n[sites.signals.strike]\nresume_below = 9.0',
            "signals.grid.strike.resume_below",
            "needs stop_above",
        ),
        (
            GRID + 'host = "b"\ntopic = "a"\n[sites.signals.strike]\nstop_above = 8.0\n'
            "resume_below = 9.0",
            "signals.grid.strike.resume_below",
            "at most stop_above = 8.0",
        ),
        (
            MQTT_METER.replace("main = false", "main = true") + 'host = "b"\ntopic = "t"',
            "meters",
            "one main meter",
        ),
    ],
)
def test_a_wrong_rule_of_a_site_is_told(tmp_path, network, lines, field, rule):
    ((where, _, why),) = told(tmp_path, network, f"{SITE}\n{lines}\n")
    assert where == f"{PLACE}.{field}"
    assert rule in why


@pytest.mark.parametrize(
    ("rows", "field", "rule"),
    [
        (MQTT_METER + 'host = "b"\ntopic = "site/#"\n', "meters.sub.topic", "without + and #"),
        (MQTT_METER + 'host = "b"\ntopic = ""\n', "meters.sub.topic", "not empty"),
        (GRID + 'host = "b"\ntopic = "a/+/c"\n', "signals.grid.topic", "without + and #"),
        (GRID + 'host = "mqtt://b"\ntopic = "a"\n', "signals.grid.host", "without http://"),
        (
            GRID + 'host = "b"\ntopic = "a"\npenalty_per_mwh = -5.0\n',
            "signals.grid.penalty_per_mwh",
            "at least 0",
        ),
        (VTN + 'url = "vtn.example"\n', "signals.vtn.url", "a web address such as https://"),
        (VTN + 'url = "ftp://vtn.example"\n', "signals.vtn.url", "a web address"),
        (VTN + 'url = "https://"\n', "signals.vtn.url", "a web address"),
        (VTN + 'url = "https://vtn.example:x"\n', "signals.vtn.url", "a web address"),
        (VTN + 'url = "https://vtn. example"\n', "signals.vtn.url", "a web address"),
        (
            VTN + 'url = "https://v"\ntoken_url = "v/token"\n',
            "signals.vtn.token_url",
            "a web address",
        ),
        (VTN + 'url = "https://v"\npoll_s = 0.0\n', "signals.vtn.poll_s", "above 0"),
    ],
)
def test_a_wrong_broker_topic_or_server_is_told(tmp_path, network, rows, field, rule):
    ((where, _, why),) = told(tmp_path, network, SITE + rows)
    assert where == f"{PLACE}.{field}"
    assert rule in why


@pytest.mark.parametrize(
    ("lines", "field", "rule"),
    [
        ("meter_s = 5.0\nmeter_stale_s = 5.0", "meter_stale_s", "above meter_s = 5.0"),
        ("confirm_s = 8.0", "confirm_s", "above sweep_s = 10.0"),
        ("tick_s = 15.0", "lease_s", "above twice tick_s = 15.0"),
        ("stale_s = 10.0", "stale_s", "above sweep_s = 10.0"),
        ("retry_s = -1.0", "retry_s", "above 0"),
    ],
)
def test_what_is_waited_for_can_come_in_time(tmp_path, network, lines, field, rule):
    text = SITE.replace("[[sites.groups]]", f"[sites.timing]\n{lines}\n[[sites.groups]]", 1)
    ((where, _, why),) = told(tmp_path, network, text)
    assert where == f"{PLACE}.timing.{field}"
    assert rule in why


def test_holidays_are_dates_of_the_site(tmp_path, network):
    days = "holidays = [2026-12-25, 2027-01-01]"
    text = SITE.replace("[[sites.groups]]", f"[sites.method]\n{days}\n[[sites.groups]]", 1)
    method = read_operation(written(tmp_path, text), network, ON).sites[0].method
    assert method.holidays == (date(2026, 12, 25), date(2027, 1, 1))
    for wrong, rule in (
        ("2026-12-25, 2026-12-25", "given once"),
        ('"Christmas"', "a date"),
        ("2026-12-25T10:00:00", "date"),
    ):
        bad = text.replace("2026-12-25, 2027-01-01", wrong)
        ((where, _, why),) = told(tmp_path, network, bad)
        assert where.startswith(f"{PLACE}.method.holidays")
        assert rule in why


def test_all_that_is_wrong_with_one_row_is_told_at_once(tmp_path, network):
    text = SITE.replace("power_register = 0", "power_register = 70000\nport = 0").replace(
        '"10.0.9.1"', '"http://x"'
    )
    timing = "[sites.timing]\nsweep_s = 60.0\nmeter_s = 20.0\ntick_s = 20.0\n"
    text = text.replace("[[sites.groups]]", timing + "[[sites.groups]]", 1)
    text = text.replace('family = "luxos"', 'family = "lux"').replace("hyd", "hyde")
    text = text.replace("rig.example:4029", "rig.example:0")
    assert [
        field.removeprefix(f"{PLACE}.") for field, _, _ in told(tmp_path, network, text)
    ] == [
        *(f"meters.feeder.{name}" for name in ("host", "port", "power_register")),
        *(f"timing.{name}" for name in ("stale_s", "meter_stale_s", "confirm_s", "lease_s")),
        *(f"machines[0].{name}" for name in ("family", "model", "addresses")),
    ]


def test_ranges_that_overlap_are_told_as_one_mistake(tmp_path, network):
    more = MORE + 'family = "luxos"\naddresses = ["10.0.0.2-10.0.0.90", "10.0.0.9"]\n'
    text = SITE.replace("10.0.0.1-10.0.0.3", "10.0.0.1-10.0.0.12") + more
    assert told(tmp_path, network, text) == [
        (
            f"{PLACE}.machines.addresses",
            "10.0.0.2:4028 to 10.0.0.12:4028",
            "must each be given once: 11 stand in more than one row",
        )
    ]


def test_two_machines_behind_one_web_page_are_told(tmp_path, network):
    # their command sockets differ, but a stop of either would go to the same page
    more = MORE + 'family = "antminer"\naddresses = ["10.0.1.1:4028", "10.0.1.1:4029"]\n'
    ((where, value, _),) = told(tmp_path, network, SITE + more)
    assert (where, value) == (f"{PLACE}.machines.web_port", "10.0.1.1:80")


def test_a_table_that_was_copied_with_its_coil_is_told(tmp_path, network):
    more = '[[sites.switches]]\nid = "pumps"\nhost = "10.0.9.2"\ncoil = 0\n'
    ((where, _, why),) = told(tmp_path, network, SITE + more)
    assert where == f"{PLACE}.switches.pumps.coil"
    assert "that of coolers as well" in why


def test_two_wrong_switches_are_not_taken_for_one(tmp_path, network):
    more = '[[sites.switches]]\nid = "pumps"\nhost = "a b"\ncoil = 0\n'
    found = told(tmp_path, network, SITE.replace('"10.0.9.2"', '"c d"') + more)
    assert [field for field, _, _ in found] == [
        f"{COOLERS}.host",
        f"{PLACE}.switches.pumps.host",
    ]


@pytest.mark.parametrize(
    "text",
    [
        *("meter", "meter-1.site.example", "rig_7", "xn--bcher-kva.example.", "m7"),
        *("10.0.0.1", "::1", "fd00::1", "fe80::1%eth0"),
    ],
)
def test_names_and_addresses_are_hosts(text):
    assert is_host(text)


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            ".",
            "a..b",
            "-a",
            "a-",
            "a b",
            "a/b",
            "a:1",
            "10.0.0",
            "10.0.0.256",
            "1.2.3.4.5",
        ),
        *("http://a", "a\n", "x" * 64, ".".join(["x" * 60] * 5), "[::1]", "user@host"),
    ],
)
def test_nothing_else_is_a_host(text):
    assert not is_host(text)
