# SPDX-License-Identifier: Apache-2.0
"""The same agent on the databases that are real: killed, started again, cut off from them."""

import asyncio

import pytest

from loadstone.adapters.store.sql_store import open_store
from loadstone.model.operations.event import EventState
from tests.postgres import Postgres, postgres
from tests.services.operations.living_site import SITE, LivingSite, terms_of
from tests.services.operations.schedules import lived
from tests.services.operations.test_agent import full_stop
from tests.virtual_time import run_virtual

__all__ = ["postgres"]  # a fixture


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request, tmp_path):
    if request.param == "sqlite":
        kept = open_store("sqlite:///agent.db", tmp_path / "agent.key", tmp_path)
    else:
        server: Postgres = request.getfixturevalue("postgres")
        kept = open_store(server.new_database(), tmp_path / "agent.key", tmp_path)
    yield kept
    kept.close()


def test_an_event_outlives_three_agents(store):
    async def main(clock):
        site = LivingSite(clock, terms_of(), truth=store)
        site.start()
        await asyncio.sleep(10)
        full_stop(site, lasts_s=100)
        await asyncio.sleep(1.2)
        await site.kill()  # in the middle of sending
        site.start()
        await asyncio.sleep(20)
        assert len(site.asleep()) == 6
        await site.kill()
        await asyncio.sleep(90)  # it ends while nobody is there
        assert len(site.asleep()) == 6
        site.start()
        await asyncio.sleep(60)
        assert site.asleep() == []
        await site.stop()

    run_virtual(main)
    assert store.event("ev-1").state is EventState.DONE
    assert store.owners(SITE) == {}
    assert len(store.entries(SITE, kinds=["recovered"])) == 2


@pytest.mark.long
@pytest.mark.parametrize("seed", [3, 5])
def test_a_random_schedule_leaves_the_same_record_as_in_memory(store, seed):
    def record(truth):
        schedule = run_virtual(lambda clock: lived(seed, clock, truth))
        assert not schedule.judge.wrong
        return schedule.living.record_text()

    assert record(store) == record(None)


def test_a_database_that_is_stopped_and_started_again_costs_no_event(postgres, tmp_path):
    server: Postgres = postgres
    store = open_store(server.new_database(), tmp_path / "agent.key", tmp_path)

    async def main(clock):
        site = LivingSite(clock, terms_of(), truth=store)
        site.start()
        await asyncio.sleep(10)
        full_stop(site, lasts_s=60)
        await asyncio.sleep(10)
        server.stop()
        await asyncio.sleep(20)
        assert not site.status.store_ok
        assert len(site.asleep()) == 6
        server.start()
        await asyncio.sleep(120)
        assert site.status.store_ok
        assert site.asleep() == []
        await site.stop()

    run_virtual(main)
    assert store.event("ev-1").state is EventState.DONE
    store.close()
