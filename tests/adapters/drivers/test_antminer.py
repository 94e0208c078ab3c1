# SPDX-License-Identifier: Apache-2.0
import asyncio
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadstone.adapters.drivers.miners.antminer import Antminer
from loadstone.adapters.drivers.miners.antminer_answers import (
    Stats,
    StatsAnswer,
    mode_of,
    pools_of,
    sample,
    written,
)
from loadstone.adapters.drivers.wire import decode
from loadstone.adapters.simulators.faults import FaultKind
from loadstone.model.operations.machine import Address
from loadstone.model.operations.reading import Pool, Reason, State
from tests.adapters.drivers.peers import nobody, peer
from tests.adapters.drivers.served import POOLS, served

asynchronous = pytest.mark.anyio

# forms of answers: fixtures of 256foundation/asic-rs and UpstreamData/pyasic, shortened
OLD = {
    "STATUS": [{"STATUS": "S", "When": 1, "Code": 70, "Msg": "BMMiner stats"}],
    "STATS": [
        {"BMMiner": "2.0.0", "Miner": "uart_trans.1.3", "Type": "Antminer S19 Pro"},
        {
            "STATS": 0,
            "ID": "BTM_SOC0",
            "Elapsed": 1512,
            "GHS 5s": "110566.89",
            "GHS av": 109000.1,
            "fan_num": 4,
            "fan1": 5880,
            "fan2": 5940,
            "fan3": 0,
            "fan4": 6000,
            "temp_chip1": "61-66-80-82",
            "temp_chip2": "60-65-81-84",
            "temp_chip3": "0-0-0-0",
            "chain_rate1": "36800.12",
            "chain_rate2": "36900.10",
            "chain_rate3": "",
            "total_rateideal": 110000.0,
        },
    ],
    "id": 1,
}
NEW = {
    "STATUS": {"STATUS": "S", "when": 1, "Msg": "stats", "api_version": "1.0.0"},
    "INFO": {"type": "Antminer S21"},
    "STATS": [
        {
            "elapsed": 9000,
            "rate_5s": 200_100.5,
            "rate_unit": "GH/s",
            "miner-mode": 0,
            "watt": 3510,
            "fan": [5000, 5010, 5020, 5030],
            "chain": [
                {"index": 0, "rate_real": 66000.0, "temp_pcb": [50, 55], "temp_chip": [70, 77]},
                {"index": 1, "rate_real": 0.0, "temp_pcb": [50, 55], "temp_chip": [0, 0]},
            ],
        }
    ],
}
CONF = {
    "pools": [
        {"url": "stratum+tcp://a:1", "user": "u.a", "pass": "1"},
        {"url": "stratum+tcp://b:2", "user": "u.b", "pass": "2"},
        {"url": "", "user": "", "pass": ""},
    ],
    "bitmain-fan-ctrl": True,
    "bitmain-fan-pwm": "70",
    "bitmain-work-mode": "0",
    "bitmain-freq-level": "100",
    "api-listen": True,
}


def stats(answer: dict) -> StatsAnswer:
    return decode("x", json.dumps(answer).encode(), StatsAnswer)


class Web:
    """Pages of a machine without a password; each may be told to misbehave."""

    def __init__(self, **conf) -> None:
        self.conf = {**CONF, **conf}
        self.posts: list[dict] = []
        self.broken = b""  # answered instead of the configuration
        self.torn: list[dict] = []  # the next readings of it, as it is being written
        self.reads_before_posts = 0
        self.loses_pools = 0  # writes that lose the pools
        self.obeys = True
        self.stumbles = 0  # times that it hangs up after a write

    def __call__(self, request: bytes) -> bytes | None:
        head, _, body = request.partition(b"\r\n\r\n")
        if self.posts and self.stumbles and b"get_miner_conf" in head:
            self.stumbles -= 1
            return None
        if b"set_miner_conf" in head:
            return self.page(self.write(json.loads(body)))
        if b"get_miner_conf" in head:
            self.reads_before_posts += not self.posts
            return self.broken or self.page(self.torn.pop(0) if self.torn else self.conf)
        return b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"

    def write(self, conf: dict) -> dict:
        self.posts.append(conf)
        if not self.obeys:
            return {"stats": "success", "code": "M000", "msg": "OK!"}
        self.conf["bitmain-work-mode"] = str(conf["miner-mode"])
        self.conf["pools"] = conf["pools"]
        if self.loses_pools:
            self.loses_pools -= 1
            self.conf["pools"] = [{"url": "", "user": "", "pass": ""}] * 3
        return {"stats": "success", "code": "M000", "msg": "OK!"}

    @staticmethod
    def page(body: dict) -> bytes:
        text = json.dumps(body).encode()
        return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(text), text)


