# SPDX-License-Identifier: Apache-2.0
"""OpenADR 2.0b against openleadr's own server."""

import asyncio
from contextlib import aclosing, asynccontextmanager
from datetime import UTC, datetime, timedelta

import pytest

from loadstone.adapters.signals.openadr2 import OpenAdr2Feed
from loadstone.model.errors import OutsideError
from loadstone.model.operations.signal import SignalKind
from loadstone.model.operations.terms import OpenAdrSignal
from tests.mosquitto import free_port

openleadr = pytest.importorskip("openleadr")
pytestmark = [
    pytest.mark.anyio,
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:functools.partial will be a method:FutureWarning"),
    pytest.mark.filterwarnings("ignore::aiohttp.web_exceptions.NotAppKeyWarning"),
]
START = datetime(2045, 11, 21, 12, tzinfo=UTC)  # openleadr looks at the real clock
NOON = START.timestamp()


@asynccontextmanager
async def server_with(**event):
    port = free_port()
    server = openleadr.OpenADRServer(
        vtn_id="VTN", http_port=port, requested_poll_freq=timedelta(seconds=1)
    )
    server.add_handler("on_create_party_registration", lambda info: ("ven1", "reg1"))
    answers = []

    async def answered(ven_id, event_id, opt_type):
        answers.append(opt_type)

    if event:
        server.add_event(ven_id="ven1", callback=answered, **event)
    await server.run_async()
    terms = OpenAdrSignal(
        kind="openadr2",
        id="dso",
        ven="site",
        url=f"http://127.0.0.1:{port}/OpenADR2/Simple/2.0b",
    )
    try:
        yield OpenAdr2Feed(terms, now_s=lambda: 5.0, utc_s=lambda: NOON + 60), answers
    finally:
        await server.stop()


def interval(value):
    return {"dtstart": START, "duration": timedelta(hours=1), "signal_payload": value}


async def first_asked(feed, answers):
    asked = None
    async with asyncio.timeout(10), aclosing(feed.values()) as values:
        async for value in values:
            asked = asked or (value if value.reference else None)
            if asked and answers:
                break
    return asked


async def test_a_dispatch_in_watts_is_a_limit_and_the_server_hears_the_opt_in():
    event = {
        "signal_name": "LOAD_DISPATCH",
        "signal_type": "setpoint",
        "intervals": [interval(2_500_000.0)],
    }
    async with server_with(**event) as (feed, answers):
        value = await first_asked(feed, answers)
    assert (value.kind, value.value) == (SignalKind.LIMIT_MW, 2.5)
    assert (value.starts_s, value.ends_s) == (NOON, NOON + 3_600)
    assert answers == ["optIn"]


async def test_a_simple_level_is_a_stop():
    event = {"signal_name": "simple", "signal_type": "level", "intervals": [interval(1)]}
    async with server_with(**event) as (feed, answers):
        value = await first_asked(feed, answers)
    assert (value.kind, value.value) == (SignalKind.RUN, 0.0)


async def test_a_server_with_nothing_to_ask_is_heard():
    async with (
        server_with() as (feed, _),
        asyncio.timeout(10),
        aclosing(feed.values()) as values,
    ):
        value = await anext(values)
    assert (value.kind, value.value, value.reference) == (SignalKind.RUN, 1.0, "")


# ---- what openleadr's own server does not do ----


class Client:
    """Stands in for openleadr's client: it registers, or does not, and hears these events."""

    def __init__(self, *events, registers=True):
        self.events, self.registers = list(events), registers
        self.registration_id, self.handlers, self.answers = None, {}, []

    def __call__(self, **_):
        return self

    def add_handler(self, name, handler):
        self.handlers[name] = handler

    async def poll(self):
        return "oadrResponse", {}

    async def run(self):
        self.registration_id = "reg1" if self.registers else None
        if self.registers:
            await self.hear(*self.events)

    async def hear(self, *events):
        for one in events:
            self.answers.append(await self.handlers["on_event"](one))
        await self.poll()

    async def stop(self):
        pass


def asks(*signals, version=0, status="active", start=START, id_="ev"):
    """An event as openleadr reads one without a start in each interval."""
    return {
        "event_descriptor": {
            "event_id": id_,
            "modification_number": version,
            "event_status": status,
        },
        "active_period": {"dtstart": start, "duration": timedelta(hours=2)},
        "event_signals": [
            {
                "signal_name": name,
                "signal_type": type_,
                "intervals": [
                    {"uid": i, "duration": timedelta(hours=1), "signal_payload": one}
                    for i, one in enumerate(values)
                ],
            }
            for name, type_, values in signals
        ],
    }


@pytest.fixture
def feed():
    terms = OpenAdrSignal(kind="openadr2", id="dso", ven="site", url="http://127.0.0.1:1")
    return OpenAdr2Feed(terms, now_s=lambda: 5.0, utc_s=lambda: NOON + 60)


