# SPDX-License-Identifier: Apache-2.0
"""Find machines in a range of addresses, and tell which of them are known."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import AddressValueError, IPv4Address, IPv4Network, NetmaskValueError

from loadstone.adapters.drivers.cgminer import request
from loadstone.adapters.drivers.kind import DriverKind
from loadstone.adapters.drivers.wire import ask, knock
from loadstone.model.errors import DeviceError, InputError
from loadstone.model.operations.machine import Address, Credential, Identity, Machine
from loadstone.model.operations.reading import Reason

MOST_ADDRESSES = 1 << 17
_VERSION = request("version")


def hosts(ranges: Iterable[str]) -> Iterator[str]:
    """Give the addresses of ranges, each once, in their order.

    Args:
        ranges: E.g. "10.0.0.7", "10.0.0.1-10.0.1.254", "10.0.0.1-50", "10.0.0.0/22". A name
            is given as it is.

    Raises:
        InputError: A range cannot be read, or there are more than 131,072 addresses.
    """
    seen: set[str] = set()
    for text in ranges:
        for host in _of_range(text.strip()):
            if host not in seen:
                seen.add(host)
                yield host


def _of_range(text: str) -> Iterator[str]:
    if "/" in text:
        try:
            network = IPv4Network(text, strict=False)
        except (AddressValueError, NetmaskValueError, ValueError):
            raise InputError("range", text, "must be a network such as 10.0.0.0/22") from None
        _bounded(text, network.num_addresses)
        yield from (str(host) for host in network.hosts())
        return
    first, dash, last = (part.strip() for part in text.partition("-"))
    if not dash or not first[:1].isdigit():
        if not text:
            raise InputError("range", text, "must not be empty")
        yield text
        return
    if "." not in last:
        last = f"{first.rpartition('.')[0]}.{last}"
    try:
        low, high = int(IPv4Address(first)), int(IPv4Address(last))
    except AddressValueError:
        raise InputError("range", text, "must be such as 10.0.0.1-10.0.0.50") from None
    if high < low:
        raise InputError("range", text, "must not end before it begins")
    _bounded(text, high - low + 1)
    yield from (str(IPv4Address(number)) for number in range(low, high + 1))


def _bounded(text: str, count: int) -> None:
    if count > MOST_ADDRESSES:
        raise InputError("range", text, f"must have at most {MOST_ADDRESSES} addresses")


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """Somebody who answers at an address.

    Attributes:
        family: Key of the driver that it was asked with.
        address: Where it answers.
        identity: Who it is; None where it did not say.
        reason: Why it did not say; none otherwise. AUTH: it wants another password.
    """

    family: str
    address: Address
    identity: Identity | None = None
    reason: Reason = Reason.NONE


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How a range is searched.

    Attributes:
        connect_s: An address that does not answer a connection so long has nobody.
        deadline_s: Seconds for each question to somebody who is there.
        at_once: Addresses that are tried at the same time. Each is one open socket.
    """

    connect_s: float = 0.5
    deadline_s: float = 5.0
    at_once: int = 512


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """What is looked for, and how.

    Attributes:
        kinds: Families to look for, with the ports to look at. Earlier ones are asked first.
        credentials: What to say to machines of a family that ask for it.
        now_s: Seconds of the agent's clock.
        connect_s: An address where no connection is answered so long has nobody.
        deadline_s: Seconds for each question to somebody who is there.
        at_once: Addresses that are tried at the same time. Each is one open socket.
    """

    kinds: Mapping[str, DriverKind]
    credentials: Mapping[str, Credential]
    now_s: Callable[[], float]
    connect_s: float = 0.5
    deadline_s: float = 5.0
    at_once: int = 512

    def __post_init__(self) -> None:
        for name in ("connect_s", "deadline_s", "at_once"):
            if not getattr(self, name) > 0:
                raise InputError(name, getattr(self, name), "must be above 0")

    async def look(self, host: str) -> Found | None:
        """Ask who is at an address, port by port; None for nobody.

        What is said to `version` on a command socket tells which families to ask further.
        Where nobody listens there the machine may sleep: those with web pages are asked too.
        """
        unsaid: Found | None = None
        for index, port in enumerate(self._ports()):
            reason, said = await self._version(host, port)
            if index == 0 and reason is Reason.TIMEOUT and not said:
                return None  # nobody is there at all; other ports would only cost time
            for family, kind in self.kinds.items():
                if kind.port == port and _may_be(kind, reason, said):
                    found = await self._identify(family, host, kind)
                    if found.identity:
                        return found
                    unsaid = _rather(unsaid, found)
        return unsaid

    def _ports(self) -> list[int]:
        """Return ports to look at; first those where an answer tells the family."""
        marked = {kind.port for kind in self.kinds.values() if kind.marks}
        ports = {kind.port for kind in self.kinds.values()}
        return sorted(ports, key=lambda port: (port not in marked, port))

    async def _version(self, host: str, port: int) -> tuple[Reason, bytes]:
        """Return what a port says to `version`, and why it says nothing."""
        try:
            await knock(host, port, deadline_s=self.connect_s)
        except DeviceError as error:
            return Reason(error.reason), b""
        if not any(kind.marks for kind in self.kinds.values() if kind.port == port):
            return Reason.NONE, b""
        try:
            said = await ask(host, port, _VERSION, deadline_s=self.deadline_s)
        except DeviceError as error:
            return Reason(error.reason), b"?"
        return Reason.NONE, said.lower()

    async def _identify(self, family: str, host: str, kind: DriverKind) -> Found:
        address = Address(host=host, port=kind.port, web_port=kind.web_port)
        driver = kind.make(
            address,
            self.credentials.get(family),
            deadline_s=self.deadline_s,
            now_s=self.now_s,
        )
        try:
            identity = await driver.identify()
        except DeviceError as error:
            return Found(family=family, address=address, reason=Reason(error.reason))
        finally:
            await driver.close()
        return Found(family=family, address=address, identity=identity)