def end_of_http(buffer: bytes) -> int:
    head, end, _ = buffer.partition(b"\r\n\r\n")
    if not end:
        return 0
    length = re.search(rb"(?i)content-length: (\d+)", head)
    whole = len(head) + 4 + int(length[1] if length else 0)
    return whole if len(buffer) >= whole else 0


@asynccontextmanager
async def machine(web: Web, answer: dict | None, **driver) -> AsyncIterator[Antminer]:
    """Serve the web, and on the command port an answer to `stats`, or nobody."""
    settings = {"deadline_s": 1.0, "now_s": lambda: 0.0, **driver}
    async with peer(web, whole=end_of_http, keeps=True) as pages:
        if answer is None:
            port = (await nobody()).port
            yield Antminer(
                Address(host="127.0.0.1", port=port, web_port=pages.address.port),
                None,
                **settings,
            )
            return
        text = json.dumps(answer).encode() + b"\0"
        async with peer(lambda _: text, whole=len) as commands:
            yield Antminer(
                Address(
                    host="127.0.0.1", port=commands.address.port, web_port=pages.address.port
                ),
                None,
                **settings,
            )


def asleep(answer: dict) -> dict:
    said = json.loads(json.dumps(answer))
    row = said["STATS"][-1]
    row.update({"rate_5s": 0.0, "miner-mode": 1} if "rate_5s" in row else {"GHS 5s": "0.00"})
    return said


# ---- what answers mean ----


def test_the_older_form_is_read_with_its_numbers_in_quotes():
    row = stats(OLD).row
    assert row.hashrate_th == pytest.approx(110.56689)
    assert row.chip_c == (82.0, 84.0)
    assert row.power_w is None
    assert sample(row, None).state is State.RUNNING


def test_the_newer_form_tells_its_draw_and_mode():
    row = stats(NEW).row
    assert row.hashrate_th == pytest.approx(200.1005)
    assert row.power_w == 3510.0
    assert row.chip_c == (77.0, 55.0)  # of the second board only the boards are told
    assert mode_of({"miner-mode": row.mode}) == 0


@pytest.mark.parametrize(
    ("told", "watts"), [("3250W", 3250.0), ("3250 w", 3250.0), (0, 0.0), ("", None), (-5, None)]
)
def test_draw_comes_in_several_forms(told, watts):
    assert Stats(chain_power=told).power_w == watts


modes = st.none() | st.integers(-1, 9)
rates = st.none() | st.floats(-1, 3e5) | st.sampled_from(["", "0.00", "nan", "inf", "12"])


@given(rates, modes)
def test_only_a_machine_in_sleep_that_does_not_hash_is_stopped(rate, mode):
    told = sample(Stats(rate=rate), mode)
    if told.state is State.STOPPED:
        assert mode == 1
        assert told.hashrate_th == 0.0
    if told.hashrate_th:
        assert told.state is State.RUNNING
    assert (told.state is State.UNKNOWN) == bool(told.reason)


def test_a_configuration_without_a_list_of_pools_is_not_verified():
    for broken in ({}, {"pools": None}, {"pools": "none"}, {"pools": [1]}, {"pools": []}):
        assert pools_of(broken) is None
    assert pools_of(CONF) == (
        Pool(url="stratum+tcp://a:1", user="u.a", password="1"),
        Pool(url="stratum+tcp://b:2", user="u.b", password="2"),
    )


