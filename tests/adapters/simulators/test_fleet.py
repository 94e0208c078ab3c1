# SPDX-License-Identifier: Apache-2.0
"""A fleet is served whole: machines, meters, switches, and a port that tells the truth."""

import asyncio
import json
import time
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadstone.adapters.facts import read_facts
from loadstone.adapters.meters import open_metering
from loadstone.adapters.simulators.faults import Fault, FaultKind
from loadstone.adapters.simulators.fleet import (
    SIMULATORS,
    Scene,
    Seat,
    fleet_of,
    one_machine,
    scene_of,
    serving,
    site_of,
)
from loadstone.adapters.simulators.fleet_file import FleetRow, FleetSwitch, FleetTerms
from loadstone.adapters.simulators.listener import Mode, free_port
from loadstone.adapters.simulators.machine import Build, SimulatedMachine
from loadstone.adapters.simulators.miners import FACES
from loadstone.adapters.simulators.physics import World
from loadstone.adapters.simulators.site import OtherLoad
from loadstone.model.errors import OutsideError
from loadstone.model.operations.machine import Address, Machine
from loadstone.model.operations.terms import (
    Group,
    MachineRow,
    ModbusMeter,
    ModbusSwitch,
    MqttMeter,
    SiteTerms,
)

pytestmark = pytest.mark.anyio
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def facts():
    return read_facts()


def terms_of(**more):
    port = free_port()
    rows = (
        FleetRow(family="luxos", model="antminer-s21", count=3, first="127.81.0.1", port=port),
        FleetRow(
            family="braiins",
            model="mine",
            rated_w=2000.0,
            hashrate_th=100.0,
            first="127.81.1.1",
            port=port,
            web_port=free_port(),
            group="b",
        ),
    )
    return FleetTerms(machines=rows, **more)


async def ask(port, **request):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(json.dumps(request).encode() + b"\n")
        return json.loads(await reader.readline())
    finally:
        writer.close()


def test_a_scene_takes_power_and_hashrate_from_the_facts_or_the_file(facts):
    scene = scene_of(terms_of(), facts, NOW)
    miner = facts.miners["antminer-s21"]
    assert [seat.build.rated_w for seat in scene.seats] == [miner.power_w] * 3 + [2000.0]
    assert scene.seats[0].build.model == miner.model
    assert scene.seats[3].build.model == "mine"
    assert scene.start_s == NOW.timestamp()
    assert len({seat.build.mac for seat in scene.seats}) == 4
    assert all(int(seat.build.mac[:2], 16) & 2 for seat in scene.seats)  # nobody's own
    assert scene.seats[2].address.host == "127.81.0.3"


def test_faults_reach_the_machines_that_they_select(facts):
    hangs = Fault(kind=FaultKind.HANG, family="braiins")
    site = site_of(scene_of(terms_of(faults=(hangs,)), facts, NOW), lambda: 0.0)
    assert [machine.has("hang") for machine in site.machines.values()] == [
        None,
        None,
        None,
        hangs,
    ]


async def test_a_meter_and_a_switch_are_read_over_modbus(facts):
    port = free_port()
    meter = ModbusMeter(
        id="main", host="127.0.0.1", port=port, power_register=0, energy_register=2
    )
    fans = FleetSwitch(id="fans", port=port, unit=2, coil=1, groups=("b",), power_mw=0.5)
    terms = terms_of(meters=(meter,), switches=(fans,), other=OtherLoad(mw=(2.0,)))
    async with serving(scene_of(terms, facts, NOW), wall_s=time.monotonic) as fleet:
        metering = open_metering(
            (meter,),
            (fans.terms(),),
            deadline_s=2.0,
            now_s=time.monotonic,
            utc_s=NOW.timestamp,
        )
        before = await metering.meters["main"].read()
        assert before.power_mw == pytest.approx(fleet.site.power_mw(), rel=1e-4)
        assert before.power_mw > 2.5
        turned = await metering.switches["fans"].turn(on=False)
        assert turned.on is False
        after = await metering.meters["main"].read()
        assert after.power_mw == pytest.approx(before.power_mw - 0.5, rel=1e-3)
        await metering.close()


