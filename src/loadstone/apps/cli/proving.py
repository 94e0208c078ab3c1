# SPDX-License-Identifier: Apache-2.0
"""`loadstone proof`: the measured record of an event."""

from dataclasses import asdict, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from loadstone.apps.cli.curtailing import EventId
from loadstone.apps.cli.session import NO, Json, NetworkDir, clean_errors, show
from loadstone.apps.cli.site_options import Simulated, opened
from loadstone.model.errors import InputError
from loadstone.model.operations.proof import Proof

if TYPE_CHECKING:
    from loadstone.adapters.store import SqlStore
    from loadstone.apps.operations.places import Place

Out = Annotated[
    Path | None,
    typer.Option(
        "--out", metavar="FOLDER", help="Where the proof goes; else beside the store."
    ),
]
Against = Annotated[
    Path | None,
    typer.Option("--against", metavar="FILE", help="An earlier proof.json to compare with."),
]


def proof(
    folder: NetworkDir,
    *,
    event: EventId,
    out: Out = None,
    against: Against = None,
    simulated: Simulated = False,
    as_json: Json = False,
) -> None:
    """Make the measured record of an event from the store and the meter's history."""
    from loadstone.adapters.files.proof_file import (  # noqa: PLC0415 - see `opened`
        read_proof,
        write_proof,
    )
    from loadstone.apps.reports.html import proof_html  # noqa: PLC0415
    from loadstone.apps.reports.proof import summary  # noqa: PLC0415

    with clean_errors(as_json), opened(folder, simulated) as (place, store):
        found = _proof(event, place, store)
        target = out or place.agent_folder(found.event.site) / "proofs" / event
        differs = () if against is None else _differences(found, read_proof(against))
        kept = write_proof(target, found)
        page = target / "proof.html"
        page.write_text(proof_html(found), encoding="utf-8")
        lines: list[str | Text] = [Text(summary(found), style="bold")]
        lines += [f"{how}: {count:,} machines" for how, count in found.outcomes.items()]
        lines += [f"  {why}: {count:,}" for why, count in found.reasons.items()]
        if found.simulated:
            lines.append(Text("SIMULATED machines and meter: this proves nothing.", "red"))
        if against is not None:
            said = f"differs from {against} in {', '.join(differs)}"
            lines.append(Text(said if differs else f"the same as {against}", "bold"))
        table = {**asdict(found), "summary": summary(found), "differs": list(differs)}
        show(as_json, table, lines, [kept, page])
    if differs:
        raise typer.Exit(NO)


def _proof(event: str, place: "Place", store: "SqlStore") -> Proof:
    from loadstone.apps.operations.pace import paced  # noqa: PLC0415 - see `opened`
    from loadstone.services.operations.proving import prove  # noqa: PLC0415

    known = store.event(event)
    terms = next((t for t in place.operation.sites if known and t.site == known.site), None)
    if terms is None:
        raise InputError("--event", event, "must be the id of an event; see `loadstone events`")
    timing = paced(terms.timing, place.speed(terms.site))
    return prove(
        event,
        terms=replace(terms, timing=timing),
        zone=place.zone_of(terms.site),
        store=store,
        telemetry=place.telemetry(),
        simulated=place.simulated,
    )


def _differences(now: Proof, before: Proof) -> tuple[str, ...]:
    """Return the parts in which two proofs of an event differ."""
    return tuple(
        one.name for one in fields(Proof) if getattr(now, one.name) != getattr(before, one.name)
    )