def test_what_is_written_keeps_fans_pools_and_names_the_mode_twice():
    said = written(CONF, 1, pools_of(CONF))
    assert said["pools"] == CONF["pools"]
    assert (said["miner-mode"], said["bitmain-work-mode"]) == (1, 1)
    assert (said["bitmain-fan-ctrl"], said["bitmain-fan-pwm"]) == (True, "70")
    assert said["freq-level"] == "100"
    assert "bitmain-hashrate-percent" not in said  # it was not read, so none is made up
    percent = {**CONF, "bitmain-hashrate-percent": "80"}
    assert written(percent, 0, ())["bitmain-hashrate-percent"] == "80"
    assert "miner-mode" not in written(CONF, None, ())


@pytest.mark.parametrize(
    ("conf", "mode"),
    [
        ({"miner-mode": 1}, 1),
        ({"bitmain-work-mode": "1"}, 1),
        ({"miner-mode": None, "bitmain-work-mode": "3"}, 3),
        ({"miner-mode": True}, None),
        ({"miner-mode": "sleep"}, None),
        ({}, None),
    ],
)
def test_the_mode_has_two_names_and_two_forms(conf, mode):
    assert mode_of(conf) == mode


# ---- state ----


@asynchronous
@pytest.mark.parametrize("answer", [OLD, NEW])
async def test_a_machine_told_to_sleep_that_does_not_hash_is_stopped(answer):
    async with machine(Web(**{"bitmain-work-mode": "1"}), asleep(answer)) as driver:
        assert (await driver.read()).state is State.STOPPED


@asynchronous
@pytest.mark.parametrize("answer", [OLD, NEW])
async def test_a_machine_told_to_sleep_that_still_hashes_is_running(answer):
    answer = json.loads(json.dumps(answer))
    answer["STATS"][-1]["miner-mode"] = 1
    async with machine(Web(**{"bitmain-work-mode": "1"}), answer) as driver:
        assert (await driver.read()).state is State.RUNNING


@asynchronous
async def test_no_hashrate_alone_is_not_stopped():
    async with machine(Web(), asleep(OLD)) as driver:
        reading = await driver.read()
        assert (reading.state, reading.hashrate_th) == (State.RUNNING, 0.0)


@asynchronous
async def test_a_silent_miner_is_stopped_only_when_the_web_says_that_it_was_told_to():
    async with machine(Web(**{"bitmain-work-mode": "1"}), None) as driver:
        assert (await driver.read()).state is State.STOPPED
    async with machine(Web(), None) as driver:
        reading = await driver.read()
        assert (reading.state, reading.reason) == (State.UNKNOWN, Reason.REFUSED)


@asynchronous
async def test_a_silent_miner_whose_web_cannot_be_read_is_unknown():
    web = Web(**{"bitmain-work-mode": "1"})
    for broken, reason in [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", Reason.INCOMPLETE),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\noops", Reason.GARBAGE),
        (b"HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n", Reason.AUTH),
        (b"HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n", Reason.DENIED),
    ]:
        web.broken = broken
        async with machine(web, None) as driver:
            reading = await driver.read()
            assert (reading.state, reading.reason) == (State.UNKNOWN, reason)


@asynchronous
async def test_stats_without_any_row_are_incomplete_or_sleep():
    empty = {"STATUS": NEW["STATUS"], "STATS": []}
    async with machine(Web(), empty) as driver:
        assert (await driver.read()).reason is Reason.INCOMPLETE
    async with machine(Web(**{"bitmain-work-mode": "1"}), empty) as driver:
        assert (await driver.read()).state is State.STOPPED


# ---- writing ----


@asynchronous
async def test_nothing_is_written_while_two_readings_of_the_configuration_differ():
    web = Web()
    web.torn = [{**CONF, "pools": CONF["pools"][:1]}]
    async with machine(web, NEW) as driver:
        outcome = await driver.stop()
        assert (outcome.accepted, outcome.reason) == (None, Reason.INCOMPLETE)
        assert web.posts == []


@asynchronous
@pytest.mark.parametrize(
    ("changed", "reads"), [({}, 2), ({"bitmain-freq-level": "90"}, 3)], ids=["same", "changed"]
)
async def test_a_configuration_read_before_counts_as_the_first_of_two(changed, reads):
    web = Web()
    async with machine(web, NEW) as driver:
        await driver.pools()
        web.conf |= changed
        assert (await driver.stop()).accepted
        assert web.reads_before_posts == reads
        assert len(web.posts) == 1