async def test_the_control_port_tells_the_truth_and_sets_faults(facts):
    port = free_port()
    terms = terms_of(control_port=port)
    async with serving(scene_of(terms, facts, NOW), wall_s=time.monotonic) as fleet:
        told = await ask(port, do="truth")
        assert told["ok"]
        assert told["simulated"]
        assert told["phases"] == {"hashing": 4}
        assert told["power_mw"] == pytest.approx(fleet.site.true_power_mw())
        set_ = await ask(port, do="fault", fault={"kind": "hang", "family": "luxos"})
        assert (set_["ok"], set_["machines"]) == (True, 3)
        assert fleet.site.machines["sim-00001"].has("hang")
        machine = (await ask(port, do="machines", machines=["sim-00001"]))["machines"][0]
        assert machine["phase"] == "hashing"
        assert machine["faults"][0].startswith("hang of luxos from ")
        cleared = await ask(port, do="clear", kind="hang")
        assert cleared["machines"] == 4
        assert not fleet.site.machines["sim-00001"].has("hang")


@pytest.mark.parametrize(
    ("request_", "error"),
    [
        ({"do": "sing"}, "must be truth, machines"),
        ({"do": "fault", "fault": {"kind": "sabotage"}}, "kind"),
        ({"do": "fault"}, "cannot be read"),
        ({"do": "machines", "machines": ["nobody"]}, "id of a simulated machine"),
        ({"do": "switch", "switch": "nothing", "on": True}, "must be one of"),
        ({"do": "clear", "kind": "sabotage"}, "sabotage"),
    ],
)
async def test_the_control_port_refuses_what_makes_no_sense(facts, request_, error):
    port = free_port()
    async with serving(
        scene_of(terms_of(control_port=port), facts, NOW), wall_s=time.monotonic
    ):
        told = await ask(port, **request_)
        assert not told["ok"]
        assert error in told["error"]


async def test_time_passes_at_the_speed_that_is_asked_for(facts):
    hands = [100.0]
    terms = terms_of(speed=60.0)
    async with serving(scene_of(terms, facts, NOW), wall_s=lambda: hands[0]) as fleet:
        hands[0] = 101.5
        assert fleet.site.world.now_s() == pytest.approx(90.0)
        assert fleet.site.world.utc_s() == pytest.approx(NOW.timestamp() + 90.0)


@pytest.mark.parametrize("family", sorted(FACES))
async def test_one_machine_of_each_family_is_served_and_refuses_when_told(family):
    async with SIMULATORS[family](wall_s=time.monotonic) as address:
        _, writer = await asyncio.open_connection(address.host, address.port)
        writer.close()
    refuses = (Fault(kind=FaultKind.REFUSE),)
    async with SIMULATORS[family](wall_s=time.monotonic, faults=refuses) as address:
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection(address.host, address.port)


async def test_the_truth_of_one_machine_is_at_hand():
    build = Build(id="m", family="luxos")
    async with one_machine(build, wall_s=time.monotonic, speed=100.0) as fleet:
        assert fleet.mode is Mode.EACH
        assert fleet.site.machines["m"].hashing
        assert fleet.calls() == 0


async def test_a_taken_port_ends_it_before_it_begins(facts):
    port = free_port()
    one = scene_of(terms_of(control_port=port), facts, NOW)
    other = scene_of(terms_of(control_port=port), facts, NOW)
    async with serving(one, wall_s=time.monotonic):
        with pytest.raises(OutsideError, match=str(port)):
            async with serving(other, wall_s=time.monotonic):
                pass


def mirrored_terms():
    return SiteTerms(
        site="north",
        groups=(Group(id="hall", fans="fans"), Group(id="rest")),
        machines=(
            MachineRow(
                group="hall", family="luxos", addresses=("10.0.0.1",), model="antminer-s21"
            ),
        ),
        meters=(
            MqttMeter(id="main", host="10.0.9.1", topic="m"),
            ModbusMeter(id="sub", main=False, host="10.0.9.2", power_register=5),
        ),
        switches=(ModbusSwitch(id="fans", host="10.0.9.3", coil=4, state_input=4),),
    )