async def told(values, count):
    async with asyncio.timeout(5):
        return [await anext(values) for _ in range(count)]


def short(values):
    return [
        (one.reference, one.value, one.starts_s - NOON, one.ends_s - NOON) for one in values
    ]


async def test_a_server_that_is_down_breaks_the_signal_so_that_it_is_asked_again(feed):
    async with asyncio.timeout(10):
        with pytest.raises(OutsideError, match="registration"):
            await anext(feed.values())


async def test_intervals_without_a_start_follow_one_another(feed, monkeypatch):
    client = Client(asks(("LOAD_DISPATCH", "setpoint", (2e6, 1e6))))
    monkeypatch.setattr(openleadr, "OpenADRClient", client)
    async with aclosing(feed.values()) as values:
        assert short(await told(values, 2)) == [
            ("ev/0/LOAD_DISPATCH", 2.0, 0.0, 3_600.0),
            ("ev/1/LOAD_DISPATCH", 1.0, 3_600.0, 7_200.0),
        ]
    assert client.answers == ["optIn"]


async def test_two_signals_of_an_event_do_not_hide_each_other(feed, monkeypatch):
    both = ("SIMPLE", "level", (1.0,)), ("LOAD_DISPATCH", "setpoint", (2e6,))
    monkeypatch.setattr(openleadr, "OpenADRClient", Client(asks(*both)))
    async with aclosing(feed.values()) as values:
        found = await told(values, 2)
    assert {one.kind for one in found} == {SignalKind.RUN, SignalKind.LIMIT_MW}
    assert len({one.reference for one in found}) == 2


async def test_what_an_event_asked_before_it_was_modified_ends(feed, monkeypatch):
    client = Client(asks(("SIMPLE", "level", (1.0, 1.0))))
    monkeypatch.setattr(openleadr, "OpenADRClient", client)
    async with aclosing(feed.values()) as values:
        await told(values, 2)
        later = START + timedelta(minutes=30)
        await client.hear(asks(("SIMPLE", "level", (2.0,)), version=1, start=later))
        found = await told(values, 4)
    assert short(found[:1]) == [("ev.1/0/SIMPLE", 0.0, 1_800.0, 5_400.0)]
    assert short(found[1:3]) == [
        ("ev/0/SIMPLE", 0.0, 0.0, 60.0),
        ("ev/1/SIMPLE", 0.0, 60.0, 60.0),
    ]
    assert (found[3].reference, found[3].value) == ("", 1.0)


async def test_an_event_of_long_ago_is_not_told_any_more(feed, monkeypatch):
    old = asks(("SIMPLE", "level", (1.0,)), start=START - timedelta(days=2), id_="old")
    client = Client(old, asks(("SIMPLE", "level", (1.0,))))
    monkeypatch.setattr(openleadr, "OpenADRClient", client)
    async with aclosing(feed.values()) as values:
        found = await told(values, 1)
        await client.hear()
        found += await told(values, 1)
    assert [one.reference for one in found] == ["ev/0/SIMPLE"] * 2


@pytest.mark.parametrize("asked_last", [(1.0,), (), (None,)])
async def test_an_event_that_is_cancelled_ends(feed, monkeypatch, asked_last):
    client = Client(asks(("SIMPLE", "level", (1.0,))))
    monkeypatch.setattr(openleadr, "OpenADRClient", client)
    async with aclosing(feed.values()) as values:
        await told(values, 1)
        await client.hear(asks(("SIMPLE", "level", asked_last), status="cancelled"))
        ended, runs = await told(values, 2)
    assert short([ended]) == [("ev/0/SIMPLE", 0.0, 0.0, 60.0)]
    assert (runs.reference, runs.value) == ("", 1.0)


@pytest.mark.parametrize(
    "signal",
    [
        ("LOAD_DISPATCH", "multiplier", (0.5,)),
        ("LOAD_DISPATCH", "level", (2.0,)),
        ("ELECTRICITY_PRICE", "priceRelative", (0.1,)),
        ("ELECTRICITY_PRICE", "priceMultiplier", (2.0,)),
        ("BID_LOAD", "setpoint", (5.0,)),
        ("SIMPLE", "level", (None,)),
        ("SIMPLE", "level", ({},)),
        ("LOAD_DISPATCH", "setpoint", (float("nan"),)),
    ],
)
async def test_the_site_opts_out_of_what_it_cannot_read_and_hears_the_rest(
    feed, monkeypatch, signal
):
    client = Client(asks(signal, id_="bad"), asks(("SIMPLE", "level", (1.0,))))
    monkeypatch.setattr(openleadr, "OpenADRClient", client)
    async with aclosing(feed.values()) as values:
        assert [one.reference for one in await told(values, 1)] == ["ev/0/SIMPLE"]
    assert client.answers == ["optOut", "optIn"]