@asynchronous
async def test_a_reading_that_differs_from_one_before_and_from_the_next_is_not_written():
    web = Web()
    async with machine(web, NEW) as driver:
        await driver.pools()
        web.torn = [{**CONF, "pools": CONF["pools"][:1]}]
        assert (await driver.stop()).reason is Reason.INCOMPLETE
        assert web.posts == []


@asynchronous
@pytest.mark.parametrize(
    "broken",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}",
        b'HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{"pools":',
        b'HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n{"pools":null,"a":1}',
        b"HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n{",  # never whole
    ],
)
async def test_nothing_is_written_when_the_configuration_cannot_be_read(broken):
    web = Web()
    web.broken = broken
    async with machine(web, NEW, deadline_s=0.1) as driver:
        for outcome in (
            await driver.stop(),
            await driver.resume(),
            await driver.set_pools([Pool(url="stratum+tcp://c:3", user="u")]),
        ):
            assert outcome.accepted is not True
            assert outcome.reason
    assert web.posts == []


@asynchronous
async def test_nothing_is_written_while_the_configuration_changes():
    web = Web()
    shown = web.page

    def changing(body: dict) -> bytes:
        if "pools" in body:  # a firmware that fills its file while it is read
            body = {**body, "pools": body["pools"][: len(seen) % 2]}
            seen.append(body)
        return shown(body)

    seen: list[dict] = []
    web.page = changing
    async with machine(web, NEW) as driver:
        outcome = await driver.stop()
    assert (outcome.accepted, outcome.reason) == (None, Reason.INCOMPLETE)
    assert web.posts == []


@pytest.mark.parametrize(
    "row",
    [
        {"url": -1, "user": "u", "pass": "x"},
        {"url": "stratum+tcp://a:1", "user": None, "pass": "x"},
        {"url": "stratum+tcp://a:1", "user": "u"},
        {"user": "u", "pass": "x"},
        "stratum+tcp://a:1",
    ],
)
def test_a_pool_that_is_not_whole_spoils_the_reading(row):
    assert pools_of({"pools": [*CONF["pools"], row]}) is None


@asynchronous
async def test_a_stop_sends_the_pools_back_that_it_has_read():
    web = Web()
    async with machine(web, NEW) as driver:
        outcome = await driver.stop()
    assert (outcome.accepted, outcome.message) == (True, "OK!")
    assert [post["pools"] for post in web.posts] == [CONF["pools"]]


@asynchronous
async def test_pools_that_a_write_has_lost_are_written_again_once():
    web = Web()
    web.loses_pools = 1
    async with machine(web, NEW) as driver:
        assert (await driver.stop()).accepted is True
    assert pools_of(web.conf) == pools_of(CONF)
    assert len(web.posts) == 2


@asynchronous
async def test_pools_that_stay_lost_are_told():
    web = Web()
    web.loses_pools = 9
    async with machine(web, NEW) as driver:
        outcome = await driver.stop()
    assert (outcome.accepted, outcome.reason) == (None, Reason.UNVERIFIED)
    assert "pools" in outcome.message
    assert len(web.posts) == 2


@asynchronous
async def test_a_mode_that_was_not_taken_is_told():
    web = Web()
    web.obeys = False
    async with machine(web, NEW) as driver:
        outcome = await driver.stop()
    assert (outcome.accepted, outcome.reason) == (None, Reason.UNVERIFIED)


@asynchronous
async def test_a_web_that_stands_still_after_a_write_is_waited_for():
    web = Web()
    web.stumbles = 3  # twice on the kept connection, once on a new one
    async with machine(web, NEW) as driver:
        assert (await driver.stop()).accepted is True
    web = Web()
    web.stumbles = 99
    async with machine(web, NEW, deadline_s=0.2) as driver:
        outcome = await driver.stop()
    assert (outcome.accepted, outcome.reason) == (None, Reason.TIMEOUT)


@asynchronous
async def test_a_write_that_is_refused_is_told_in_the_words_of_the_machine():
    web = Web()
    web.write = lambda _: {"stats": "error", "code": "M002", "msg": "Invalid mode!"}
    async with machine(web, NEW) as driver:
        outcome = await driver.stop()
    assert (outcome.accepted, outcome.reason) == (False, Reason.DENIED)
    assert "M002 Invalid mode!" in outcome.message


