# SPDX-License-Identifier: Apache-2.0
"""OpenADR 3 against a small server that gives what the specification shows."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiohttp import web

from loadstone.adapters.signals import openadr3
from loadstone.adapters.signals.moments import seconds_since_1970
from loadstone.adapters.signals.openadr3 import OpenAdr3Feed
from loadstone.model.errors import OutsideError
from loadstone.model.operations.machine import Credential
from loadstone.model.operations.signal import SignalKind
from loadstone.model.operations.terms import OpenAdrSignal

pytestmark = pytest.mark.anyio
START = "2026-11-21T12:00:00Z"
NOON = seconds_since_1970(START)


@dataclass
class Vtn:
    """A server whose events, tokens and answers a test sets."""

    events: list[Any] = field(default_factory=list)
    tokens: list[str] = field(default_factory=list)
    asked: list[dict[str, str]] = field(default_factory=list)
    secret: str = ""
    fails: bool = False

    async def give(self, request: web.Request) -> web.Response:
        self.asked.append(dict(request.query))
        if self.fails:
            return web.Response(status=503)
        if self.secret and request.headers.get("Authorization") != f"Bearer {self.tokens[0]}":
            return web.Response(status=401)
        skip, limit = int(request.query["skip"]), int(request.query["limit"])
        return web.json_response(self.events[skip : skip + limit])

    async def token(self, request: web.Request) -> web.Response:
        form = await request.post()
        assert form["grant_type"] == "client_credentials"
        if form["client_secret"] != self.secret:
            return web.Response(status=401)
        return web.json_response({"access_token": self.tokens[0], "token_type": "Bearer"})


@asynccontextmanager
async def feed_of(vtn: Vtn, *, now: float = NOON, **terms) -> AsyncIterator[OpenAdr3Feed]:
    app = web.Application()
    app.router.add_get("/api/events", vtn.give)
    app.router.add_post("/api/auth/token", vtn.token)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    url = f"http://127.0.0.1:{port}/api"
    if vtn.secret:
        terms["token_url"] = f"{url}/auth/token"
    given = OpenAdrSignal(kind="openadr3", id="dso", url=url, poll_s=0.02, **terms)
    known = Credential(user="ven", password="right" if vtn.secret else "")
    try:
        yield OpenAdr3Feed(given, known, now_s=lambda: 5.0, utc_s=lambda: now)
    finally:
        await runner.cleanup()


def event(*payloads, id_="e1", duration="PT1H", units=None, **more):
    kind = payloads[0]["type"]
    described = [{"payloadType": kind, "units": units}] if units else None
    return {
        "id": id_,
        "programID": "44",
        "payloadDescriptors": described,
        "intervalPeriod": {"start": START, "duration": duration},
        "intervals": [{"id": i, "payloads": [one]} for i, one in enumerate(payloads)],
    } | more


def payload(type_, value):
    return {"type": type_, "values": [value]}


async def told(feed, count):
    async with asyncio.timeout(5), aclosing(feed.values()) as values:
        return [await anext(values) for _ in range(count)]


async def test_intervals_follow_one_another():
    day = event(payload("PRICE", 0.17), payload("PRICE", 0.32), units="KWH")
    async with feed_of(Vtn([day])) as feed:
        first, second = await told(feed, 2)
    assert (first.kind, first.value) == (SignalKind.PRICE, pytest.approx(170.0))
    assert (first.starts_s, first.ends_s) == (NOON, NOON + 3_600)
    assert (second.value, second.starts_s) == (pytest.approx(320.0), NOON + 3_600)
    assert first.reference != second.reference


@pytest.mark.parametrize(
    ("asked", "units", "kind", "value"),
    [
        (payload("IMPORT_CAPACITY_LIMIT", 12_500), "KW", SignalKind.LIMIT_MW, 12.5),
        (payload("DISPATCH_SETPOINT", 3), "MW", SignalKind.LIMIT_MW, 3.0),
        (payload("DISPATCH_SETPOINT_RELATIVE", -2_000), "KW", SignalKind.BY_MW, 2.0),
        (payload("DISPATCH_SETPOINT_RELATIVE", 500), "KW", SignalKind.BY_MW, 0.0),
        (payload("SIMPLE", 0), None, SignalKind.RUN, 1.0),
        (payload("SIMPLE", 2), None, SignalKind.RUN, 0.0),
    ],
)
async def test_payloads_mean_what_the_specification_says(asked, units, kind, value):
    async with feed_of(Vtn([event(asked, units=units)])) as feed:
        (one,) = await told(feed, 1)
    assert (one.kind, one.value) == (kind, pytest.approx(value))


async def test_an_event_without_end_has_none():
    async with feed_of(Vtn([event(payload("SIMPLE", 1), duration="P9999Y")])) as feed:
        (one,) = await told(feed, 1)
    assert one.ends_s is None


async def test_an_interval_may_have_its_own_time():
    given = event(payload("SIMPLE", 1))
    own = {"start": "2026-11-21T18:00:00+03:00", "duration": "PT30M"}
    given["intervals"][0]["intervalPeriod"] = own
    async with feed_of(Vtn([given])) as feed:
        (one,) = await told(feed, 1)
    assert (one.starts_s, one.ends_s) == (NOON + 3 * 3_600, NOON + 3.5 * 3_600)


async def test_a_server_with_nothing_to_ask_is_heard_all_the_same():
    async with feed_of(Vtn()) as feed:
        (one,) = await told(feed, 1)
    assert (one.kind, one.value, one.heard_s) == (SignalKind.RUN, 1.0, 5.0)


async def test_an_event_that_is_gone_ends_now():
    vtn = Vtn([event(payload("SIMPLE", 1))])
    async with feed_of(vtn, now=NOON + 60) as feed, aclosing(feed.values()) as values:
        one = await anext(values)
        vtn.events.clear()
        ended = await anext(values)
    assert (ended.reference, ended.ends_s) == (one.reference, NOON + 60)


async def test_what_an_event_asked_before_it_was_modified_ends():
    made = {"createdDateTime": "2026-11-21T10:00:00Z"}
    first = event(payload("IMPORT_CAPACITY_LIMIT", 10), units="MW", **made)
    first["modificationDateTime"] = made["createdDateTime"]
    then = event(payload("IMPORT_CAPACITY_LIMIT", 5), units="MW", **made)
    then["modificationDateTime"] = "2026-11-21T12:00:30Z"
    vtn = Vtn([first])
    async with feed_of(vtn, now=NOON + 60) as feed, aclosing(feed.values()) as values:
        one = await anext(values)
        vtn.events[:] = [then]
        over, other = [await anext(values), await anext(values)]
    assert (one.reference, one.value) == ("e1/0/IMPORT_CAPACITY_LIMIT", 10.0)
    assert (over.reference, over.ends_s) == (one.reference, NOON + 60)
    assert (other.value, other.ends_s) == (5.0, NOON + 3_600)
    assert other.reference != one.reference  # an event that is heard twice is one


async def test_a_program_and_all_pages_are_asked_for():
    vtn = Vtn([event(payload("SIMPLE", 1), id_=f"e{i}") for i in range(60)])
    async with feed_of(vtn, program="44") as feed:
        found = await told(feed, 60)
    assert len({one.reference for one in found}) == 60
    assert [(one["skip"], one["programID"]) for one in vtn.asked[:2]] == [
        ("0", "44"),
        ("50", "44"),
    ]


async def test_a_token_is_fetched_and_fetched_again_when_it_expires():
    vtn = Vtn(tokens=["one"], secret="right")
    async with feed_of(vtn) as feed, aclosing(feed.values()) as values:
        await anext(values)
        vtn.tokens[0] = "two"
        assert (await anext(values)).value == 1.0


async def test_a_wrong_secret_is_told_without_it():
    async with feed_of(Vtn(tokens=["one"], secret="wrong")) as feed:
        with pytest.raises(OutsideError, match="401") as said:
            await told(feed, 1)
    assert "right" not in str(said.value)


@pytest.mark.parametrize("said", [["dear"], [], None, [10**400], [float("nan")], {"a": 1}])
async def test_one_event_that_cannot_be_read_does_not_hide_the_others(said):
    bad = event({"type": "PRICE", "values": said}, id_="bad")
    vtn = Vtn([bad, event(payload("SIMPLE", 1))])
    async with feed_of(vtn) as feed, aclosing(feed.values()) as values:
        assert (await anext(values)).reference == "e1/0/SIMPLE"
        with pytest.raises(OutsideError, match="event bad"):
            await anext(values)


async def test_an_event_of_endless_length_is_not_read():
    vtn = Vtn([event(payload("SIMPLE", 1), duration=f"P{'9' * 400}D")])
    async with feed_of(vtn) as feed:
        with pytest.raises(OutsideError, match="too many digits"):
            await told(feed, 1)


async def test_an_event_that_can_no_longer_be_read_is_not_taken_for_gone():
    vtn = Vtn([event(payload("SIMPLE", 1)), event(payload("SIMPLE", 1), id_="e2")])
    async with feed_of(vtn, now=NOON + 60) as feed:
        assert [one.reference for one in await told(feed, 2)] == ["e1/0/SIMPLE", "e2/0/SIMPLE"]
        vtn.events[0] |= {"intervals": "soon", "modificationDateTime": START}
        with pytest.raises(OutsideError, match="event e1"):
            await told(feed, 2)
        assert (await told(feed, 1))[0].reference == "e2/0/SIMPLE"  # and nothing ended e1
        del vtn.events[0]
        ended, other = await told(feed, 2)
    assert (ended.reference, ended.ends_s) == ("e1/0/SIMPLE", NOON + 60)
    assert other.ends_s == NOON + 3_600


async def test_a_server_that_knows_no_pages_is_not_asked_for_ever():
    class Flat(Vtn):
        async def give(self, request):
            self.asked.append(dict(request.query))
            return web.json_response(self.events)

    vtn = Flat([event(payload("SIMPLE", 1), id_=f"e{i}") for i in range(60)])
    async with feed_of(vtn) as feed:
        found = await told(feed, 60)
    assert len({one.reference for one in found}) == 60
    assert len(vtn.asked) == 2


async def test_events_without_end_are_refused(monkeypatch):
    monkeypatch.setattr(openadr3, "MOST_EVENTS", 100)
    vtn = Vtn([event(payload("SIMPLE", 1), id_=f"e{i}") for i in range(200)])
    async with feed_of(vtn) as feed:
        with pytest.raises(OutsideError, match="more than 100 events"):
            await told(feed, 1)


async def test_an_answer_without_end_is_cut_off(monkeypatch):
    class Endless(Vtn):
        pause_s = 0.0

        async def give(self, request):
            answer = web.StreamResponse()
            await answer.prepare(request)
            with suppress(ConnectionError):
                while True:
                    await answer.write(b" " * 1_000)
                    await asyncio.sleep(self.pause_s)
            return answer

    vtn = Endless()
    monkeypatch.setattr(openadr3, "MOST_BYTES", 10_000)
    async with feed_of(vtn) as feed:
        with pytest.raises(OutsideError, match="more than 10000 bytes"):
            await told(feed, 1)
        vtn.pause_s = 0.02
        monkeypatch.setattr(openadr3, "DEADLINE_S", 0.1)
        with pytest.raises(OutsideError, match="no whole answer within"):
            await told(feed, 1)


@pytest.mark.parametrize("said", ["[" * 100_000, "{}", "", '{"a":'])
async def test_an_answer_that_is_no_list_of_events_is_the_outside_world(said):
    class Garbled(Vtn):
        async def give(self, request):
            return web.Response(text=said)

    async with feed_of(Garbled()) as feed:
        with pytest.raises(OutsideError, match="OpenADR server"):
            await told(feed, 1)


@pytest.mark.parametrize("said", [[], 5, "x", {}, {"access_token": None}, {"access_token": 1}])
async def test_an_answer_without_a_token_is_the_outside_world(said):
    class Tokenless(Vtn):
        async def token(self, request):
            return web.json_response(said)

    async with feed_of(Tokenless(tokens=["one"], secret="right")) as feed:
        with pytest.raises(OutsideError, match="gave no token"):
            await told(feed, 1)


async def test_the_spread_of_starts_is_the_same_at_every_poll():
    given = event(payload("SIMPLE", 1))
    given["intervalPeriod"]["randomizeStart"] = "PT10M"
    async with feed_of(Vtn([given]), now=NOON - 60, ven="a") as feed:
        found = [one for one in await told(feed, 4) if one.reference]
    assert len({one.starts_s for one in found}) == 1
    assert NOON < found[0].starts_s < NOON + 600


async def test_a_server_that_fails_is_the_outside_world():
    async with feed_of(Vtn(fails=True)) as feed:
        with pytest.raises(OutsideError, match="503"):
            await told(feed, 1)
