# SPDX-License-Identifier: Apache-2.0
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadstone.adapters.drivers.discovery import Found, Search, hosts, match, scan
from loadstone.adapters.drivers.miners import DRIVERS
from loadstone.adapters.simulators.listener import Listener, Mode, free_port
from loadstone.adapters.simulators.machine import Build, SimulatedMachine
from loadstone.adapters.simulators.miners import FACES
from loadstone.adapters.simulators.physics import World
from loadstone.adapters.simulators.site import SimulatedSite
from loadstone.model.errors import InputError
from loadstone.model.operations.machine import Address, Credential, Identity, Machine
from loadstone.model.operations.reading import Reason
from tests.adapters.drivers.peers import nobody, peer

asynchronous = pytest.mark.anyio


# ---- ranges ----


@pytest.mark.parametrize(
    ("text", "first", "last", "count"),
    [
        ("10.0.0.7", "10.0.0.7", "10.0.0.7", 1),
        ("10.0.0.1-10.0.1.2", "10.0.0.1", "10.0.1.2", 258),
        ("10.0.0.1-50", "10.0.0.1", "10.0.0.50", 50),
        (" 10.0.0.5 - 9 ", "10.0.0.5", "10.0.0.9", 5),
        ("10.0.0.0/30", "10.0.0.1", "10.0.0.2", 2),
        ("10.0.0.9/22", "10.0.0.1", "10.0.3.254", 1022),
        ("miner-7.local", "miner-7.local", "miner-7.local", 1),
    ],
)
def test_a_range_is_an_address_a_pair_a_network_or_a_name(text, first, last, count):
    found = list(hosts([text]))
    assert (found[0], found[-1], len(found)) == (first, last, count)


def test_an_address_in_two_ranges_is_asked_once():
    assert list(hosts(["10.0.0.1-3", "10.0.0.2-4"])) == [f"10.0.0.{n}" for n in (1, 2, 3, 4)]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "10.0.0.0/33",
        "10.0.0.x/24",
        "10.0.0.9-10.0.0.1",
        "10.0.0.1-x",
        "10.0.0.1-999",
        "10/4",
    ],
)
def test_what_is_no_range_is_refused(text):
    with pytest.raises(InputError, match="range"):
        list(hosts([text]))


def test_a_range_has_bounds():
    with pytest.raises(InputError, match="131072"):
        next(hosts(["10.0.0.0/8"]))
    with pytest.raises(InputError, match="131072"):
        next(hosts(["10.0.0.0-10.9.0.0"]))


# ---- on the wire ----


class Park:
    """Simulated machines of all families, each at an address of its own."""

    def __init__(self, per_family: int, credential: Credential | None = None) -> None:
        self.ports = {family: free_port() for family in FACES}
        commands = free_port()  # those that share a port in truth share one here
        web = free_port()
        self.world = World(clock_s=lambda: 1000.0)
        self.machines: list[SimulatedMachine] = []
        self.kinds = {}
        for family, kind in DRIVERS.items():
            port = commands if kind.port == 4028 else self.ports[family]
            port = web if kind.port == 80 else port
            self.kinds[family] = replace(
                kind, port=port, web_port=web if kind.web_port else None
            )
            own = [port, *([web] if kind.web_port else [])]
            if kind.port == 80:  # spoken to by the web alone: its commands are elsewhere
                own = [self.ports[family], web]
            while len(own) < len(FACES[family]):
                own.append(free_port())
            self._add(family, own, per_family, credential)

    def _add(self, family, ports, count, credential) -> None:
        for _ in range(count):
            number = len(self.machines) + 1
            build = Build(
                id=f"m{number}",
                family=family,
                model="M50S" if "whatsminer" in family else "Antminer S19",
                mac=f"02:00:00:00:{number // 256:02x}:{number % 256:02x}",
                serial=f"SIM{number:09d}",
                credential=credential,
            )
            machine = SimulatedMachine(build, self.world)
            host = f"127.68.{number // 200}.{number % 200 + 1}"
            machine.address = Address(
                host=host, port=ports[0], web_port=ports[1] if len(ports) > 1 else None
            )
            self.machines.append(machine)

    @asynccontextmanager
    async def open(self) -> AsyncIterator["Park"]:
        listener = Listener(SimulatedSite(self.world, self.machines), FACES, Mode.EACH)
        listener.open()
        try:
            yield self
        finally:
            listener.close()

    async def scan(self, addresses, **settings) -> list[Found]:
        search = Search(
            kinds=self.kinds,
            credentials={},
            now_s=self.world.now_s,
            **{"connect_s": 1.0, **settings},
        )
        return [found async for found in scan(addresses, search)]


