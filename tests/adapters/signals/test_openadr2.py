# SPDX-License-Identifier: Apache-2.0
"""OpenADR 2.0b against openleadr's own server."""

import asyncio
from contextlib import aclosing, asynccontextmanager
from datetime import UTC, datetime, timedelta

import pytest

from loadstone.adapters.signals.openadr2 import OpenAdr2Feed
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
