# SPDX-License-Identifier: Apache-2.0
import asyncio
import json
from dataclasses import replace

import pytest

from loadstone.adapters.simulators.faults import Fault, FaultKind
from loadstone.adapters.simulators.site import Blower
from loadstone.model.errors import OutsideError
from loadstone.model.operations.terms import Group
from tests.services.operations.living_site import (
    LivingSite,
    switches_of,
    terms_of,
)
from tests.virtual_time import run_virtual


def watched(play, **what):
    """Run a play on a site with a watchdog and return the site after it."""

    async def main(clock):
        site = LivingSite(clock, what.pop("terms", terms_of()), **what)
        ends = site.start_watchdog()
        await play(site)
        ends.set()
        await site.watching
        if site.alive:
            await site.stop()
        return site

    return run_virtual(main)


def lines(site):
    return [one.text for one in site.watchdog_lines]


def test_while_the_agent_lives_the_watchdog_does_nothing():
    async def play(site):
        site.start()
        await asyncio.sleep(120)

    site = watched(play)
    assert lines(site) == []
    assert site.asleep() == []


def test_when_the_agent_dies_every_machine_is_stopped_and_seen_stopped():
    async def play(site):
        site.start()
        await asyncio.sleep(20)
        await site.kill()
        await asyncio.sleep(30)

    site = watched(play)
    assert len(site.asleep()) == 6
    assert lines(site)[0].startswith("the lease stands at")
    assert lines(site)[1] == "6 of 6 machines told are seen stopped, of 6 in all"


def test_a_machine_that_does_not_answer_never_counts_as_stopped_and_is_told_again():
    hangs = Fault(kind=FaultKind.HANG, machines=("m00",), from_s=10.0, for_s=100.0)

    async def play(site):
        site.start()
        await asyncio.sleep(20)
        await site.kill()
        await asyncio.sleep(60)
        assert len(site.asleep()) == 5
        await asyncio.sleep(120)

    site = watched(play, faults=[hangs])
    assert len(site.asleep()) == 6
    first = json.loads(site.watchdog_lines[1].data)
    assert first["machines"] == ["m00"]
    assert first["stopped"] == 5
    assert lines(site)[-1] == "1 of 1 machines told are seen stopped, of 6 in all"


def test_a_machine_that_did_not_hear_is_told_again_within_seconds():
    hangs = Fault(kind=FaultKind.HANG, machines=("m00",), from_s=10.0, for_s=30.0)

    async def play(site):
        site.start()
        await asyncio.sleep(20)
        await site.kill()
        await asyncio.sleep(40)
        assert len(site.asleep()) == 6

    watched(play, faults=[hangs])


def test_a_machine_that_hashes_again_by_itself_is_stopped_again():
    drifts = Fault(kind=FaultKind.DRIFT, machines=("m02",), from_s=10.0, for_s=60.0)

    async def play(site):
        site.start()
        await asyncio.sleep(20)
        await site.kill()
        await asyncio.sleep(200)

    assert len(watched(play, faults=[drifts]).asleep()) == 6


def test_the_watchdog_stands_down_when_the_agent_is_back_and_its_deeds_are_recorded():
    async def play(site):
        site.start()
        await asyncio.sleep(20)
        await site.kill()
        await asyncio.sleep(30)
        site.start()
        await asyncio.sleep(120)

    site = watched(play)
    assert site.asleep() == []
    assert lines(site) == []  # all of it is in the record
    kept = [one.text for one in site.entries("watchdog")]
    assert kept[0].startswith("the lease stands at")
    assert kept[-1] == "the agent is back; the watchdog stands down"


