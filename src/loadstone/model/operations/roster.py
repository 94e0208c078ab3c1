# SPDX-License-Identifier: Apache-2.0
"""The machines that rows of operate.toml stand for, one by one."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address

from loadstone.model.errors import InputError
from loadstone.model.machine import Miner
from loadstone.model.operations.machine import Address, Machine
from loadstone.model.operations.terms import MachineRow, SiteTerms
from loadstone.model.operations.terms.rules import is_host, refuse

MOST_IN_A_RANGE = 65_536
SELDOM_HOSTS = (0, 255)  # network and broadcast address of most small networks


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """Where machines of a family answer when nobody changed it.

    Attributes:
        port: Port of the command socket; for firmware that speaks only HTTP, its web port.
        web_port: Port of the web pages, where the firmware needs both.
    """

    port: int
    web_port: int | None = None


FAMILIES: Mapping[str, Ports] = {
    "antminer": Ports(port=4028, web_port=80),
    "whatsminer-v2": Ports(port=4028),
    "whatsminer-v3": Ports(port=4433),
    "luxos": Ports(port=4028),
    "braiins": Ports(port=4028, web_port=80),
    "asic-rs": Ports(port=4028),
}


def machines_of(terms: SiteTerms, miners: Mapping[str, Miner]) -> tuple[Machine, ...]:
    """Return the machines of a site, in the order of the file.

    A machine is called by its id where its row has ids, else by its address.

    Args:
        terms: The site's part of operate.toml.
        miners: Models by id, of the facts.

    Raises:
        InputError: A row names an unknown family or model, or an address cannot be read.
        InputErrors: Several of these.
    """
    machines, wrong = looked_up(terms, miners)
    refuse(wrong)
    return machines


def looked_up(
    terms: SiteTerms, miners: Mapping[str, Miner]
) -> tuple[tuple[Machine, ...], tuple[InputError, ...]]:
    """Return the machines of a site that can be told, and what is wrong with the others.

    Args:
        terms: The site's part of operate.toml.
        miners: Models by id, of the facts.
    """
    machines: list[Machine] = []
    wrong: list[InputError] = []
    for i, row in enumerate(terms.machines):
        found = list(_wrong_row(row, f"machines[{i}]", miners))
        if not found:
            machines += _of_row(row, f"machines[{i}]", terms.site, miners[row.model])
        wrong += found
    return tuple(machines), tuple(wrong)


def _wrong_row(
    row: MachineRow, field: str, miners: Mapping[str, Miner]
) -> Iterator[InputError]:
    if row.family not in FAMILIES:
        rule = f"must be one of {', '.join(sorted(FAMILIES))}"
        yield InputError(f"{field}.family", row.family, rule)
    if row.model not in miners:
        rule = "must be the id of a miner in the facts"
        yield InputError(f"{field}.model", row.model, rule)
    for text in row.addresses:
        try:
            places = list(expanded(text, f"{field}.addresses"))
        except InputError as error:
            yield error
            continue
        if row.ids and len(places) != 1:
            rule = "must be one address each where machines have ids"
            yield InputError(f"{field}.addresses", text, rule)


def _of_row(row: MachineRow, field: str, site: str, miner: Miner) -> Iterator[Machine]:
    usual, named = FAMILIES[row.family], bool(row.ids)
    for i, text in enumerate(row.addresses):
        for host, port in expanded(text, f"{field}.addresses"):
            plain = port is None and row.port is None
            address = Address(
                host=host,
                port=port or row.port or usual.port,
                web_port=row.web_port or usual.web_port,
            )
            yield Machine(
                id=row.ids[i] if named else (host if plain else str(address)),
                site=site,
                group=row.group,
                family=row.family,
                address=address,
                rated_w=miner.power_w,
                hashrate_th=miner.hashrate_th,
            )


def expanded(text: str, field: str) -> Iterator[tuple[str, int | None]]:
    """Yield each host, with its port where one is given.

    Args:
        text: A host, "host:port", "[IPv6]:port", or a range "10.0.1.1-10.0.4.250". Of a range
            over more than one block of 256, addresses ending in 0 and 255 are left out.
        field: Where it stands, for errors.

    Raises:
        InputError: It is none of these.
    """
    first, dash, last = text.partition("-")
    if dash and _is_ipv4(first):
        yield from ((host, None) for host in _range(first, last, field))
        return
    host, colon, port = text.partition(":")
    if text.startswith("["):
        host, _, port = text[1:].partition("]")
        colon, port = port[:1], port[1:]
    elif ":" in port:  # an IPv6 address without a port
        host, colon = text, ""
    if not is_host(host) or colon not in ("", ":") or "/" in port:
        raise InputError(field, text, "must be a host, host:port, or a range A-B, no http://")
    yield host, _port(port, text, field) if colon else None


def _range(first: str, last: str, field: str) -> Iterator[str]:
    if not _is_ipv4(last):
        rule = "must be a range of IPv4 addresses such as 10.0.1.1-10.0.4.250"
        raise InputError(field, f"{first}-{last}", rule)
    low, high = int(IPv4Address(first)), int(IPv4Address(last))
    if not low <= high < low + MOST_IN_A_RANGE:
        rule = f"must rise, and hold at most {MOST_IN_A_RANGE} addresses"
        raise InputError(field, f"{first}-{last}", rule)
    wide = low // 256 != high // 256
    for number in range(low, high + 1):
        if not (wide and number % 256 in SELDOM_HOSTS):
            yield str(IPv4Address(number))


def _is_ipv4(text: str) -> bool:
    try:
        IPv4Address(text)
    except ValueError:
        return False
    return True


def _port(text: str, whole: str, field: str) -> int:
    if not text.isascii() or not text.isdigit() or not 0 < int(text) < 65_536:
        raise InputError(field, whole, "must end in a port from 1 to 65535")
    return int(text)
