# SPDX-License-Identifier: Apache-2.0
"""Simulated machines keep to their own physics, whatever they are told and whenever."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadstone.adapters.simulators.faults import Fault, FaultKind
from loadstone.adapters.simulators.machine import Build, Phase, SimulatedMachine
from loadstone.adapters.simulators.physics import (
    FIRMWARE,
    HotSpell,
    Traits,
    Weather,
    World,
    heat_factor,
    settle,
    wake_up,
)
from loadstone.model.errors import InputError
from loadstone.model.operations.command import CapKind
from loadstone.model.operations.reading import Pool

PLAIN = Traits(idle_w=20.0, stop_s=3.0, wake_from_s=100.0, wake_until_s=100.0, peak=1.1)
MILD = Weather(mean_c=25.0)  # where nothing is added for heat


class Hands:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


def made(clock, *faults, traits=PLAIN, weather=MILD, **build):
    world = World(clock, weather=weather)
    whole = {"id": "m", "family": "luxos", "rated_w": 3000.0, "traits": traits} | build
    return SimulatedMachine(Build(**whole), world, faults)


def test_a_stop_takes_seconds_and_leaves_the_draw_of_the_supply():
    clock = Hands()
    machine = made(clock)
    assert machine.hashing
    assert machine.true_power_w() == pytest.approx(3000.0)
    assert machine.sleep()
    assert machine.asleep
    clock.now_s = 1.5
    assert machine.true_power_w() == pytest.approx(1510.0)
    clock.now_s = 3.0
    assert machine.true_power_w() == pytest.approx(20.0)
    assert machine.hashrate_th() == 0.0


def test_a_start_boots_overshoots_and_comes_to_its_level():
    clock = Hands()
    machine = made(clock)
    machine.sleep()
    clock.now_s = 100.0
    machine.wake()
    assert machine.starting
    clock.now_s = 129.0
    assert machine.true_power_w() == pytest.approx(20.0)
    clock.now_s = 180.0
    assert machine.true_power_w() == pytest.approx(3300.0)
    assert machine.starting
    clock.now_s = 200.0
    assert machine.hashing
    assert machine.true_power_w() == pytest.approx(3000.0)
    assert machine.hashrate_th() == pytest.approx(95.0)


def test_told_twice_is_the_same_as_told_once():
    clock = Hands()
    machine = made(clock)
    machine.wake()
    assert machine.hashing
    machine.sleep()
    clock.now_s = 2.0
    before = machine.true_power_w()
    machine.sleep()
    assert machine.true_power_w() == before
    clock.now_s = 50.0
    machine.wake()
    clock.now_s = 100.0
    machine.wake()
    clock.now_s = 150.0
    assert machine.hashing
    assert [what for _, what in machine.told] == ["wake", "sleep", "sleep", "wake", "wake"]


def test_a_cap_is_rounded_as_the_firmware_rounds_it():
    clock = Hands()
    presets = Traits(cap=CapKind.PRESET, levels=(0.5, 0.8, 1.0))
    assert made(clock, traits=presets).cap(2500.0) == 2400.0
    assert made(clock, traits=presets).levels_w == (1500.0, 2400.0, 3000.0)
    too_low = made(clock, traits=presets)
    assert too_low.cap(1000.0) == 3000.0
    assert too_low.limit_w is None
    assert made(clock, traits=Traits(cap=CapKind.PERCENT)).cap(1999.0) == pytest.approx(1980.0)
    assert made(clock).cap(100.0) == pytest.approx(1200.0)
    assert made(clock).cap(9000.0) == pytest.approx(3000.0)
    assert made(clock, traits=Traits(cap=CapKind.NONE)).cap(2000.0) == 3000.0


def test_a_capped_machine_comes_to_its_cap_and_hashes_more_for_each_joule():
    clock = Hands()
    machine = made(clock)
    machine.cap(1500.0)
    clock.now_s = 10.0
    assert machine.true_power_w() == pytest.approx(1500.0)
    assert 95.0 / 2 < machine.hashrate_th() < 95.0
    machine.sleep()
    machine.cap(2000.0)
    machine.wake()
    clock.now_s = 200.0
    assert machine.true_power_w() == pytest.approx(2000.0)


def test_some_firmware_starts_anew_for_a_cap():
    clock = Hands()
    machine = made(clock, traits=Traits(cap_restarts=True))
    machine.cap(2000.0)
    assert machine.starting
    assert machine.true_power_w() < 100.0


def test_a_reboot_is_deaf_forgets_sessions_and_may_forget_the_stop():
    clock = Hands()
    faithful, forgetful = made(clock), made(clock, traits=Traits(remembers_stop=False))
    for machine in (faithful, forgetful):
        machine.kept["session"] = "abc"
        machine.sleep()
        clock.now_s += 10.0
        machine.reboot()
        assert not machine.reachable
        assert machine.phase is Phase.REBOOTING
        assert not machine.kept
        assert machine.uptime_s() == 0.0
    clock.now_s += 31.0
    assert faithful.reachable
    assert faithful.asleep
    assert forgetful.starting


def test_a_machine_that_drifts_says_yes_and_hashes_again():
    clock = Hands()
    machine = made(clock, Fault(kind=FaultKind.DRIFT, amount=20.0))
    assert machine.sleep()
    clock.now_s = 19.0
    assert machine.asleep
    clock.now_s = 20.5
    assert machine.starting
    clock.now_s = 121.0
    assert machine.true_power_w() == pytest.approx(3000.0)


def test_a_drift_happens_at_its_own_time_even_if_nobody_asks_until_later():
    asked, left_alone = Hands(), Hands()
    machines = [made(clock, Fault(kind=FaultKind.DRIFT)) for clock in (asked, left_alone)]
    for machine in machines:
        machine.sleep()
    for step in range(1, 61):
        asked.now_s = float(step)
        machines[0].sample()
    left_alone.now_s = 60.0
    assert machines[1].sample() == machines[0].sample()
    assert machines[1].starting


def test_a_stale_machine_repeats_itself_while_the_truth_goes_on():
    clock = Hands()
    machine = made(clock, Fault(kind=FaultKind.STALE, from_s=10.0, for_s=100.0))
    clock.now_s = 20.0
    machine.sleep()
    clock.now_s = 60.0
    assert machine.hashing
    assert machine.power_w() == pytest.approx(3000.0)
    assert machine.uptime_s() == machine.sample().uptime_s
    assert machine.true_power_w() == pytest.approx(20.0)
    assert machine.sample().at_s == 10.0
    clock.now_s = 111.0
    assert machine.asleep


def test_a_failed_board_takes_its_share_and_gives_it_back():
    clock = Hands()
    machine = made(clock, Fault(kind=FaultKind.BOARD_FAILURE, from_s=10.0, for_s=50.0))
    clock.now_s = 20.0
    assert machine.sample().boards == 2
    assert machine.true_power_w() == pytest.approx(20.0 + 2980.0 * 2 / 3)
    assert machine.hashrate_th() == pytest.approx(95.0 * 2 / 3, rel=0.02)
    clock.now_s = 70.0
    assert machine.sample().boards == 3
    assert machine.true_power_w() == pytest.approx(3000.0)


def test_a_cap_that_is_refused_silently_is_claimed_and_not_in_force():
    clock = Hands()
    machine = made(clock, Fault(kind=FaultKind.CAP_REFUSED))
    assert machine.cap(2000.0) == 2000.0
    assert machine.limit_w is None
    clock.now_s = 60.0
    assert machine.true_power_w() == pytest.approx(3000.0)


def test_a_config_write_may_lose_the_pools():
    clock = Hands()
    pools = (Pool(url="stratum+tcp://a.example:1", user="u"),)
    sound, broken = made(clock), made(clock, Fault(kind=FaultKind.POOLS_RESET))
    assert sound.write_config(pools=pools)
    assert sound.pools == pools
    assert sound.write_config()
    assert sound.pools == pools
    assert broken.write_config(pools=pools)
    assert broken.pools == ()


def test_its_own_clock_may_be_wrong():
    clock = Hands()
    skewed = made(clock, Fault(kind=FaultKind.CLOCK_SKEW, amount=-60.0))
    assert skewed.utc_s() == made(clock).utc_s() - 60.0


def test_a_machine_without_power_draws_nothing_and_starts_when_it_has_it_again():
    clock = Hands()
    machine = made(clock)
    machine.feed(on=False)
    assert machine.true_power_w() == 0.0
    assert not machine.reachable
    clock.now_s = 50.0
    machine.feed(on=True)
    clock.now_s = 81.0
    assert machine.starting


def test_chips_warm_up_and_cool_down():
    clock = Hands()
    machine = made(clock, weather=Weather(mean_c=10.0))
    assert machine.temperature_c() == pytest.approx(55.0)
    machine.sleep()
    clock.now_s = 90.0
    assert machine.temperature_c() == pytest.approx(10.0 + 45.0 * 0.3679, abs=0.1)
    clock.now_s = 3600.0
    assert machine.temperature_c() == pytest.approx(10.0, abs=0.1)


def test_hot_days_cost_a_little_and_then_throttle():
    assert heat_factor(25.0) == 1.0
    assert 1.0 < heat_factor(38.0) < 1.05
    assert heat_factor(46.0) < 0.85
    clock = Hands()
    hot = Weather(mean_c=25.0, hot=(HotSpell(from_s=600.0, for_s=600.0, extra_c=20.0),))
    machine = made(clock, weather=hot)
    clock.now_s = 700.0
    assert machine.true_power_w() == pytest.approx(3000.0 * heat_factor(45.0))
    clock.now_s = 1300.0
    assert machine.true_power_w() == pytest.approx(3000.0)


def test_days_are_hottest_at_their_hour():
    weather = Weather(mean_c=10.0, swing_c=8.0, hottest_hour=15.0)
    assert weather.ambient_c(0.0, 15 * 3600.0) == pytest.approx(14.0)
    assert weather.ambient_c(0.0, 3 * 3600.0) == pytest.approx(6.0)
    with pytest.raises(InputError, match="swing_c"):
        Weather(swing_c=-1.0)


def test_what_it_tells_is_a_little_wrong_always_alike():
    told = []
    for _ in range(2):
        clock = Hands()
        machine = made(clock, noise=0.02)
        told.append([])
        for clock.now_s in (1.0, 7.0, 13.0):
            sample = machine.sample()
            assert sample.power_w == pytest.approx(3000.0, rel=0.02)
            assert sample.hashrate_th == pytest.approx(95.0, rel=0.02)
            told[-1].append(sample)
    assert told[0] == told[1]
    assert len({sample.hashrate_th for sample in told[0]}) == 3


@given(st.floats(0, 3000), st.floats(0, 3000), st.floats(0, 50), st.floats(0.1, 200))
def test_energy_is_the_integral_of_power(from_w, to_w, lasts_s, until_s):
    for draw in (
        settle(5.0, from_w, to_w, lasts_s),
        wake_up(5.0, 20.0, to_w, lasts_s + 1.0, 1.1),
    ):
        count = 4000
        step = until_s / count
        summed = sum(draw.power_w(5.0 + (k + 0.5) * step) for k in range(count)) * step
        assert draw.energy_ws(5.0 + until_s) == pytest.approx(summed, rel=1e-3, abs=1.0)


def test_what_is_due_happens_in_order_and_nothing_happens_in_the_past():
    clock, done = Hands(), []
    world = World(clock)
    clock.now_s = 10.0
    world.now_s()
    world.at(3.0, lambda: done.append(world.now_s()))
    world.at(30.0, lambda: done.append(world.now_s()))
    world.at(20.0, lambda: world.at(25.0, lambda: done.append(world.now_s())))
    assert world.next_s() == 10.0
    clock.now_s = 40.0
    assert world.now_s() == 40.0
    assert done == [10.0, 25.0, 30.0]
    clock.now_s = 39.0
    assert world.now_s() == 40.0


def test_time_goes_on_after_something_that_failed():
    clock = Hands()
    world = World(clock)
    world.at(5.0, lambda: 1 // 0)
    clock.now_s = 10.0
    with pytest.raises(ZeroDivisionError):
        world.now_s()
    assert world.now_s() == 10.0


def test_every_family_has_traits_that_make_sense():
    for traits in FIRMWARE.values():
        assert 30.0 <= traits.wake_from_s <= traits.wake_until_s <= 300.0
        assert traits.idle_w < 100.0
        assert 1.0 <= traits.peak <= 1.2
        assert tuple(sorted(traits.levels)) == traits.levels
