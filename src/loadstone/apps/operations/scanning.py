# SPDX-License-Identifier: Apache-2.0
"""Finding machines in a range, and bringing them into operate.toml and the store."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from loadstone.adapters.drivers.discovery import Found, Match, Search, hosts, match, scan
from loadstone.adapters.drivers.miners import DRIVERS
from loadstone.adapters.files import OPERATE, read_operation
from loadstone.adapters.files.operate_edit import edited, write_operation
from loadstone.apps.clock import SystemClock
from loadstone.apps.operations.places import Place
from loadstone.model.errors import InputErrors
from loadstone.model.machine import Miner
from loadstone.model.operations.machine import Credential, Machine
from loadstone.model.operations.roster import FAMILIES
from loadstone.model.operations.terms import MachineRow, SiteTerms
from loadstone.model.ports import Store

NAME = re.compile(r"[^a-z0-9]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sought:
    """What is looked for.

    Attributes:
        ranges: Addresses, as `discovery.hosts` reads them.
        ports: Ports other than a family's own, by family: of commands, and of web pages or
            None for the family's own.
        credential: What machines ask for; None for what they have from the factory.
        model: Model of machines whose name is not among the facts; "" for none.
        group: Group that new machines join.
    """

    ranges: Sequence[str]
    ports: Mapping[str, tuple[int, int | None]]
    credential: Credential | None = None
    model: str = ""
    group: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Scanned:
    """What a scan came to.

    Attributes:
        added: Machines that are now in operate.toml.
        moved: Ids of known machines, each with the address where it answers now.
        unmoved: Those of them that operate.toml has in a range, which cannot be moved there.
        same: How many were known where they are.
        unmatched: Those whose model is not among the facts, with what they call it.
        silent: Those who answer and do not say who they are, with the reason.
        vanished: Known machines of the range that were not found.
    """

    added: tuple[Machine, ...]
    moved: Mapping[str, str]
    unmoved: tuple[str, ...]
    same: int
    unmatched: tuple[tuple[str, str], ...]
    silent: tuple[tuple[str, str], ...]
    vanished: tuple[str, ...]


async def find(sought: Sought) -> list[Found]:
    """Return who answers in the ranges."""
    kinds = dict(DRIVERS)
    for family, (port, web_port) in sought.ports.items():
        kind = kinds[family]
        kinds[family] = replace(kind, port=port, web_port=web_port or kind.web_port)
    given = sought.credential
    search = Search(
        kinds=kinds,
        credentials=dict.fromkeys(kinds, given) if given else {},
        now_s=SystemClock().wall_s,
    )
    return [found async for found in scan(hosts(sought.ranges), search)]


def take_in(
    place: Place, terms: SiteTerms, store: Store, sought: Sought, found: Sequence[Found]
) -> Scanned:
    """Bring what was found into operate.toml and the store.

    Raises:
        InputErrors: operate.toml would not be right any more; it is left as it was.
    """
    known = {one.id: one for one in place.machines(terms)}
    known |= {one.id: one for one in store.machines(terms.site) if one.id in known}
    searched = set(hosts(sought.ranges))
    told = match(found, list(known.values()))
    miners = place.network.facts.miners
    models = {one: _model(one, miners, sought.model) for one in told.new}
    rows, added = _rows(terms.site, sought, {one: m for one, m in models.items() if m}, miners)
    moves = {machine.id: _text(one) for machine, one in told.moved}
    moved = _write(place, terms.site, rows, moves)
    with_identity = [replace(m, identity=one.identity) for m, one in told.same]
    store.put_machines([*added, *with_identity])
    if sought.credential is not None:  # known machines may have got another password
        heard = [machine.id for machine, _ in (*told.same, *told.moved)]
        for id_ in (*(machine.id for machine in added), *heard):
            store.put_credential(terms.site, id_, sought.credential)
    return Scanned(
        added=tuple(added),
        moved=moves,
        unmoved=tuple(sorted(moves.keys() - moved)),
        same=len(told.same),
        unmatched=tuple(
            (str(one.address), one.identity.model)
            for one, model in models.items()
            if not model and one.identity
        ),
        silent=_silent(told),
        vanished=tuple(m.id for m in told.vanished if m.address.host in searched),
    )


def _silent(told: Match) -> tuple[tuple[str, str], ...]:
    unsaid = [(str(o.address), str(o.reason)) for o in told.new if o.identity is None]
    both = [
        (str(o.address), "more than one machine answers so" if o.identity else str(o.reason))
        for o in told.conflicting
    ]
    return tuple(unsaid + both)


def _write(
    place: Place, site: str, rows: Sequence[MachineRow], moves: Mapping[str, str]
) -> frozenset[str]:
    """Write operate.toml and read it again; where it is wrong, put the old one back."""
    if not rows and not moves:
        return frozenset()
    path = place.folder / OPERATE
    with place.editing():
        before = path.read_text(encoding="utf-8")
        text, moved = edited(before, site, rows, moves)
        write_operation(place.folder, text)
        try:
            read_operation(place.folder, place.network, SystemClock().now().date())
        except InputErrors:
            write_operation(place.folder, before)
            raise
    return moved


def _rows(
    site: str,
    sought: Sought,
    models: Mapping[Found, str],
    miners: Mapping[str, Miner],
) -> tuple[list[MachineRow], list[Machine]]:
    rows, added = [], []
    alike: dict[tuple[str, str, int | None], list[Found]] = {}
    for one, model in models.items():
        alike.setdefault((one.family, model, one.address.web_port), []).append(one)
    for (family, model, web_port), ones in alike.items():
        these = sorted(
            ones,
            key=lambda one: tuple(part.zfill(3) for part in one.address.host.split(".")),
        )
        ids = [one.identity.key if one.identity else "" for one in these]
        ids = [id_ or str(one.address) for id_, one in zip(ids, these, strict=True)]
        rows.append(
            MachineRow(
                group=sought.group,
                family=family,
                addresses=tuple(_text(one) for one in these),
                web_port=None if web_port == FAMILIES[family].web_port else web_port,
                model=model,
                ids=tuple(ids),
            )
        )
        for id_, one in zip(ids, these, strict=True):
            added.append(
                Machine(
                    id=id_,
                    site=site,
                    group=sought.group,
                    family=family,
                    address=one.address,
                    identity=one.identity,
                    rated_w=miners[model].power_w,
                    hashrate_th=miners[model].hashrate_th,
                )
            )
    return rows, added


def _text(found: Found) -> str:
    usual = FAMILIES[found.family]
    plain = found.address.port in (usual.port, usual.web_port)
    return found.address.host if plain else str(found.address)


def _model(found: Found, miners: Mapping[str, Miner], otherwise: str) -> str:
    """Return the id of the facts' model that a machine says it is, else what was given."""
    if found.identity is None:
        return ""
    said = _plain(found.identity.model)
    for id_, miner in miners.items():
        names = (id_, miner.model, f"{miner.manufacturer} {miner.model}")
        if said and said in {_plain(name) for name in names}:
            return id_
    return otherwise


def _plain(name: str) -> str:
    return NAME.sub("", name.lower().replace("+", "plus"))
