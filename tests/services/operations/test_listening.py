# SPDX-License-Identifier: Apache-2.0
import asyncio
import json

from loadstone.model.operations.signal import SignalKind, SignalValue
from loadstone.model.operations.terms import FileSignal, MqttSignal, Strike
from tests.services.operations.living_site import Feed, LivingSite, terms_of
from tests.virtual_time import NOON, run_virtual

NOON_S = NOON.timestamp()
PRICES = FileSignal(id="spot", means="price", path="spot.csv", strike=Strike(stop_above=90.0))
GRID = MqttSignal(id="grid", means="limit_mw", host="127.0.0.1", topic="limit")


def listening(play, signal):
    """Run a play on a site that follows one signal, and return the site after it."""

    async def main(clock):
        feed = Feed()
        site = LivingSite(clock, terms_of(signals=(signal,)), feeds={signal.id: feed})
        site.start()
        await play(site, feed)
        await site.stop()
        return site

    return run_virtual(main)


def price(value, starts_s, ends_s):
    return SignalValue(
        signal="spot", kind=SignalKind.PRICE, value=value, heard_s=NOON_S,
        starts_s=NOON_S + starts_s, ends_s=NOON_S + ends_s, reference=f"{starts_s}",
    )  # fmt: skip


def said(site, signal):
    lines = site.entries("signal")
    assert {line.subject for line in lines} <= {signal}
    return [(round(line.at_s - NOON_S), line.text) for line in lines]


def test_of_a_day_of_prices_the_record_has_those_in_force_when_they_came_into_force():
    async def play(site, feed):
        for _ in range(3):  # the one that holds is told again and again
            for number, value in enumerate((30.0, 30.0, 120.0, 40.0)):
                feed.say(price(value, 100 * number, 100 * number + 100))
            await asyncio.sleep(20)
        await asyncio.sleep(400)

    site = listening(play, PRICES)
    lines = said(site, "spot")
    assert [text for _, text in lines] == [
        "spot says price 30",
        "spot says price 120",
        "spot says price 40",
        "spot says nothing now",
    ]
    for (at_s, _), began_s in zip(lines[1:], (200, 300, 400), strict=True):
        assert began_s <= at_s <= began_s + 2
    data = [json.loads(line.data) for line in site.entries("signal")]
    assert (data[1]["starts_s"], data[1]["ends_s"]) == (NOON_S + 200, NOON_S + 300)


def test_a_limit_that_is_told_each_second_is_one_line():
    async def play(site, feed):
        for number in range(60):
            now_s = site.clock.now().timestamp()
            feed.say(
                SignalValue(
                    signal="grid", kind=SignalKind.LIMIT_MW, value=2.0 if number < 30 else 1.0,
                    heard_s=now_s, starts_s=now_s,
                )
            )  # fmt: skip
            await asyncio.sleep(1)

    texts = [text for _, text in said(listening(play, GRID), "grid")]
    assert texts == ["grid says limit_mw 2", "grid says limit_mw 1"]