def _may_be(kind: DriverKind, reason: Reason, said: bytes) -> bool:
    if reason is Reason.REFUSED:
        return kind.web_port is not None
    if not kind.marks:
        return reason is Reason.NONE
    return any(mark in said for mark in kind.marks)


# somebody who wants a password is a machine; somebody who says no more than no may be anything
_SAYS_NOTHING = frozenset({Reason.REFUSED, Reason.RESET, Reason.GARBAGE, Reason.UNSUPPORTED})


def _rather(one: Found | None, other: Found) -> Found | None:
    if other.reason in _SAYS_NOTHING or (one and one.reason is Reason.AUTH):
        return one
    return other


async def scan(addresses: Iterable[str], search: Search) -> AsyncIterator[Found]:
    """Give who answers at addresses, as they are found.

    Raises:
        InputError: The addresses could not be read.
    """
    waiting: asyncio.Queue[Found | None] = asyncio.Queue()
    source = iter(addresses)

    async def work() -> None:
        try:
            for host in source:
                found = await search.look(host)
                if found:
                    waiting.put_nowait(found)
        finally:
            waiting.put_nowait(None)

    workers = [asyncio.create_task(work()) for _ in range(search.at_once)]
    try:
        left = len(workers)
        while left:
            found = await waiting.get()
            if found is None:
                left -= 1
            else:
                yield found
        for worker in workers:
            worker.result()  # what was raised in one is raised here
    finally:
        for worker in workers:
            worker.cancel()
        await asyncio.gather(*workers, return_exceptions=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """What was found, held against what is known.

    Attributes:
        new: Found and not known.
        moved: Known machines that answer at another address, or with another firmware.
        same: Known machines where they were.
        vanished: Known machines that were not found.
        conflicting: Found, but which machine it is cannot be told: two answer with one
            identity, one answers with the identities of two, or it does not say who it is at
            the address of one that is known by its identity.
    """

    new: tuple[Found, ...]
    moved: tuple[tuple[Machine, Found], ...]
    same: tuple[tuple[Machine, Found], ...]
    vanished: tuple[Machine, ...]
    conflicting: tuple[Found, ...]


def match(found: Sequence[Found], known: Sequence[Machine]) -> Match:
    """Tell which of the machines found are known.

    A machine is known again by its MAC or serial, whatever its address. Only one whose
    identity was never heard is known by its address.
    """
    by_key: dict[str, Machine] = {}
    for machine in known:
        by_key.update(dict.fromkeys(_keys_of(machine), machine))
    nameless = {_place(m.address): m for m in known if m.identity is None}
    named = {_place(m.address) for m in known if m.identity is not None}
    new: list[Found] = []
    conflicting: list[Found] = []
    claims: dict[str, list[tuple[Machine, Found]]] = defaultdict(list)
    for one in found:
        machines = {by_key[k].id: by_key[k] for k in _keys(one.identity) if k in by_key}
        place = _place(one.address)
        if not machines and place in nameless:
            machines = {nameless[place].id: nameless[place]}
        if len(machines) > 1 or (not machines and not _keys(one.identity) and place in named):
            conflicting.append(one)
        elif machines:
            machine = next(iter(machines.values()))
            claims[machine.id].append((machine, one))
        else:
            new.append(one)
    twice, once_new = _doubles(new)
    single = [pairs[0] for pairs in claims.values() if len(pairs) == 1]
    conflicting += [f for pairs in claims.values() if len(pairs) > 1 for _, f in pairs]
    claimed = {id_ for id_ in claims} | _involved(conflicting, by_key, known)
    return Match(
        new=tuple(once_new),
        moved=tuple(pair for pair in single if not _stays(*pair)),
        same=tuple(pair for pair in single if _stays(*pair)),
        vanished=tuple(machine for machine in known if machine.id not in claimed),
        conflicting=tuple(conflicting + twice),
    )


def _keys(identity: Identity | None) -> tuple[str, ...]:
    if identity is None:
        return ()
    return tuple(key for key in (identity.mac, identity.serial) if key)


def _keys_of(machine: Machine) -> tuple[str, ...]:
    return (machine.id, *_keys(machine.identity))


def _place(address: Address) -> tuple[str, int]:
    return (address.host, address.port)


def _stays(machine: Machine, found: Found) -> bool:
    return machine.address == found.address and machine.family == found.family


def _doubles(new: Sequence[Found]) -> tuple[list[Found], list[Found]]:
    """Return those new ones who share an identity, and the others."""
    count: dict[str, int] = defaultdict(int)
    for one in new:
        for key in _keys(one.identity):
            count[key] += 1
    twice = [one for one in new if any(count[key] > 1 for key in _keys(one.identity))]
    return twice, [one for one in new if one not in twice]


def _involved(
    conflicting: Sequence[Found], by_key: Mapping[str, Machine], known: Sequence[Machine]
) -> set[str]:
    """Return ids of known machines that may be among those who cannot be told apart."""
    places = {_place(one.address) for one in conflicting if not _keys(one.identity)}
    ids = {m.id for m in known if _place(m.address) in places}
    keys = [key for one in conflicting for key in _keys(one.identity)]
    return ids | {by_key[key].id for key in keys if key in by_key}
