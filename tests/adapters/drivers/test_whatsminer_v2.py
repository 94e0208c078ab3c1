# SPDX-License-Identifier: Apache-2.0
import json
from contextlib import asynccontextmanager

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadstone.adapters.drivers.miners.whatsminer.crypt import seal, session, unseal
from loadstone.adapters.drivers.miners.whatsminer.v2 import WhatsminerV2
from loadstone.adapters.drivers.miners.whatsminer.v2_answers import to_end_of_object
from loadstone.model.errors import DeviceError
from loadstone.model.operations.command import CapKind
from loadstone.model.operations.machine import Credential
from loadstone.model.operations.reading import Pool, Reason, State
from tests.adapters.drivers.peers import nobody, peer

pytestmark = pytest.mark.anyio

# an M30 as told in github.com/UpstreamData/pyasic/issues/22 (2022-11-02), shortened
SUMMARY = {
    "Elapsed": 42709,
    "MHS av": 60420128.78,
    "HS RT": 60375400.49,
    "Temperature": 55.69,
    "Fan Speed In": 0,
    "Fan Speed Out": 0,
    "Power": 2631,
    "Uptime": 449363,
    "Power Mode": "Normal",
    "Power Limit": 2635,
    "Chip Temp Max": 101.25,
}
# as in block/proto-fleet's and pyasic's fakes of firmware 20230911
STATUS = {"mineroff": "false", "FirmwareVersion": "20230911.12.Rel", "power_mode": ""}
PASSWORD = "correct horse"
GRANT = {"time": "5626", "salt": "BQ5hoXV9", "newsalt": "jbzkfQls"}
POOLS = [{"URL": "stratum+tcp://pool.example:3333", "User": "site.1", "Status": "Alive"}]


def ok(msg, code=131):
    return {"STATUS": "S", "When": 1, "Code": code, "Msg": msg, "Description": ""}


def no(code, msg):
    return {"STATUS": "E", "When": 1, "Code": code, "Msg": msg, "Description": ""}


class Fake:
    """A machine as the protocol has it, in as few words as can be."""

    def __init__(self):
        self.summary = dict(SUMMARY)
        self.status = dict(STATUS)
        self.pools = list(POOLS)
        self.tokens = 0
        self.heard = []
        self.forgets = False
        self.writes = True
        self.says = {}  # answers that differ from the usual ones, by command
        self.takes_cap = True

    def reply(self, request):
        asked = json.loads(request)
        if "enc" in asked:
            return self.obey(asked["data"])
        command = asked["cmd"]
        self.heard.append(command)
        if command in self.says:
            said = self.says[command]
            return (
                said if said is None or isinstance(said, bytes) else json.dumps(said).encode()
            )
        return json.dumps(self.tell(command)).encode()

    def tell(self, command):
        if command == "summary":
            return {"STATUS": [{"STATUS": "S", "Msg": "Summary"}], "SUMMARY": [self.summary]}
        if command == "pools":
            return {"STATUS": [{"STATUS": "S", "Msg": "2 Pool(s)"}], "POOLS": self.pools}
        if command == "get_token":
            self.tokens += 1
            return ok(GRANT, 134)
        told = {
            "status": self.status,
            "get_miner_info": {"mac": "C8-11-05-00-1A-2B", "minersn": "HTM31X53"},
            "get_version": {"api_ver": "2.0.5", "fw_ver": "20230911.12.Rel"},
        }
        return ok(told[command]) if command in told else no(14, "invalid cmd")

    def obey(self, sealed):
        held = session(PASSWORD, GRANT, ends_s=0.0)
        try:
            asked = json.loads(unseal(held.key, sealed))
        except ValueError:
            return json.dumps(no(23, "json error")).encode()
        command = asked["cmd"]
        self.heard.append(command)
        if self.forgets:
            self.forgets = False
            return json.dumps(no(135, "check token err")).encode()
        assert asked["token"] == held.sign
        said = self.says.get(command) or self.do(command, asked)
        return json.dumps({"enc": seal(held.key, json.dumps(said).encode())}).encode()

    def do(self, command, asked):
        if not self.writes:
            return no(45, "permission denied")
        if command in {"power_off", "power_on"}:
            self.status["mineroff"] = "true" if command == "power_off" else "false"
        if command == "adjust_power_limit" and self.takes_cap:
            self.summary["Power Limit"] = min(int(asked["power_limit"]), 3600)
        if command == "update_pools":
            self.pools = [
                {"URL": asked[f"pool{i}"], "User": asked[f"worker{i}"]} for i in (1, 2, 3)
            ]
        return ok("API command OK")


