# SPDX-License-Identifier: Apache-2.0
"""What a real agent needs breaks: it says so, errs to the safe side, and mends by itself."""

import asyncio
import json
import resource
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from loadstone.model.errors import OutsideError
from tests.apps.operations.real_site import (
    SITE,
    SOON_S,
    RealSite,
    free_ports,
    running,
    until,
    wait_to_agree,
)
from tests.mosquitto import broker
from tests.postgres import Postgres, running_postgres

LIMIT_MW = 0.05
BY_MQTT = """
[[sites.signals]]
kind = "mqtt"
id = "grid"
means = "run"
host = "127.0.0.1"
port = {port}
topic = "grid"
silence = {{ after_s = 3.0, then = "curtail" }}
"""


def alarmed(site: RealSite, kind: str) -> bool:
    status = site.status
    return status is not None and any(one.kind == kind for one in status.alarms)


def calm(site: RealSite, kind: str) -> bool:
    return not alarmed(site, kind)


def unknown(site: RealSite) -> int:
    status = site.status
    return dict(status.by_state).get("unknown", 0) if status else -1


def held(site: RealSite, to_mw: float = LIMIT_MW) -> str:
    event = site.curtail(to_mw=to_mw)
    until(lambda: site.meter_mw() <= to_mw * 1.01, "below the limit", real_s=SOON_S)
    until(lambda: site.event_is(event, "active"), "it is active", real_s=SOON_S)
    wait_to_agree(site)
    return event


def told(site: RealSite) -> dict[str, int]:
    return {id_: len(one["told"]) for id_, one in site.truth().items()}


def released(site: RealSite, event: str) -> None:
    site.release(event)
    until(lambda: site.event_is(event, "done"), "the event is done")
    until(site.hashing, "every machine hashes")
    wait_to_agree(site)


@pytest.mark.long
def test_with_a_silent_meter_no_machine_is_started(tmp_path: Path) -> None:
    with running(tmp_path) as site:
        guest = site.ids[3]
        before = told(site)[guest]
        assert site.store.take(SITE, "guest", [guest], 0.0) == {guest}
        event = held_but(site, guest)
        site.ask("fault", fault={"kind": "refuse", "machines": ["feeder"]})
        until(lambda: alarmed(site, "meter silent"), "the silence is told")
        sleeping = site.asleep()
        site.release(event)
        until(lambda: site.event_is(event, "restoring"), "it restores")
        seen_s = site.status.at_s
        until(lambda: site.status.at_s > seen_s + 2, "time passes")
        assert site.asleep() == sleeping, "none is started while the meter says nothing"
        site.ask("clear")
        until(site.hashing, "every machine hashes")
        until(lambda: calm(site, "meter silent"), "it is over")
        assert told(site)[guest] == before, "what somebody else holds is told nothing"


def held_but(site: RealSite, guest: str) -> str:
    event = site.curtail(to_mw=LIMIT_MW)
    until(lambda: site.meter_mw() <= LIMIT_MW * 1.01, "below the limit", real_s=SOON_S)
    assert guest not in site.asleep()
    return event


@pytest.mark.long
def test_a_silent_meter_stops_everything_where_that_is_the_rule(tmp_path: Path) -> None:
    with running(tmp_path, meter_silent="curtail") as site:
        site.ask("fault", fault={"kind": "hang", "machines": ["feeder"]})
        until(lambda: site.asleep() == set(site.ids), "every machine is stopped")
        until(lambda: alarmed(site, "meter silent"), "the silence is told")
        site.ask("clear")
        until(site.hashing, "every machine hashes")
        wait_to_agree(site)


@pytest.mark.long
def test_half_a_fleet_that_does_not_answer_is_unknown_and_not_stopped(tmp_path: Path) -> None:
    with running(tmp_path) as site:
        away = site.ids[::2]
        site.ask("fault", fault={"kind": "hang", "machines": away})
        until(lambda: unknown(site) == len(away), "half the fleet is unknown")
        event = site.curtail(to_mw=0.06)
        until(lambda: site.asleep() == set(site.ids) - set(away), "all others are stopped")
        until(lambda: site.meter_mw() <= 0.07, "the meter shows it")
        seen = site.store.observed(SITE)
        assert {seen[id_].state for id_ in away} == {"unknown"}
        site.ask("clear")
        until(lambda: site.meter_mw() <= 0.06 * 1.01, "below the limit")
        until(lambda: unknown(site) == 0, "all are known")
        released(site, event)


