# SPDX-License-Identifier: Apache-2.0

import asyncio
import csv
import time
from datetime import UTC, datetime

import pytest

from loadstone.adapters.signals.file_signal import read_rows
from loadstone.apps.operations.fleet_process import mirror_of
from loadstone.apps.operations.pace import PacedClock, paced, run_paced
from loadstone.apps.operations.places import read_place
from loadstone.apps.operations.served import Served, read_served, write_served
from loadstone.apps.operations.simulated import simulated_terms, write_prices
from loadstone.engines.control.worth import values_per_mwh
from loadstone.model.operations.terms import Timing
from tests.apps.cli.commands import run

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    folder = tmp_path_factory.mktemp("simulated") / "campus"
    run("new", folder)
    return read_place(folder, NOW.date(), simulated=True)


def test_the_simulated_price_spikes_above_what_machines_earn(place):
    terms = place.operation.sites[0]
    path = write_prices(place, terms, NOW, speed=1.0)
    rows = read_rows(path)
    values = values_per_mwh(terms, place.network, place.machines(terms), NOW.date())
    prices = {round(start - NOW.timestamp()): price for start, _, price in rows}
    assert prices[0] < min(values.values())
    assert prices[30] > max(values.values())
    assert prices[120] < min(values.values())
    with path.open() as file:
        assert next(csv.reader(file)) == ["start", "value"]


def test_a_simulated_site_stays_on_loopback_and_keeps_its_records_apart(place):
    terms = place.operation.sites[0]
    mirror = mirror_of(place, terms, start_s=NOW.timestamp(), speed=1.0)
    assert all(machine.address.host.startswith("127.") for machine in mirror.machines)
    assert {meter.host for meter in mirror.terms.meters} == {"127.0.0.1"}
    assert "operate/simulated" in place.operation.store
    assert place.agent_folder(terms.site).parts[-2:] == ("simulated", terms.site)


def test_where_a_site_is_served_is_told_from_process_to_process(place, tmp_path):
    terms = place.operation.sites[0]
    mirror = mirror_of(place, terms, start_s=NOW.timestamp(), speed=2.0)
    served = Served(
        pid=1,
        speed=2.0,
        start_s=NOW.timestamp(),
        machines={one.id: one.address for one in mirror.machines},
        meters=mirror.terms.meters,
        switches=mirror.terms.switches,
    )
    write_served(tmp_path, served)
    assert read_served(tmp_path) == served
    found, machines = simulated_terms(place, terms, served)
    assert machines == mirror.machines
    assert [signal.id for signal in found.signals] == ["spike"]
    assert found.limit_mw == terms.limit_mw
    assert read_served(tmp_path / "nobody") is None


@pytest.mark.parametrize("speed", [1.0, 5.0, 20.0])
def test_what_is_looked_at_in_hurried_time_costs_no_more_work(speed):
    timing = paced(Timing(), speed)  # its own rules hold: it could be made
    assert timing.sweep_s / speed >= 3.0 or speed == 1
    assert timing.stale_s > timing.sweep_s
    assert timing.lease_s > timing.tick_s


def test_timers_of_a_hurried_loop_are_short():
    async def rest() -> tuple[float, float]:
        loop = asyncio.get_running_loop()
        before, began = loop.time(), time.monotonic()
        await asyncio.sleep(10.0)
        return loop.time() - before, time.monotonic() - began

    hurried_s, real_s = run_paced(rest, 20.0)
    assert hurried_s >= 10.0
    assert real_s == pytest.approx(hurried_s / 20, abs=0.1)


def test_a_hurried_clock_starts_with_the_real_one():
    start = datetime.now(UTC)  # noqa: TID251 - against the clock of this computer
    clock = PacedClock(start, 20.0)
    assert (clock.now() - start).total_seconds() < 30