@asynchronous
async def test_every_machine_of_a_range_is_found_and_named_rightly():
    async with Park(3).open() as park:
        found = await park.scan(hosts(["127.68.0.0/27"]))
        told = {one.address.host: one for one in found}
        assert len(told) == len(found) == len(park.machines)
        for machine in park.machines:
            one = told[machine.address.host]
            assert one.family == machine.family
            assert one.identity is not None
            assert one.identity.key in {machine.mac, machine.serial}
            assert one.reason is Reason.NONE


@asynchronous
async def test_machines_that_sleep_are_found_as_well():
    async with Park(1).open() as park:
        for machine in park.machines:
            machine.sleep()
        found = await park.scan(machine.address.host for machine in park.machines)
        assert {one.family for one in found if one.identity} == set(DRIVERS)


@asynchronous
async def test_an_antminer_whose_miner_is_silent_is_found_by_its_web():
    page = json.dumps({"minertype": "Antminer S19", "macaddr": "02:00:00:00:00:09"}).encode()
    head = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(page)

    def whole(request: bytes) -> int:
        return len(request) if request.endswith(b"\r\n\r\n") else 0

    async with peer(lambda _: head + page, whole=whole, keeps=True) as web:
        silent = (await nobody()).port
        kind = replace(DRIVERS["antminer"], port=silent, web_port=web.address.port)
        search = Search(kinds={"antminer": kind}, credentials={}, now_s=lambda: 0.0)
        (found,) = [one async for one in scan(["127.0.0.1"], search)]
    assert found.identity is not None
    assert found.identity.mac == "02:00:00:00:00:09"


@asynchronous
async def test_a_machine_with_another_password_is_told_from_nobody():
    credential = Credential(user="root", password="another-one")
    async with Park(1, credential).open() as park:
        found = await park.scan(machine.address.host for machine in park.machines)
        for one in found:
            assert one.identity or one.reason in {Reason.AUTH, Reason.DENIED}
        assert "antminer" in {one.family for one in found if one.reason is Reason.AUTH}


@asynchronous
async def test_somebody_else_who_answers_is_no_machine():
    async with peer(lambda _: b"SSH-2.0-dropbear\r\n", whole=len) as here:
        kinds = {"luxos": replace(DRIVERS["luxos"], port=here.address.port)}
        search = Search(kinds=kinds, credentials={}, now_s=lambda: 0.0)
        assert [found async for found in scan(["127.0.0.1"], search)] == []


@asynchronous
async def test_of_a_thousand_addresses_where_nobody_listens_none_is_a_machine():
    kinds = {"luxos": replace(DRIVERS["luxos"], port=free_port())}
    search = Search(kinds=kinds, credentials={}, now_s=lambda: 0.0)
    assert [found async for found in scan(hosts(["127.69.0.0/22"]), search)] == []


@asynchronous
async def test_a_range_that_cannot_be_read_is_told_while_scanning():
    search = Search(kinds=DRIVERS, credentials={}, now_s=lambda: 0.0)
    with pytest.raises(InputError):
        _ = [found async for found in scan(hosts(["10.0.0.0/99"]), search)]


@pytest.mark.parametrize("field", ["connect_s", "deadline_s", "at_once"])
def test_a_search_has_time_and_hands(field):
    with pytest.raises(InputError, match=field):
        Search(kinds=DRIVERS, credentials={}, now_s=lambda: 0.0, **{field: 0})


# ---- known or new ----


def at(host: str, mac: str = "", serial: str = "", family: str = "luxos") -> Found:
    identity = Identity(family=family, mac=mac, serial=serial)
    return Found(family=family, address=Address(host=host, port=4028), identity=identity)


def known(
    id_: str, host: str, mac: str = "", serial: str = "", *, heard: bool = True
) -> Machine:
    identity = Identity(family="luxos", mac=mac, serial=serial) if heard else None
    return Machine(
        id=id_,
        site="s",
        group="g",
        family="luxos",
        address=Address(host=host, port=4028),
        identity=identity,
        rated_w=3000.0,
        hashrate_th=100.0,
    )


