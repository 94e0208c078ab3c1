# SPDX-License-Identifier: Apache-2.0
"""`loadstone scan`: find machines and add them to operate.toml."""

import asyncio
import re
import sys
from dataclasses import asdict
from typing import Annotated, Any

import typer
from rich.text import Text

from loadstone.apps.cli.session import (
    NO,
    Json,
    NetworkDir,
    clean_errors,
    show,
    side_console,
)
from loadstone.apps.cli.site_options import SomeSite, opened
from loadstone.apps.operations.places import libraries
from loadstone.model.errors import InputError
from loadstone.model.operations.machine import Credential
from loadstone.model.operations.roster import FAMILIES
from loadstone.model.operations.terms import SiteTerms

MOST_LINES = 20
PORT = re.compile(r"([a-z0-9-]+)=(\d{1,5})(?:/(\d{1,5}))?")

Ranges = Annotated[
    list[str],
    typer.Argument(metavar="RANGE", help="10.0.1.1-10.0.4.250, 10.0.1.0/24 or an address."),
]
GroupId = Annotated[
    str, typer.Option("--group", metavar="G", help="Group that new machines join.")
]
Ports = Annotated[
    list[str] | None,
    typer.Option(
        "--port",
        metavar="FAMILY=PORT[/WEB]",
        help="Other ports than the family's own, e.g. antminer=14028/14080.",
    ),
]
ModelId = Annotated[
    str,
    typer.Option("--model", metavar="ID", help="Model, where what machines say is no fact."),
]
User = Annotated[str, typer.Option("--user", metavar="U", help="User name of the machines.")]
Stdin = Annotated[
    bool, typer.Option("--password-stdin", help="Read their password from standard input.")
]
Ask = Annotated[bool, typer.Option("--password", help="Ask for their password.")]
Default = Annotated[
    bool, typer.Option("--default", help="Keep the password for all machines of the site.")
]


def scan(
    folder: NetworkDir,
    ranges: Ranges,
    *,
    site: SomeSite = None,
    group: GroupId = "",
    port: Ports = None,
    model: ModelId = "",
    user: User = "",
    password_stdin: Stdin = False,
    password: Ask = False,
    default: Default = False,
    as_json: Json = False,
) -> None:
    """Find machines in a range, add them to operate.toml, keep their password encrypted."""
    with clean_errors(as_json), libraries():
        # drivers load here, so that planning does without them
        from loadstone.apps.operations import scanning  # noqa: PLC0415

        with opened(folder, simulated=False) as (place, store):
            sites = place.chosen(site)
            if len(sites) > 1:
                known = ", ".join(one.site for one in sites)
                raise InputError("--site", site, f"must be one of {known}")
            terms = sites[0]
            if model and model not in place.network.facts.miners:
                raise InputError("--model", model, "must be the id of a miner in the facts")
            credential = _credential(user, stdin=password_stdin, ask=password)
            if default and credential is None:
                rule = "must come with --password or --password-stdin"
                raise InputError("--default", default, rule)
            sought = scanning.Sought(
                ranges=ranges,
                ports=dict(_port(text) for text in port or ()),
                credential=credential,
                model=model,
                group=_group(group, terms),
            )
            with side_console().status("looking"):
                found = asyncio.run(scanning.find(sought))
            scanned = scanning.take_in(place, terms, store, sought, found)
            if default and credential is not None:
                store.put_credential(terms.site, "", credential)
            table = asdict(scanned)
            file = [place.folder / "operate.toml"] if scanned.added or scanned.moved else []
            show(as_json, {"site": terms.site, **table}, _lines(table), file)
    if not found:
        raise typer.Exit(NO)


def _credential(user: str, *, stdin: bool, ask: bool) -> Credential | None:
    if stdin:
        line = sys.stdin.readline()
        if not line:
            raise InputError("--password-stdin", "", "must find a line on standard input")
        return Credential(user=user, password=line.rstrip("\r\n"))
    if ask:
        return Credential(user=user, password=typer.prompt("Password", hide_input=True))
    if user:
        rule = "must come with --password or --password-stdin"
        raise InputError("--user", user, rule)
    return None


def _port(text: str) -> tuple[str, tuple[int, int | None]]:
    match = PORT.fullmatch(text)
    ports = [int(port) for port in match.groups()[1:] if port] if match else []
    if match is None or match[1] not in FAMILIES or not all(0 < p < 65_536 for p in ports):
        rule = f"must be FAMILY=PORT or FAMILY=PORT/WEB, with one of {', '.join(FAMILIES)}"
        raise InputError("--port", text, rule)
    return match[1], (ports[0], ports[1] if ports[1:] else None)


def _group(group: str, terms: SiteTerms) -> str:
    known = [one.id for one in terms.groups]
    if group in known:
        return group
    if not group and len(known) == 1:
        return known[0]
    raise InputError("--group", group, f"must be one of {', '.join(known)}")


def _lines(found: dict[str, Any]) -> list[Text]:
    lines = [
        Text(
            f"{len(found['added'])} added, {len(found['moved'])} moved, {found['same']} known, "
            f"{len(found['vanished'])} of the known were not found",
            style="bold",
        )
    ]
    lines += [
        Text(f"{one['id']} at {one['address']['host']}: {one['identity']['model']}")
        for one in found["added"][:MOST_LINES]
    ]
    lines += [Text(f"{id_} is now at {address}") for id_, address in found["moved"].items()]
    lines += [
        Text(f"{id_} stands in a range of operate.toml: change its address there", "yellow")
        for id_ in found["unmoved"]
    ]
    lines += [
        Text(f"{address} says it is {said!r}, which is no fact: give --model", style="yellow")
        for address, said in found["unmatched"][:MOST_LINES]
    ]
    lines += [
        Text(f"{address} does not say who it is: {why}", style="yellow")
        for address, why in found["silent"][:MOST_LINES]
    ]
    return lines
