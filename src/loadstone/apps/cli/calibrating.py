# SPDX-License-Identifier: Apache-2.0
"""`loadstone calibrate`: statistics of a series, for a typical year or for futures."""

from typing import Annotated, Literal

import numpy as np
import typer
from rich.text import Text

from loadstone.apps.cli.importing import (
    Currency,
    File,
    Kind,
    Label,
    Time,
    Tz,
    Unit,
    Value,
    Where,
    conditions,
)
from loadstone.apps.cli.session import Json, clean_errors, show

Factor = Literal["btc", "hashrate", "power", "fx", "ai"]


def calibrate(
    file: File,
    *,
    kind: Annotated[
        Kind,
        typer.Option(
            metavar="KIND", help="What the file holds: prices, weather, carbon, solar or wind."
        ),
    ] = "prices",
    zone: Annotated[
        str, typer.Option(metavar="Z", help="Name of the statistics; else that of the file.")
    ] = "",
    time: Time = None,
    value: Value = None,
    where: Where = None,
    tz: Tz = None,
    label: Label = "start",
    unit: Unit = "",
    currency: Currency = "",
    factor: Annotated[
        Factor | None,
        typer.Option(
            "--as",
            metavar="FACTOR",
            help="Print lines of futures.toml instead: btc, hashrate, power, fx or ai.",
        ),
    ] = None,
    since: Annotated[
        str, typer.Option(metavar="MONTH", help="First month for --as, e.g. 2021-01.")
    ] = "",
    as_json: Json = False,
) -> None:
    """Print the statistics of a series: what a typical year or futures are made from."""
    # Parquet and numba load here, so that other commands do without them
    from loadstone.adapters.sources.calibrating import calibrate_file  # noqa: PLC0415
    from loadstone.adapters.sources.futures_fit import fit_file  # noqa: PLC0415
    from loadstone.adapters.sources.importing import Request  # noqa: PLC0415
    from loadstone.adapters.sources.statistics_file import to_table  # noqa: PLC0415

    name = zone or file.stem.replace(" ", "-")
    if factor is not None:
        with clean_errors(as_json):
            fit = fit_file(
                file,
                factor,
                name=name,
                time=time,
                value=value,
                where=conditions(where),
                since=since,
            )
        told = {"table": fit.table, "values": fit.values, "months": fit.months}
        show(as_json, told, [Text(line) for line in fit.lines])
        return
    with clean_errors(as_json):
        request = Request(
            kind=kind,
            zone=name,
            time=time,
            value=value,
            where=tuple(conditions(where).items()),
            tz=tz,
            label=label,
            unit=unit,
            currency=currency,
        )
        found, said = calibrate_file(file, request)
    hours = np.asarray(found.mean).mean(axis=0)
    months = np.asarray(found.mean).mean(axis=1)
    lines = [
        f"{found.zone}: {found.variable} of {', '.join(map(str, found.years))}, {found.unit}",
        *said,
        f"level {found.level:,.4g}" if found.level is not None else "level not kept",
        f"mean by month, over the level: {_row(months)}",
        f"mean by local hour, over the level: {_row(hours)}",
        "autocorrelation: " + ", ".join(
            f"{lag} h {value:.2f}"
            for lag, value in zip(found.lags, found.autocorrelation, strict=True)
            if lag in {1, 24, 168}
        ),
    ]  # fmt: skip
    show(as_json, {"statistics": to_table(found), "said": said}, lines)


def _row(values: np.ndarray) -> str:
    return " ".join(f"{value:.2f}" for value in values)