@pytest.mark.long
def test_a_database_that_stops_and_starts_again_loses_no_line(tmp_path: Path) -> None:
    with running_postgres() as server:
        settings = {"store": server.new_database(), "meter_silent": "curtail"}
        with running(tmp_path, **settings) as site:
            event = held(site)
            server.stop()
            until(lambda: alarmed(site, "store gone"), "it is told")
            assert site.status.store_ok is False
            silent_meter_stops_all(site)
            assert site.asleep() == set(site.ids), "no machine is started unwritten"
            again(server, site)
            wait_to_agree(site)
            late = [one for one in site.store.entries(SITE) if json.loads(one.data).get("late")]
            assert any(one.kind == "command" for one in late), "what was done is on record"
            assert site.event_is(event, "active")
            released(site, event)


def silent_meter_stops_all(site: RealSite) -> None:
    site.ask("fault", fault={"kind": "refuse", "machines": ["feeder"]})
    until(lambda: site.asleep() == set(site.ids), "stops are sent without the store")
    until(lambda: alarmed(site, "meter silent"), "the silence is told")
    site.ask("clear")
    until(lambda: calm(site, "meter silent"), "the meter speaks again")


def again(server: Postgres, site: RealSite) -> None:
    server.start()
    with suppress(OutsideError):  # the connection of this test is broken as well
        site.store.events(SITE)
    until(lambda: site.status.store_ok and calm(site, "store gone"), "the store is back")


@pytest.mark.long
def test_a_full_disk_is_told_and_what_was_done_is_written_later(tmp_path: Path) -> None:
    if sys.platform != "linux":
        pytest.skip("the size of files of another process can be limited on Linux only")
    with running(tmp_path, meter_silent="curtail") as site:
        event = held(site)
        pid = site.agents[-1].pid
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (8_192, resource.RLIM_INFINITY))
        until(lambda: alarmed(site, "store gone"), "it is told")
        silent_meter_stops_all(site)
        assert site.asleep() == set(site.ids), "no machine is started unwritten"
        most = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
        resource.prlimit(pid, resource.RLIMIT_FSIZE, most)
        until(lambda: site.status.store_ok and calm(site, "store gone"), "there is room again")
        wait_to_agree(site)
        late = [one for one in site.store.entries(SITE) if json.loads(one.data).get("late")]
        assert any(one.kind == "command" for one in late), "what was done is on record"
        released(site, event)


@pytest.mark.long
def test_a_signal_that_is_gone_curtails_where_that_is_the_rule(tmp_path: Path) -> None:
    (port,) = free_ports(1)
    more = BY_MQTT.format(port=port)

    def hears_it() -> bool:
        status = site.status
        heard = status is not None and any(one.value == 1 for one in status.signals)
        return heard and calm(site, "signal silent") and site.hashing()

    with RealSite(tmp_path, more=more) as site:
        site.start()
        asyncio.run(spoken(tmp_path, port, hears_it))
        until(lambda: site.asleep() == set(site.ids), "the site is curtailed")
        until(lambda: alarmed(site, "signal silent"), "it is told")
        asyncio.run(spoken(tmp_path, port, hears_it))
        wait_to_agree(site)


async def spoken(folder: Path, port: int, heard: Callable[[], bool]) -> None:
    """Run a broker, and say over it that the site may run, until that is heard."""
    async with broker(folder, port):
        waiting = asyncio.create_task(asyncio.to_thread(until, heard, "all run as it says"))
        while not waiting.done():
            await publish(port, "1")
            await asyncio.sleep(0.05)
        await waiting


async def publish(port: int, value: str) -> None:
    import aiomqtt

    async with aiomqtt.Client("127.0.0.1", port) as client:
        await client.publish("grid", json.dumps({"value": int(value)}), retain=False)
