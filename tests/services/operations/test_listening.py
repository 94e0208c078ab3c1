# SPDX-License-Identifier: Apache-2.0
import asyncio
import json
from math import inf

import pytest

from loadstone.model.operations.signal import SignalKind, SignalValue
from loadstone.model.operations.terms import (
    FileSignal,
    MqttSignal,
    OpenAdrSignal,
    SilencePolicy,
    Strike,
)
from tests.services.operations.living_site import Feed, LivingSite, terms_of
from tests.virtual_time import NOON, run_virtual

NOON_S = NOON.timestamp()
PRICES = FileSignal(id="spot", means="price", path="spot.csv", strike=Strike(stop_above=90.0))
GRID = MqttSignal(id="grid", means="limit_mw", host="127.0.0.1", topic="limit")

VTN = OpenAdrSignal(
    kind="openadr3",
    id="vtn",
    url="http://127.0.0.1:1",
    strike=Strike(stop_above=90.0, resume_after=1),
)


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


def asked(kind, value, starts_s, ends_s, **more):
    """A named value of a server of OpenADR."""
    return SignalValue(
        **{
            "signal": "vtn", "kind": kind, "value": value, "heard_s": inf,
            "starts_s": NOON_S + starts_s, "ends_s": NOON_S + ends_s, "reference": "ev/0",
            **more,
        }
    )  # fmt: skip


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


def test_a_value_that_lets_the_site_run_is_no_stop():
    async def play(site, feed):
        feed.say(asked(SignalKind.RUN, 1.0, 10, 100))
        await asyncio.sleep(60)
        assert site.asleep() == []

    assert listening(play, VTN).truth.events("tower", open_only=False) == ()


def test_a_stop_that_its_sender_takes_back_ends():
    async def play(site, feed):
        feed.say(asked(SignalKind.RUN, 0.0, 0, 500))
        await asyncio.sleep(60)
        assert len(site.asleep()) == 6
        feed.say(asked(SignalKind.RUN, 1.0, 0, 500))
        await asyncio.sleep(120)
        assert site.asleep() == []

    listening(play, VTN)


def test_an_event_is_withdrawn_before_it_begins_and_the_next_one_is_heard():
    async def play(site, feed):
        first = asked(SignalKind.LIMIT_MW, 0.01, 300, 600)
        feed.say(first)
        await asyncio.sleep(20)
        feed.say(first.ended(site.clock.now().timestamp(), heard_s=inf))
        feed.say(asked(SignalKind.LIMIT_MW, 0.01, 400, 600, reference="next/0"))
        await asyncio.sleep(20)

    site = listening(play, VTN)
    states = {one.id: one.state for one in site.truth.events("tower", open_only=False)}
    assert states["vtn:ev/0"] == "aborted"
    assert states["vtn:next/0"] in {"received", "accepted", "armed"}
    assert not [one for one in site.entries("alarm") if "duty failed" in one.data]


def test_an_event_of_a_former_life_ends_when_its_sender_takes_it_back():
    async def play(site, feed):
        value = asked(SignalKind.RUN, 0.0, 0, 500)
        feed.say(value)
        await asyncio.sleep(40)
        await site.kill()
        site.start()
        await asyncio.sleep(40)
        assert len(site.asleep()) == 6
        feed.say(value.ended(site.clock.now().timestamp(), heard_s=inf))
        await asyncio.sleep(120)
        assert site.asleep() == []

    (event,) = listening(play, VTN).truth.events("tower", open_only=False)
    assert event.ends_s < NOON_S + 100


def test_an_event_that_cannot_be_is_refused_on_record_once_and_the_next_one_is_heard():
    async def play(site, feed):
        for _ in range(3):
            feed.say(asked(SignalKind.LIMIT_MW, 0.01, 300, 9 * 86_400))
            feed.say(asked(SignalKind.LIMIT_MW, 0.01, 400, 600, reference="next/0"))
            await asyncio.sleep(20)

    site = listening(play, VTN)
    assert [one.id for one in site.truth.events("tower")] == ["vtn:next/0"]
    (line,) = site.entries("refused")
    assert "a week at most" in line.text


def test_a_price_that_is_withdrawn_before_it_holds_never_held():
    async def play(site, feed):
        dear = asked(SignalKind.PRICE, 500.0, 300, 600)
        feed.say(asked(SignalKind.PRICE, 30.0, 0, 900, reference="ev/1"))
        feed.say(dear)
        await asyncio.sleep(20)
        feed.say(dear.ended(site.clock.now().timestamp(), heard_s=inf))
        await asyncio.sleep(400)
        assert site.asleep() == []

    assert [text for _, text in said(listening(play, VTN), "vtn")] == ["vtn says price 30"]