@given(st.dictionaries(st.text("{}[]ab", max_size=6), st.text("{}:,ab", max_size=9)))
async def test_an_answer_is_whole_at_its_end_and_not_before(document):
    said = json.dumps(document).encode()
    assert to_end_of_object(bytearray(said), False) == len(said)
    for end in range(len(said)):
        assert to_end_of_object(bytearray(said[:end]), False) == 0


async def test_an_answer_nested_without_bounds_is_left_to_the_decoder():
    said = bytearray(b'{"a":' * 100_000 + b"1" + b"}" * 100_000)
    assert to_end_of_object(said, False) == len(said)


@asynccontextmanager
async def at(fake, *, password=PASSWORD, deadline_s=2.0, now_s=lambda: 1000.0):
    async with peer(fake.reply, whole=lambda b: to_end_of_object(bytearray(b), False)) as here:
        credential = Credential(user="admin", password=password)
        yield WhatsminerV2(here.address, credential, deadline_s=deadline_s, now_s=now_s)


async def test_a_machine_that_hashes_is_read_by_its_summary_alone():
    fake = Fake()
    async with at(fake) as driver:
        read = await driver.read()
    assert (read.state, read.power_w, read.limit_w) == (State.RUNNING, 2631, 2635)
    assert read.hashrate_th == pytest.approx(60.37540049)
    assert read.temperature_c == 101.25
    assert fake.heard == ["summary"]


async def test_the_newer_envelope_tells_the_same():
    fake = Fake()
    fake.says["summary"] = ok(SUMMARY)
    async with at(fake) as driver:
        assert (await driver.read()).power_w == 2631


async def test_no_hashrate_is_not_taken_for_a_stop():
    fake = Fake()
    fake.summary |= {"HS RT": 0, "MHS av": 0, "Power": 600}
    async with at(fake) as driver:
        read = await driver.read()
    assert (read.state, read.power_w) == (State.RUNNING, 600)
    assert fake.heard == ["summary", "status"]


@pytest.mark.parametrize("key", ["mineroff", "btmineroff"])
@pytest.mark.parametrize(
    "summary",
    [
        SUMMARY | {"HS RT": 0, "MHS av": 0, "Power": 38},
        None,
    ],
)
async def test_only_status_tells_a_stop_whatever_summary_says(key, summary):
    fake = Fake()
    fake.status = {key: "true"}
    if summary is None:
        fake.says["summary"] = {"STATUS": [{"STATUS": "E", "Code": 14, "Msg": "invalid cmd"}]}
    else:
        fake.summary = summary
    async with at(fake) as driver:
        read = await driver.read()
    assert (read.state, read.hashrate_th) == (State.STOPPED, 0.0)
    assert read.power_w == (None if summary is None else 38)


async def test_a_machine_that_says_it_is_off_and_hashes_is_unknown():
    fake, clock = Fake(), [1000.0]
    async with at(fake, now_s=lambda: clock[0]) as driver:
        assert (await driver.stop()).accepted is True
        for _ in range(2):
            read = await driver.read()
            assert (read.state, read.reason) == (State.UNKNOWN, Reason.INCOMPLETE)
            clock[0] += 15.0
            fake.summary["Elapsed"] += 15


async def test_numbers_that_stand_still_after_a_stop_are_not_told_as_its_draw():
    fake, clock = Fake(), [1000.0]
    async with at(fake, now_s=lambda: clock[0]) as driver:
        await driver.stop()
        await driver.read()
        clock[0] += 15.0
        read = await driver.read()
    assert (read.state, read.power_w, read.hashrate_th) == (State.STOPPED, None, 0.0)


async def test_a_machine_that_takes_up_hashing_after_a_stop_is_running():
    fake = Fake()
    async with at(fake) as driver:
        await driver.stop()
        fake.status["mineroff"] = "false"
        assert (await driver.read()).state is State.RUNNING


async def test_a_summary_that_stands_still_is_stale():
    fake, clock = Fake(), [1000.0]
    async with at(fake, now_s=lambda: clock[0]) as driver:
        assert (await driver.read()).state is State.RUNNING
        clock[0] += 15.0
        read = await driver.read()
        assert (read.state, read.reason) == (State.UNKNOWN, Reason.STALE)
        fake.summary["Elapsed"] += 15
        assert (await driver.read()).state is State.RUNNING


async def test_a_status_without_its_word_leaves_the_state_unknown():
    fake = Fake()
    fake.summary["HS RT"] = 0
    fake.status = {}
    async with at(fake) as driver:
        read = await driver.read()
    assert (read.state, read.reason) == (State.UNKNOWN, Reason.INCOMPLETE)


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        (b"", Reason.TIMEOUT),
        (b'{"STATUS":[{"STATUS":"S"', Reason.GARBAGE),
        (None, Reason.RESET),
        (b"<html></html>}", Reason.GARBAGE),
        (b"[1,2]}", Reason.INCOMPLETE),
        (ok("no row"), Reason.INCOMPLETE),
    ],
)
async def test_every_failure_to_read_has_its_reason(said, reason):
    fake = Fake()
    fake.says["summary"] = said
    async with at(fake, deadline_s=0.05) as driver:
        read = await driver.read()
    assert (read.state, read.reason) == (State.UNKNOWN, reason)