def test_a_machine_is_known_again_by_its_mac_at_another_address():
    one, two = known("a", "10.0.0.1", "mac-a"), known("b", "10.0.0.2", "mac-b")
    found = [at("10.0.0.2", "mac-a"), at("10.0.0.1", "mac-b"), at("10.0.0.9", "mac-c")]
    told = match(found, [one, two])
    assert [machine.id for machine, _ in told.moved] == ["a", "b"]
    assert [one.address.host for one in told.new] == ["10.0.0.9"]
    assert not told.same
    assert not told.vanished
    assert not told.conflicting


def test_a_machine_is_known_by_its_serial_or_its_id_as_well():
    by_serial = known("x", "10.0.0.1", serial="SN1")
    by_id = known("mac-b", "10.0.0.2", heard=False)
    found = [at("10.0.0.5", "mac-a", "SN1"), at("10.0.0.6", "mac-b")]
    told = match(found, [by_serial, by_id])
    assert {machine.id for machine, _ in told.moved} == {"x", "mac-b"}


def test_a_machine_with_another_firmware_has_moved_though_it_stands():
    told = match([at("10.0.0.1", "mac-a", family="braiins")], [known("a", "10.0.0.1", "mac-a")])
    assert len(told.moved) == 1


def test_a_machine_never_heard_is_known_by_its_address():
    told = match([at("10.0.0.1", "mac-a")], [known("hand-made", "10.0.0.1", heard=False)])
    assert [machine.id for machine, _ in told.same] == ["hand-made"]


def test_two_machines_with_one_identity_are_a_conflict_not_a_guess():
    told = match(
        [at("10.0.0.1", "mac-a"), at("10.0.0.2", "mac-a")], [known("a", "10.0.0.1", "mac-a")]
    )
    assert len(told.conflicting) == 2
    assert not told.same
    assert not told.vanished  # it is one of the two
    assert len(match([at("10.0.0.1", "m"), at("10.0.0.2", "m")], []).conflicting) == 2


def test_one_machine_with_the_identities_of_two_is_a_conflict():
    machines = [known("a", "10.0.0.1", "mac-a"), known("b", "10.0.0.2", serial="SN-b")]
    told = match([at("10.0.0.3", "mac-a", "SN-b")], machines)
    assert len(told.conflicting) == 1
    assert not told.vanished


def test_somebody_nameless_at_the_address_of_a_known_machine_is_not_taken_for_it():
    told = match([at("10.0.0.1")], [known("a", "10.0.0.1", "mac-a")])
    assert len(told.conflicting) == 1
    assert not told.same
    assert not told.vanished


def test_who_was_not_found_has_vanished():
    assert [m.id for m in match([], [known("a", "10.0.0.1", "mac-a")]).vanished] == ["a"]


names = st.sampled_from(["", "k1", "k2", "k3", "k4"])
places = st.integers(1, 6).map(lambda n: f"10.0.0.{n}")
finds = st.lists(st.builds(at, places, names, names), max_size=6, unique_by=lambda f: f.address)
knowns = st.lists(
    st.builds(known, st.sampled_from("abcdef"), places, names, heard=st.booleans()),
    max_size=6,
    unique_by=(
        lambda m: m.id,
        lambda m: m.address,
        lambda m: (m.identity and m.identity.mac) or m.id,
    ),
)


@given(finds, knowns)
def test_everybody_is_told_exactly_once(found, machines):
    told = match(found, machines)
    heard = [f for _, f in (*told.moved, *told.same)] + [*told.new, *told.conflicting]
    assert sorted(f.address.host for f in heard) == sorted(f.address.host for f in found)
    ids = [m.id for m, _ in (*told.moved, *told.same)] + [m.id for m in told.vanished]
    assert len(set(ids)) == len(ids)
    assert set(ids) <= {m.id for m in machines}
    if not told.conflicting:
        assert set(ids) == {m.id for m in machines}


@given(knowns)
def test_a_park_that_stands_still_is_the_same(machines):
    found = [
        Found(family=m.family, address=m.address, identity=m.identity)
        for m in machines
        if m.identity and m.identity.key
    ]
    told = match(found, machines)
    assert len(told.same) == len(found)
    assert not told.moved
    assert not told.new
