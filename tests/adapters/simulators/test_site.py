# SPDX-License-Identifier: Apache-2.0
"""A simulated site adds up: meter, energy, fans, switches, addresses."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loadstone.adapters.simulators.faults import Fault, FaultKind
from loadstone.adapters.simulators.machine import Build, SimulatedMachine
from loadstone.adapters.simulators.physics import HotSpell, Traits, Weather, World
from loadstone.adapters.simulators.site import Blower, OtherLoad, SimulatedSite
from loadstone.model.errors import InputError
from loadstone.model.operations.machine import Address

FAMILIES = ("luxos", "antminer", "whatsminer-v2", "braiins")


class Hands:
    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


def site_of(clock, count=8, *, weather=None, faults=(), **rest):
    world = World(clock, weather=weather or Weather(mean_c=25.0))
    machines = [
        SimulatedMachine(
            Build(id=f"m{k}", family=FAMILIES[k % 4], rated_w=3000.0 + k, group="hall"),
            world,
            [one for one in faults if not one.machines or f"m{k}" in one.machines],
        )
        for k in range(count)
    ]
    for k, machine in enumerate(machines):
        machine.address = Address(host=f"127.1.0.{k + 1}", port=4028, web_port=80)
    return SimulatedSite(world, machines, faults=faults, **rest)


actions = st.lists(
    st.tuples(
        st.floats(0.1, 200),
        st.integers(0, 7),
        st.sampled_from(["sleep", "wake", "cap", "reboot", "off", "on"]),
    ),
    max_size=25,
)


@given(actions, st.booleans())
@settings(max_examples=60)
def test_the_meter_adds_up_and_its_counter_is_the_integral(steps, hot):
    clock = Hands()
    weather = Weather(
        mean_c=30.0, swing_c=15.0, hot=(HotSpell(from_s=300.0, for_s=900.0, extra_c=9.0),) * hot
    )
    drifting = Fault(kind=FaultKind.DRIFT, machines=("m1", "m2"), amount=40.0)
    failing = Fault(kind=FaultKind.BOARD_FAILURE, machines=("m3",), from_s=100.0, for_s=500.0)
    site = site_of(clock, weather=weather, faults=(drifting, failing))
    counted = 0.0
    for pause_s, which, act in steps:
        begins_s, ends_s = clock.now_s, clock.now_s + pause_s
        parts = max(int(pause_s * 4), 4)
        for part in range(parts):  # the middle of each part
            clock.now_s = begins_s + (part + 0.5) * pause_s / parts
            machines_w = sum(one.true_power_w() for one in site.machines.values())
            assert site.true_power_mw() == pytest.approx(machines_w / 1e6, rel=1e-9, abs=1e-12)
            counted += machines_w * pause_s / parts / 3.6e9
        clock.now_s = ends_s
        machine = site.machines[f"m{which}"]
        told = {
            "cap": lambda m=machine: m.cap(2000.0),
            "off": lambda m=machine: m.feed(on=False),
            "on": lambda m=machine: m.feed(on=True),
        }
        told.get(act, getattr(machine, act, None))()
    # steps of a quarter of a second see a change of power late by as much
    assert site.energy_mwh() == pytest.approx(counted, rel=0.01, abs=2e-6 * (1 + len(steps)))


def test_the_meter_shows_the_mean_of_the_last_second():
    clock = Hands()
    traits = Traits(idle_w=0.0, stop_s=4.0)
    world = World(clock, weather=Weather(mean_c=25.0))
    machine = SimulatedMachine(
        Build(id="m", family="luxos", rated_w=4000.0, traits=traits), world
    )
    site = SimulatedSite(world, [machine])
    clock.now_s = 10.0
    machine.sleep()
    assert site.power_mw() == pytest.approx(4000e-6)
    clock.now_s = 11.0
    assert site.power_mw() == pytest.approx(3500e-6)
    assert site.true_power_mw() == pytest.approx(3000e-6)
    clock.now_s = 20.0
    assert site.power_mw() == pytest.approx(0.0)


def test_the_counter_never_goes_back_whatever_is_told():
    clock = Hands()
    site = site_of(clock, other=OtherLoad(mw=(0.01, 0.0), step_s=10.0, noise=0.5))
    last = site.energy_mwh()
    for step in range(200):
        clock.now_s = step * 1.7
        list(site.machines.values())[step % 8].sleep()
        list(site.machines.values())[(step * 3) % 8].wake()
        assert site.energy_mwh() >= last
        last = site.energy_mwh()


def test_other_load_comes_in_steps_with_noise():
    clock = Hands()
    site = site_of(clock, 1, other=OtherLoad(mw=(1.0, 2.0), step_s=60.0, noise=0.1))
    besides = []
    for clock.now_s in (5.0, 15.0, 65.0, 125.0):
        besides.append(site.true_power_mw() - site.machines_mw())
    assert besides[0] == pytest.approx(1.0, rel=0.1)
    assert besides[2] == pytest.approx(2.0, rel=0.1)
    assert besides[3] == pytest.approx(1.0, rel=0.1)
    assert besides[0] != besides[1]


def test_fans_draw_power_and_their_energy_is_counted():
    clock = Hands()
    fans = Blower(id="fans", groups=("hall",), power_mw=0.5)
    site = site_of(clock, 1, switches=(fans,))
    site.machines["m0"].sleep()
    clock.now_s = 3600.0
    before = site.energy_mwh()
    assert before > 0.5
    site.turn("fans", on=False)
    clock.now_s = 7200.0
    assert site.energy_mwh() - before < 0.001
    assert not site.is_on("fans")


def test_machines_that_hash_too_long_without_their_fans_are_an_accident():
    clock = Hands()
    site = site_of(clock, 2, switches=(Blower(id="fans", groups=("hall",), grace_s=30.0),))
    site.turn("fans", on=False)
    clock.now_s = 20.0
    site.turn("fans", on=True)  # in time
    clock.now_s = 100.0
    assert site.accidents == []
    for machine in site.machines.values():
        machine.sleep()
    site.turn("fans", on=False)  # nobody wants air
    clock.now_s = 500.0
    site.machines["m0"].wake()
    clock.now_s = 600.0
    site.world.now_s()
    assert [(one.at_s, one.switch, one.machines) for one in site.accidents] == [
        (530.0, "fans", 1)
    ]


def test_a_stop_in_time_is_no_accident():
    clock = Hands()
    site = site_of(clock, 1, switches=(Blower(id="fans", groups=("hall",), grace_s=30.0),))
    site.turn("fans", on=False)
    clock.now_s = 29.0
    site.machines["m0"].sleep()
    clock.now_s = 400.0
    site.world.now_s()
    assert site.accidents == []


def test_an_outlet_takes_the_power_of_its_machines_away():
    clock = Hands()
    site = site_of(clock, 2, switches=(Blower(id="strip", feeds=True, groups=("hall",)),))
    site.turn("strip", on=False)
    assert site.true_power_mw() == 0.0
    clock.now_s = 60.0
    site.turn("strip", on=True)
    clock.now_s = 600.0
    assert site.true_power_mw() == pytest.approx(0.006, rel=0.01)


def test_a_reboot_may_bring_another_address():
    clock = Hands()
    fault = Fault(kind=FaultKind.NEW_ADDRESS, machines=("m1",), from_s=50.0)
    site = site_of(clock, faults=(fault,), spare_hosts=("127.254.0.1",))
    heard = []
    site.on_readdressed.append(lambda machine, former: heard.append((machine.id, str(former))))
    clock.now_s = 49.0
    assert site.at("127.1.0.2", 4028) is site.machines["m1"]
    clock.now_s = 90.0
    assert site.at("127.1.0.2", 4028) is None
    assert site.at("127.254.0.1", 4028) is site.machines["m1"]
    assert site.at("127.254.0.1", 80) is site.machines["m1"]
    assert site.machines["m1"].uptime_s() == pytest.approx(40.0)
    assert heard == [("m1", "127.1.0.2:4028")]


def test_meters_have_faults_only_where_they_are_named():
    clock = Hands()
    all_hang = Fault(kind=FaultKind.HANG)
    silent = Fault(kind=FaultKind.REFUSE, machines=("main",), from_s=10.0, for_s=5.0)
    site = site_of(clock, faults=(all_hang, silent))
    assert site.has("main", FaultKind.HANG) is None
    assert site.has("main", FaultKind.REFUSE) is None
    clock.now_s = 12.0
    assert site.has("main", FaultKind.REFUSE) is silent


def test_ids_must_differ():
    world = World(Hands())
    machine = SimulatedMachine(Build(id="m", family="luxos"), world)
    with pytest.raises(InputError, match="different ids"):
        SimulatedSite(world, [machine, machine])