async def test_nobody_at_the_address_is_unknown_and_not_stopped():
    driver = WhatsminerV2(await nobody(), None, deadline_s=2.0, now_s=lambda: 0.0)
    read = await driver.read()
    assert (read.state, read.reason) == (State.UNKNOWN, Reason.REFUSED)
    stopped = await driver.stop()
    assert (stopped.accepted, stopped.reason) == (None, Reason.REFUSED)


async def test_a_token_is_fetched_once_and_again_before_the_machine_forgets_it():
    fake, clock = Fake(), [1000.0]
    async with at(fake, now_s=lambda: clock[0]) as driver:
        await driver.warm()
        await driver.stop()
        await driver.resume()
        assert fake.tokens == 1
        clock[0] += 1_790.0
        await driver.stop()
    assert fake.tokens == 2


async def test_warming_keeps_a_token_that_will_last():
    fake, clock = Fake(), [1000.0]
    async with at(fake, now_s=lambda: clock[0]) as driver:
        for _ in range(3):
            await driver.warm()
        assert fake.tokens == 1
        clock[0] += 1_000.0
        await driver.warm()
    assert fake.tokens == 2


async def test_a_full_reading_keeps_a_token_ready_so_that_a_stop_need_not_wait_for_one():
    fake, clock = Fake(), [1000.0]
    async with at(fake, now_s=lambda: clock[0]) as driver:
        for _ in range(9):  # every five minutes, for three quarters of an hour
            await driver.detail()
            fake.heard.clear()
            assert (await driver.stop()).accepted
            assert fake.heard == ["power_off"]
            clock[0] += 300.0
    assert fake.tokens == 3


async def test_a_token_that_the_machine_forgot_is_fetched_anew():
    fake = Fake()
    async with at(fake) as driver:
        await driver.warm()
        fake.forgets = True
        said = await driver.stop()
    assert (said.accepted, fake.status["mineroff"], fake.tokens) == (True, "true", 2)


async def test_a_token_without_end_is_not_worked_on():
    fake = Fake()
    fake.says["get_token"] = ok(GRANT | {"time": "5" * 500_000}, 134)
    async with at(fake) as driver:
        said = await driver.stop()
    assert (said.accepted, said.reason) == (None, Reason.GARBAGE)


async def test_too_many_tokens_are_told_as_such():
    fake = Fake()
    fake.says["get_token"] = no(136, "over max connect")
    async with at(fake) as driver:
        said = await driver.stop()
        await driver.warm()  # raises nothing: the command itself tells
    assert (said.accepted, said.reason) == (False, Reason.DENIED)
    assert "over max connect" in said.message


async def test_a_wrong_password_is_told_and_changes_nothing():
    fake = Fake()
    async with at(fake, password="wrong") as driver:
        said = await driver.stop()
    assert (said.accepted, said.reason) == (False, Reason.AUTH)
    assert fake.status["mineroff"] == "false"
    assert "wrong" not in said.message
    assert "wrong" not in repr(driver)


async def test_writing_that_is_switched_off_is_a_no():
    fake = Fake()
    fake.writes = False
    async with at(fake) as driver:
        said = await driver.stop()
    assert (said.accepted, said.reason) == (False, Reason.DENIED)
    assert "permission denied" in said.message


async def test_an_objection_to_what_is_so_already_is_a_yes():
    fake = Fake()
    fake.status["mineroff"] = "true"
    fake.says["power_off"] = no(132, "command error")
    async with at(fake) as driver:
        assert (await driver.stop()).accepted is True


async def test_a_machine_that_closes_instead_of_answering_may_have_obeyed():
    fake = Fake()
    fake.obey = lambda sealed: None
    async with at(fake) as driver:
        said = await driver.stop()
    assert (said.accepted, said.reason) == (None, Reason.RESET)


async def test_a_cap_is_read_back_and_not_written_twice():
    fake = Fake()
    async with at(fake) as driver:
        first = await driver.cap(2000.9)
        again = await driver.cap(2000.0)
    assert (first.accepted, first.limit_w) == (True, 2000.0)
    assert (again.accepted, again.limit_w) == (True, 2000.0)
    assert fake.heard.count("adjust_power_limit") == 1
    assert driver.capability.cap is CapKind.WATTS


