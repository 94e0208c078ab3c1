# SPDX-License-Identifier: Apache-2.0
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadstone.adapters.drivers.miners.luxos import SESSION_S, LuxOs
from loadstone.adapters.drivers.miners.luxos_answers import Config, Power, Summary, sample
from loadstone.model.operations.machine import Address
from loadstone.model.operations.reading import Pool, Reason, State
from tests.adapters.drivers.peers import Peer, peer
from tests.adapters.drivers.served import POOLS, RATED_W, served

asynchronous = pytest.mark.anyio
OK = {"STATUS": [{"STATUS": "S", "Code": 1, "Msg": "ok"}], "id": 1}


def no(message: str, code: int = 300) -> dict:
    return {"STATUS": [{"STATUS": "E", "Code": code, "Msg": message}], "id": 1}


class Lux:
    """Answers of a machine by command; `heard` has commands with their parameters."""

    def __init__(self, *, joins: bool = True, **sections) -> None:
        self.joins = joins
        self.said = {
            "summary": OK | {"SUMMARY": [{"GHS 5s": 95_000.0, "Elapsed": 60}]},
            "power": OK | {"POWER": [{"PSU": True, "Watts": 3250}]},
            "config": OK
            | {"CONFIG": [{"CurtailMode": "None", "IsPowerSupplyOn": True, "Profile": "p2"}]},
            "logon": OK | {"SESSION": [{"SessionID": "abc"}]},
            "session": OK | {"SESSION": [{"SessionID": "other"}]},
            "curtail": OK | {"CURTAIL": [{"Action": "sleep mode"}]},
            **sections,
        }
        self.heard: list[tuple[str, str]] = []

    def __call__(self, request: bytes) -> bytes:
        asked = json.loads(request)
        command, parameter = asked["command"], asked.get("parameter", "")
        self.heard.append((command, parameter))
        if "+" not in command:
            answer = self.said.get(command, no("Invalid command", 14))
        elif self.joins:
            parts = command.split("+")
            answer = {p: [self.said.get(p, no("Invalid command", 14))] for p in parts}
            answer["id"] = 1
        else:
            answer = no("Invalid command", 14)
        answer = answer(parameter) if callable(answer) else answer
        return json.dumps(answer).encode()


def driver_of(here: Peer, **settings) -> LuxOs:
    settings = {"deadline_s": 1.0, "now_s": lambda: 0.0, **settings}
    return LuxOs(Address(host="127.0.0.1", port=here.address.port), None, **settings)


def end_of_json(buffer: bytes) -> int:
    return len(buffer) if buffer.endswith(b"}") else 0


# ---- what answers mean ----

modes = st.sampled_from(["None", "Sleep", "sleep", "Idle", "Waking", ""])
rates = st.none() | st.floats(0, 3e5) | st.sampled_from(["", "0", "nan", -1.0])


@given(modes, rates, st.none() | st.booleans())
def test_only_a_curtailed_machine_that_does_not_hash_is_stopped(mode, rate, psu_on):
    told = sample(Summary(ghs=rate), None, Config(curtail=mode, psu_on=psu_on), {})
    if told.state is State.STOPPED:
        assert mode.lower() in {"sleep", "idle"}
        assert psu_on is False or told.hashrate_th == 0.0
    if mode == "None":
        assert told.state is State.RUNNING  # no hashrate alone is not stopped
    assert (told.state is State.UNKNOWN) == bool(told.reason)


def test_the_cap_in_force_is_the_draw_of_its_profile():
    config = Config(curtail="None", profile="300MHz")
    told = sample(Summary(ghs=50_000), Power(watts=1600), config, {"300MHz": 1650.0})
    assert (told.power_w, told.limit_w, told.hashrate_th) == (1600.0, 1650.0, 50.0)


# ---- reading ----


@asynchronous
@pytest.mark.parametrize("joins", [True, False])
async def test_firmware_that_joins_no_commands_is_asked_one_by_one(joins):
    lux = Lux(joins=joins)
    async with peer(lux, whole=end_of_json) as here:
        driver = driver_of(here)
        for _ in range(2):
            reading = await driver.read()
            assert (reading.state, reading.power_w) == (State.RUNNING, 3250.0)
    assert len(lux.heard) == (2 if joins else 1 + 3 + 3)


@asynchronous
async def test_a_machine_that_does_not_tell_its_draw_is_still_read():
    async with peer(Lux(power=no("no PSU")), whole=end_of_json) as here:
        reading = await driver_of(here).read()
        assert (reading.state, reading.power_w) == (State.RUNNING, None)


@asynchronous
@pytest.mark.parametrize("missing", ["summary", "config"])
@pytest.mark.parametrize("joins", [True, False])
async def test_without_hashrate_or_mode_the_state_is_unknown(missing, joins):
    lux = Lux(joins=joins, **{missing: no("busy")})
    async with peer(lux, whole=end_of_json) as here:
        reading = await driver_of(here).read()
        assert (reading.state, reading.reason) == (State.UNKNOWN, Reason.INCOMPLETE)


# ---- sessions ----


@asynchronous
async def test_a_session_is_used_again_while_it_lives():
    clock_s = [0.0]
    lux = Lux()
    async with peer(lux, whole=end_of_json) as here:
        driver = driver_of(here, now_s=lambda: clock_s[0])
        await driver.warm()
        await driver.stop()
        clock_s[0] = SESSION_S - 1
        await driver.stop()
        assert [command for command, _ in lux.heard] == ["logon", "curtail", "curtail"]
        clock_s[0] += SESSION_S + 1
        await driver.stop()
    assert [command for command, _ in lux.heard][3:] == ["logon", "curtail"]
    assert lux.heard[1] == ("curtail", "abc,sleep")