def mirrored_machines():
    return [
        Machine(
            id=f"10.0.0.{k}",
            site="north",
            group="hall" if k % 2 else "rest",
            family=family,
            address=Address(host=f"10.0.0.{k}", port=4028),
            rated_w=3000.0,
            hashrate_th=200.0,
        )
        for k, family in enumerate(sorted(FACES), 1)
    ]


async def test_a_site_is_mirrored_on_loopback():
    mirror = fleet_of(mirrored_machines(), mirrored_terms(), start_s=NOW.timestamp())
    assert all(one.address.host.startswith("127.") for one in mirror.machines)
    assert [one.id for one in mirror.machines] == [one.id for one in mirrored_machines()]
    assert {meter.host for meter in mirror.terms.meters} == {"127.0.0.1"}
    assert mirror.scene.switches[0].groups == ("hall",)
    assert mirror.scene.switches[0].power_mw == pytest.approx(0.02 * 3 * 3000e-6)
    async with serving(mirror.scene, wall_s=time.monotonic) as fleet:
        metering = open_metering(
            mirror.terms.meters,
            mirror.terms.switches,
            deadline_s=2.0,
            now_s=time.monotonic,
            utc_s=NOW.timestamp,
        )
        for meter in metering.meters.values():
            reading = await meter.read()
            assert reading.power_mw == pytest.approx(fleet.site.power_mw(), rel=1e-3)
        assert (await metering.switches["fans"].read()).on is True
        await metering.close()
        for machine in mirror.machines:
            assert fleet.site.at(machine.address.host, machine.address.port)
            _, writer = await asyncio.open_connection(
                machine.address.host, machine.address.port
            )
            writer.close()


spoken = st.one_of(
    st.binary(max_size=60),
    st.builds(
        lambda word, rest: json.dumps({"command": word, "cmd": word} | rest).encode(),
        st.sampled_from(["summary", "logon", "get_token", "curtail", "get.device.info", 5]),
        st.dictionaries(
            st.sampled_from(["parameter", "token", "param", "enc", "data", "ts", "account"]),
            st.one_of(st.none(), st.integers(), st.text(max_size=5), st.lists(st.integers())),
        ),
    ),
    st.builds(
        lambda verb, path, body: (
            f"{verb} {path} HTTP/1.1\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body
        ),
        st.sampled_from(["GET", "POST", "PUT", "?"]),
        st.sampled_from(["/", "/cgi-bin/summary.cgi", "/api/v1/auth/login", "/graphql"]),
        st.binary(max_size=20),
    ),
)
heard = st.lists(st.one_of(spoken, spoken.map(lambda b: len(b).to_bytes(4, "little") + b)))


@pytest.mark.parametrize("family", sorted(FACES))
@given(heard, st.sampled_from(["", *FaultKind]))
def test_no_face_falls_over_whatever_it_hears(family, pieces, trouble):
    faults = [Fault(kind=FaultKind(trouble))] if trouble else []
    for face in FACES[family]:
        machine = SimulatedMachine(Build(id="m", family=family), World(lambda: 0.0), faults)
        conversation = face.open(machine)
        for piece in pieces:
            if not conversation.closes:
                assert isinstance(conversation.feed(piece), bytes)


async def test_ten_thousand_machines_are_served_by_one_process():
    port = free_port()
    seats = tuple(
        Seat(
            build=Build(id=f"m{k}", family="luxos"),
            address=Address(host=f"127.90.{k // 250}.{k % 250 + 1}", port=port),
        )
        for k in range(10_000)
    )
    scene = Scene(seats=seats, start_s=0.0)
    async with serving(scene, wall_s=time.monotonic) as fleet:
        assert fleet.site.power_mw() == pytest.approx(32.5, rel=0.02)