async def test_a_cap_above_what_it_can_draw_is_the_most_it_can():
    fake = Fake()
    async with at(fake) as driver:
        first = await driver.cap(99_999.0)
        again = await driver.cap(99_999.0)
    assert [(said.accepted, said.limit_w) for said in (first, again)] == [(True, 3600.0)] * 2
    assert driver.capability.max_w == 3600.0


async def test_a_cap_that_is_refused_silently_is_unverified_and_tells_what_is_in_force():
    fake = Fake()
    fake.takes_cap = False
    async with at(fake, deadline_s=0.2) as driver:
        said = await driver.cap(2000.0)
    assert (said.accepted, said.reason, said.limit_w) == (None, Reason.UNVERIFIED, 2635.0)


async def test_no_watts_are_not_written_for_they_may_mean_no_limit():
    fake = Fake()
    async with at(fake) as driver:
        said = await driver.cap(0.0)
    assert (said.accepted, said.reason) == (False, Reason.DENIED)
    assert fake.heard == []


async def test_a_machine_that_is_off_tells_its_cap_by_its_status():
    fake = Fake()
    fake.says["summary"] = no(14, "invalid cmd")
    fake.status |= {"mineroff": "true", "power_limit_set": "2000"}
    async with at(fake) as driver:
        said = await driver.cap(2000.0)
    assert (said.accepted, said.limit_w) == (True, 2000.0)


async def test_pools_are_read_then_written_then_read_back():
    fake, wanted = Fake(), [Pool(url="stratum+tcp://b.example:1", user="w", password="x")]
    async with at(fake) as driver:
        assert await driver.pools() == (
            Pool(url="stratum+tcp://pool.example:3333", user="site.1"),
        )
        fake.heard.clear()
        said = await driver.set_pools(wanted)
        assert await driver.pools() == (Pool(url="stratum+tcp://b.example:1", user="w"),)
    assert said.accepted is True
    assert fake.heard[:4] == ["pools", "get_token", "update_pools", "pools"]


async def test_pools_are_not_written_when_they_could_not_be_read():
    fake = Fake()
    fake.says["pools"] = no(14, "invalid cmd")
    async with at(fake) as driver:
        said = await driver.set_pools([Pool(url="stratum+tcp://b.example:1", user="w")])
        with pytest.raises(DeviceError):
            await driver.pools()
    assert said.accepted is False
    assert "update_pools" not in fake.heard


@pytest.mark.parametrize("count", [0, 4])
async def test_no_pools_and_too_many_are_refused_without_a_write(count):
    fake = Fake()
    async with at(fake) as driver:
        said = await driver.set_pools([Pool(url=f"u{i}", user="w") for i in range(count)])
    assert (said.accepted, said.reason) == (False, Reason.UNSUPPORTED)
    assert fake.heard == []


async def test_a_machine_says_who_it_is_even_without_its_boards():
    async with at(Fake()) as driver:
        identity = await driver.identify()
    assert (identity.mac, identity.serial) == ("c8:11:05:00:1a:2b", "HTM31X53")
    assert (identity.model, identity.firmware) == ("", "20230911.12.Rel")


async def test_detail_tells_what_the_machine_tells():
    fake = Fake()
    fake.says["edevs"] = {
        "STATUS": [{"STATUS": "S"}],
        "DEVS": [{"MHS av": 3e7, "Chip Temp Max": 90.0}, {"MHS av": 0, "Chip Temp Max": 0}],
    }
    fake.says["devdetails"] = {"STATUS": [], "DEVDETAILS": [{"Model": "M30S+VE40"}]}
    fake.says["get_error_code"] = ok({"error_code": [{"541": "2022-11-02 10:00:00"}]})
    async with at(fake) as driver:
        told = await driver.detail()
    assert (told.boards, told.boards_expected, told.errors) == (1, 2, ("541",))
    assert (told.identity.model, told.temperatures_c) == ("M30S+VE40", (90.0,))
    assert (told.uptime_s, told.pools) == (
        449363.0,
        (Pool(url="stratum+tcp://pool.example:3333", user="site.1"),),
    )
    assert told.fan_rpm == (0.0, 0.0)


async def test_something_else_at_the_address_does_not_identify_itself():
    fake = Fake()
    fake.says["get_miner_info"] = {"STATUS": [{"STATUS": "E", "Code": 14, "Msg": "Invalid"}]}
    async with at(fake) as driver:
        with pytest.raises(DeviceError) as caught:
            await driver.identify()
    assert caught.value.reason == Reason.UNSUPPORTED


async def test_firmware_with_version_3_is_left_to_the_other_driver():
    fake = Fake()
    fake.says["get_version"] = ok({"api_ver": "3.0.2", "fw_ver": "20250214.16.Rel"})
    async with at(fake) as driver:
        with pytest.raises(DeviceError, match="version 3"):
            await driver.identify()