@pytest.mark.parametrize("away_s", [1, 5, 60])
def test_a_watchdog_whose_agent_died_gives_way_to_that_of_the_next_one(away_s):
    """It knows the machines and rules of an operate.toml that may have changed."""

    async def play(site):
        site.start()
        await asyncio.sleep(20)
        await site.kill()
        site.orphaned = True
        await asyncio.sleep(away_s)
        assert not site.watching.done()  # nobody else watches
        site.start()
        await asyncio.sleep(15)
        assert site.watching.done()
        await asyncio.sleep(60)

    said = [one.text for one in watched(play).entries("watchdog")]
    ends = ["the agent is back; the watchdog stands down"] if away_s == 60 else []
    assert said[-1:] == ends


def test_a_watchdog_whose_agent_died_watches_on_when_the_next_one_renews_nothing():
    async def play(site):
        site.start()
        await asyncio.sleep(20)
        await site.kill()
        site.orphaned = True
        site.lease_full = True
        site.start()
        await asyncio.sleep(60)
        assert not site.watching.done()

    assert "the agent is gone" in watched(play).entries("watchdog")[0].text


def test_an_agent_that_stops_on_purpose_leaves_nothing_to_watch():
    async def play(site):
        site.start()
        await asyncio.sleep(20)
        await site.stop()
        await asyncio.sleep(60)

    site = watched(play)
    assert lines(site) == []
    assert site.asleep() == []


def test_a_lease_that_cannot_be_written_any_more_makes_the_watchdog_act():
    async def play(site):
        site.start()
        await asyncio.sleep(20)
        site.lease_full = True
        await asyncio.sleep(18)
        assert "lease not written" in [one.kind for one in site.status.alarms]

    assert lines(watched(play))


def test_a_lease_that_cannot_be_read_is_as_good_as_one_that_stands():
    async def play(site):
        site.start()
        await asyncio.sleep(20)

        class Unreadable:
            number = property(lambda self: (_ for _ in ()).throw(OutsideError("gone")))

        await site.kill()
        site.lease = Unreadable()
        await asyncio.sleep(30)

    assert len(watched(play).asleep()) == 6


def test_a_safe_state_of_unchanged_is_recorded_and_nothing_is_told():
    async def play(site):
        site.start()
        await asyncio.sleep(20)
        await site.kill()
        await asyncio.sleep(30)

    site = watched(play, terms=replace(terms_of(), safe_state="unchanged"))
    assert site.asleep() == []
    assert len(lines(site)) == 1


def test_fans_stay_on_when_the_watchdog_acts():
    terms = terms_of(groups=(Group(id="hall", fans="fans"),), switches=switches_of("fans"))

    async def play(site):
        site.start()
        await asyncio.sleep(20)
        await site.kill()
        await asyncio.sleep(300)

    site = watched(play, terms=terms, blowers=[Blower(id="fans", groups=("hall",))])
    assert len(site.asleep()) == 6
    assert site.site.is_on("fans")


def test_no_lease_ever_is_nothing_to_watch():
    async def play(site):
        await asyncio.sleep(100)

    site = watched(play)
    assert lines(site) == []


def test_what_the_watchdog_did_is_recorded_once_when_the_store_comes_back():
    async def play(site):
        site.start()
        await asyncio.sleep(20)
        await site.kill()
        await asyncio.sleep(30)
        site.start()
        site.store.gone = True
        await asyncio.sleep(70)
        site.store.gone = False
        await asyncio.sleep(60)

    kept = [one.text for one in watched(play).entries("watchdog")]
    assert len(kept) == len(set(kept)) == 3


def test_what_the_watchdog_did_is_recorded_once_though_its_file_could_not_be_forgotten():
    async def play(site):
        site.start()
        await asyncio.sleep(20)
        await site.kill()
        await asyncio.sleep(30)
        site.keeps_watchdog_lines = True
        site.start()
        await asyncio.sleep(70)
        await site.kill()
        site.start()
        await asyncio.sleep(70)
        site.keeps_watchdog_lines = False
        await asyncio.sleep(40)

    site = watched(play)
    kept = [one.text for one in site.entries("watchdog")]
    assert len(kept) == len(set(kept)) == 3
    assert lines(site) == []