@asynchronous
async def test_a_session_that_ended_early_is_begun_anew_once():
    asked = []

    def curtail(parameter: str) -> dict:
        asked.append(parameter)
        return no("Invalid session") if len(asked) == 2 else OK

    lux = Lux(curtail=curtail)
    async with peer(lux, whole=end_of_json) as here:
        driver = driver_of(here)
        assert (await driver.stop()).accepted is True
        assert (await driver.stop()).accepted is True
    commands = [command for command, _ in lux.heard]
    assert commands == ["logon", "curtail", "curtail", "logon", "curtail"]


@asynchronous
async def test_a_stop_uses_the_session_of_another_and_a_resume_waits_for_it():
    async with served("luxos") as rig:
        rig.machine.kept["session"] = ("other", rig.now_s())
        driver = rig.driver()
        assert (await driver.stop()).accepted is True
        rig.later(30.0)
        assert rig.machine.asleep
        rig.machine.kept["session"] = ("other", rig.now_s())
        outcome = await rig.driver().resume()
        assert (outcome.accepted, outcome.reason) == (False, Reason.DENIED)
        assert "session" in outcome.message


@asynchronous
async def test_a_machine_that_refuses_because_it_is_so_already_is_as_wanted():
    sleeping = OK | {"CONFIG": [{"CurtailMode": "Sleep", "IsPowerSupplyOn": False}]}
    lux = Lux(curtail=no("already in sleep mode"), config=sleeping)
    async with peer(lux, whole=end_of_json) as here:
        assert (await driver_of(here).stop()).accepted is True
        outcome = await driver_of(here).resume()
        assert (outcome.accepted, outcome.reason) == (False, Reason.DENIED)


# ---- caps ----


@asynchronous
async def test_thermal_management_is_off_for_a_moment_and_holds_the_cap_after():
    profiles = [{"Profile Name": f"p{n}", "Watts": 1000 * n} for n in (1, 2, 3)]
    atm = {"Enabled": True, "MaxProfile": "p3"}
    now = ["p3"]

    def profileset(parameter: str) -> dict:
        now[0] = parameter.split(",")[1]
        return OK

    lux = Lux(
        profiles=OK | {"PROFILES": profiles},
        atm=OK | {"ATM": [atm]},
        atmset=OK,
        profileset=profileset,
        config=lambda _: OK | {"CONFIG": [{"CurtailMode": "None", "Profile": now[0]}]},
    )
    lux.joins = False
    async with peer(lux, whole=end_of_json) as here:
        outcome = await driver_of(here).cap(2500.0)
    assert (outcome.accepted, outcome.limit_w) == (True, 2000.0)
    writes = [said for said in lux.heard if said[0] in {"atmset", "profileset"}]
    assert writes == [
        ("atmset", "abc,enabled=false"),
        ("profileset", "abc,p2"),
        ("atmset", "abc,enabled=true,max_profile=p2"),
    ]


@asynchronous
async def test_thermal_management_is_on_again_when_the_profile_is_refused():
    profiles = [{"Profile Name": f"p{n}", "Watts": 1000 * n} for n in (1, 2, 3)]
    lux = Lux(
        profiles=OK | {"PROFILES": profiles},
        atm=OK | {"ATM": [{"Enabled": True, "MaxProfile": "p3"}]},
        atmset=OK,
        profileset=no("profile is locked"),
    )
    async with peer(lux, whole=end_of_json) as here:
        outcome = await driver_of(here).cap(1500.0)
    assert (outcome.accepted, outcome.reason) == (False, Reason.DENIED)
    assert lux.heard[-1] == ("atmset", "abc,enabled=true,max_profile=p1")


@asynchronous
async def test_a_cap_below_the_lowest_profile_is_refused_and_says_how_low_it_goes():
    async with served("luxos") as rig:
        outcome = await rig.driver().cap(500.0)
        assert (outcome.accepted, outcome.reason) == (False, Reason.UNSUPPORTED)
        assert f"{rig.machine.levels_w[0]:g} W" in outcome.message
        assert rig.machine.limit_w is None


@asynchronous
async def test_a_cap_that_holds_already_is_not_written_again():
    async with served("luxos") as rig:
        driver = rig.driver()
        await driver.cap(0.7 * RATED_W)
        told = len(rig.machine.told)
        assert (await driver.cap(0.7 * RATED_W)).accepted is True
        assert len(rig.machine.told) == told


# ---- pools ----

A, B, C = (Pool(url=f"stratum+tcp://{n}.example:3333", user=f"u.{n}") for n in "abc")


@asynchronous
@pytest.mark.parametrize(
    "wanted", [(A,), (A, B, C), (B, A), (C, POOLS[1]), (POOLS[1], POOLS[0])]
)
async def test_pools_come_in_the_order_wanted_and_there_is_always_one(wanted):
    async with served("luxos") as rig:
        outcome = await rig.driver().set_pools(wanted)
        assert outcome.accepted is True
        assert [(p.url, p.user) for p in rig.machine.pools] == [(p.url, p.user) for p in wanted]


@asynchronous
async def test_pools_that_are_right_are_left_alone():
    async with served("luxos") as rig:
        assert (await rig.driver().set_pools(POOLS)).accepted is True
        assert not rig.wrote()


@asynchronous
@pytest.mark.parametrize("wanted", [(), (Pool(url="stratum+tcp://a,b:1", user="u"),)])
async def test_pools_that_cannot_be_told_are_refused(wanted):
    async with served("luxos") as rig:
        outcome = await rig.driver().set_pools(wanted)
        assert (outcome.accepted, outcome.reason) == (False, Reason.UNSUPPORTED)
        assert not rig.wrote()