@asynchronous
async def test_details_of_a_machine_whose_miner_is_silent_are_those_of_its_web():
    info = {"minertype": "Antminer S19", "macaddr": "02:00:00:00:00:09"}
    web = Web(**{"bitmain-work-mode": "1"}, **info)
    answered = web.__call__

    def pages(request: bytes) -> bytes | None:
        return Web.page(info) if b"get_system_info" in request else answered(request)

    async with machine(pages, None) as driver:
        detail = await driver.detail()
    assert detail.identity.model == "Antminer S19"
    assert (detail.boards, detail.uptime_s) == (None, None)
    assert detail.pools is not None


@asynchronous
async def test_a_machine_is_resumed_in_the_mode_it_had():
    web = Web(**{"bitmain-work-mode": "3"})
    async with machine(web, asleep(NEW)) as driver:
        await driver.stop()
        assert web.conf["bitmain-work-mode"] == "1"
        await driver.resume()
        assert web.conf["bitmain-work-mode"] == "3"


@asynchronous
async def test_what_is_so_already_is_not_written_again():
    web = Web(**{"bitmain-work-mode": "1"})
    async with machine(web, asleep(NEW)) as driver:
        assert (await driver.stop()).accepted is True
    async with machine(Web(), NEW) as driver:
        assert (await driver.resume()).accepted is True
    assert web.posts == []


@asynchronous
async def test_a_machine_in_sleep_that_hashes_is_told_once_more():
    web = Web(**{"bitmain-work-mode": "1"})
    drifted = json.loads(json.dumps(NEW))
    drifted["STATS"][0]["miner-mode"] = 1
    async with machine(web, drifted) as driver:
        assert (await driver.stop()).accepted is True
    assert len(web.posts) == 1


@asynchronous
async def test_a_machine_that_is_being_started_is_not_started_again():
    web = Web()
    async with machine(web, None) as driver:
        assert (await driver.resume()).accepted is True
    assert web.posts == []


@asynchronous
async def test_a_machine_without_work_modes_cannot_be_stopped():
    web = Web()
    del web.conf["bitmain-work-mode"]
    async with machine(web, OLD) as driver:
        outcome = await driver.stop()
    assert (outcome.accepted, outcome.reason) == (False, Reason.UNSUPPORTED)
    assert web.posts == []


@asynchronous
async def test_more_pools_than_there_are_slots_are_refused():
    web = Web()
    async with machine(web, NEW) as driver:
        outcome = await driver.set_pools(
            [Pool(url=f"stratum+tcp://{n}", user="u") for n in "abcd"]
        )
    assert (outcome.accepted, outcome.reason) == (False, Reason.UNSUPPORTED)
    assert web.posts == []


@asynchronous
async def test_a_write_that_takes_too_long_is_neither_yes_nor_no():
    web = Web()
    web.write = lambda conf: web.posts.append(conf) or {}
    web.page = lambda body: b"" if not body else Web.page(body)  # silent after a write
    async with machine(web, NEW, deadline_s=0.1) as driver:
        outcome = await driver.stop()
    assert (outcome.accepted, outcome.reason) == (None, Reason.TIMEOUT)
    assert len(web.posts) == 1


# ---- against the simulator ----


@asynchronous
async def test_no_connection_to_the_web_is_kept_but_the_nonce_is():
    async with served("antminer") as rig:
        driver = rig.driver()
        await driver.warm()
        for _ in range(3):
            assert await driver.pools() == POOLS
        rig.fault(FaultKind.TOKEN_EXPIRY)  # nonces end at once, and new ones are taken
        rig.later(1.0)
        assert (await driver.stop()).accepted in {True, False, None}
        await asyncio.sleep(0)


@asynchronous
async def test_complaints_of_the_machine_are_told():
    async with served("antminer") as rig:
        assert (await rig.driver().detail()).errors == ()
        rig.fault(FaultKind.BOARD_FAILURE)
        rig.later()
        assert (await rig.driver().detail()).errors == ("1 board(s) missing",)
