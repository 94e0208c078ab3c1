# SPDX-License-Identifier: Apache-2.0
"""`loadstone import`: bring an observed series in, with its provenance."""

from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from loadstone.apps.cli.session import Json, NetworkDir, clean_errors, show
from loadstone.model.errors import InputError

Kind = Literal["prices", "weather", "carbon", "solar", "wind"]
Fill = Literal["linear", "previous-day", "previous-week"]

File = Annotated[Path, typer.Argument(metavar="FILE", help="CSV or Parquet file.")]
Time = Annotated[str | None, typer.Option(metavar="COL", help="Column of times.")]
Value = Annotated[str | None, typer.Option(metavar="COL", help="Column of values.")]
Where = Annotated[
    list[str] | None,
    typer.Option(metavar="COL=X", help="Only rows in which a column has this text."),
]
Tz = Annotated[
    str | None, typer.Option(metavar="TZ", help="IANA zone of times that say none; else UTC.")
]
Label = Annotated[
    Literal["start", "end"], typer.Option(help="Whether a time starts or ends its interval.")
]
Unit = Annotated[str, typer.Option(metavar="U", help="Unit of the values, e.g. EUR/kWh or F.")]
Currency = Annotated[str, typer.Option(metavar="C", help="ISO 4217 code of prices.")]


def import_(
    kind: Annotated[
        Kind,
        typer.Argument(
            metavar="KIND", help="What the file holds: prices, weather, carbon, solar or wind."
        ),
    ],
    file: File,
    folder: NetworkDir,
    *,
    zone: Annotated[
        str, typer.Option(metavar="Z", help="Market zone, weather station or site.")
    ],
    time: Time = None,
    value: Value = None,
    where: Where = None,
    tz: Tz = None,
    label: Label = "start",
    unit: Unit = "",
    currency: Currency = "",
    fill: Annotated[
        Fill | None,
        typer.Option(
            metavar="METHOD",
            help="Fill gaps: linear, previous-day or previous-week. Refused otherwise.",
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Bring an observed series into a network; gaps and doubled hours are refused by name."""
    # Parquet loads here, so that other commands do without it
    from loadstone.adapters.sources.folder import write_series  # noqa: PLC0415
    from loadstone.adapters.sources.importing import import_series  # noqa: PLC0415

    with clean_errors(as_json):
        imported = import_series(
            file,
            kind=kind,
            zone=zone,
            time_column=time,
            value_column=value,
            where=conditions(where),
            tz=tz,
            label=label,
            unit=unit,
            currency=currency,
            fill=fill,
        )
        files = write_series(folder, imported)
    years = sorted({one.year for one in imported.series})
    table: dict[str, Any] = {
        "kind": kind, "zone": zone, "years": years, "said": imported.said,
        "columns": dict(imported.columns), "sha256": imported.sha256,
    }  # fmt: skip
    lines = [f"{kind} of {zone}: {', '.join(map(str, years))}", *imported.said]
    show(as_json, table, lines, files)


def conditions(where: list[str] | None) -> dict[str, str]:
    """Return what `--where COL=X` says.

    Raises:
        InputError: There is no "=" in it.
    """
    found = {}
    for text in where or ():
        column, equals, wanted = text.partition("=")
        if not equals:
            raise InputError("--where", text, "must be COL=X")
        found[column] = wanted
    return found