def test_a_price_that_is_taken_back_holds_no_longer():
    async def play(site, feed):
        dear = asked(SignalKind.PRICE, 500.0, 30, 600)
        feed.say(asked(SignalKind.PRICE, 30.0, 0, 900, reference="ev/1"))
        feed.say(dear)
        await asyncio.sleep(60)
        assert len(site.asleep()) == 6
        feed.say(dear.ended(site.clock.now().timestamp(), heard_s=inf))
        await asyncio.sleep(800)
        assert site.asleep() == []

    assert [text for _, text in said(listening(play, VTN), "vtn")] == [
        "vtn says price 30",
        "vtn says price 500",
        "vtn says price 30",
    ]


def test_what_a_broker_kept_is_as_old_as_it_says():
    silence = SilencePolicy(after_s=100.0, then="curtail")
    signal = MqttSignal(
        id="grid", means="limit_mw", host="127.0.0.1", topic="limit", silence=silence
    )
    value = SignalValue(
        signal="grid", kind=SignalKind.LIMIT_MW, value=2.0, heard_s=NOON_S - 80,
        starts_s=NOON_S - 80,
    )  # fmt: skip

    async def play(site, feed):
        feed.say(value)
        await asyncio.sleep(10)
        assert site.asleep() == []
        await asyncio.sleep(30)  # it was said 120 s ago
        assert len(site.asleep()) == 6

    listening(play, signal)


def test_a_power_taken_while_the_store_was_gone_gives_way_to_that_of_the_former_life():
    terms = MqttSignal(id="grid", means="by_mw", host="127.0.0.1", topic="less")
    limits = []

    async def main(clock):
        feed = Feed()
        site = LivingSite(clock, terms_of(signals=(terms,)), feeds={"grid": feed})
        for lost_s in (0, 20, 0):
            site.store.gone = bool(lost_s)
            site.start()
            feed.say(
                SignalValue(
                    signal="grid",
                    kind=SignalKind.BY_MW,
                    value=0.006,
                    heard_s=inf,
                    starts_s=clock.now().timestamp(),
                )
            )
            await asyncio.sleep(lost_s)
            site.store.gone = False
            await asyncio.sleep(40)
            limits.append(site.status.limit_mw)
            await site.kill()
        return site

    site = run_virtual(main)
    assert limits == [pytest.approx(limits[0])] * 3
    lines = [json.loads(line.data)["baseline_mw"] for line in site.entries("baseline")]
    assert lines[-1] == lines[0]


def test_a_reduction_counts_from_the_power_before_it_after_a_restart_too():
    # after a restart the meter shows what is left: 6 kW less than that would be twice as much
    terms = MqttSignal(id="grid", means="by_mw", host="127.0.0.1", topic="less")
    limits = []

    async def main(clock):
        feed = Feed()
        site = LivingSite(clock, terms_of(signals=(terms,)), feeds={"grid": feed})

        async def say(mw, seconds):
            for _ in range(seconds // 5):
                feed.say(
                    SignalValue(
                        signal="grid",
                        kind=SignalKind.BY_MW,
                        value=mw,
                        heard_s=inf,
                        starts_s=clock.now().timestamp(),
                    )
                )
                await asyncio.sleep(5)
            limits.append(site.status.limit_mw)

        site.start()
        await asyncio.sleep(30)
        await say(0.006, 60)
        await site.kill()
        site.start()
        await say(0.006, 60)
        await say(0.0, 300)
        await site.kill()
        site.start()
        await say(0.003, 60)
        await site.stop()
        return site

    site = run_virtual(main)
    first, none, second = [
        json.loads(line.data)["baseline_mw"] for line in site.entries("baseline")
    ]
    free = 1 - terms_of().margin
    assert none is None
    assert limits[:2] == [pytest.approx((first - 0.006) * free)] * 2
    assert limits[2] == pytest.approx(terms_of().limit_mw * free)
    assert limits[3] == pytest.approx((second - 0.003) * free)


def test_machines_stopped_for_a_signal_stay_so_over_a_restart_until_it_is_heard():
    def limit(site, mw):
        now_s = site.clock.now().timestamp()
        return SignalValue(
            signal="grid", kind=SignalKind.LIMIT_MW, value=mw, heard_s=now_s, starts_s=now_s
        )

    async def play(site, feed):
        feed.say(limit(site, 0.0))
        await asyncio.sleep(60)
        assert len(site.asleep()) == 6
        await site.kill()
        site.sent.clear()
        site.start()
        await asyncio.sleep(60)  # whoever sends it is late
        assert [told for told in site.sent.values() if told] == []
        feed.say(limit(site, 9.0))
        await asyncio.sleep(120)
        assert site.asleep() == []

    listening(play, GRID)
