# SPDX-License-Identifier: Apache-2.0
"""Questions to the history, answered by DuckDB: single readings and, of old days, means."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any, NamedTuple

import duckdb
import numpy as np

from loadstone.adapters.store.telemetry import shelf
from loadstone.adapters.store.telemetry.columns import Metered
from loadstone.adapters.store.telemetry.shelf import DAY_S, MACHINES, MEAN_S, METERS
from loadstone.engines.measurement.intervals import held_between, trace_of
from loadstone.model.errors import InputError, OutsideError
from loadstone.model.operations.history import Energy, MachinePoint, Peak
from loadstone.model.ports import TraceRow
from loadstone.model.series import Floats

HELD_S = 60.0
"""A reading of power holds until the next, this long at most, s."""

METER_RAW = """
    SELECT at_s, power_mw, energy_mwh, 0::DOUBLE AS mean_of_s
    FROM read_parquet($files) WHERE meter = $name AND at_s >= $from_s AND at_s < $until_s
"""
METER_MEANS = """
    SELECT at_s, power_mw, energy_mwh, known_s AS mean_of_s
    FROM read_parquet($files) WHERE meter = $name AND at_s >= $from_s AND at_s < $until_s
"""
MACHINE_RAW = """
    SELECT at_s, 0::DOUBLE AS span_s, (seen = 1)::INTEGER AS running,
        (seen = 2)::INTEGER AS stopped, (seen = 0)::INTEGER AS unknown,
        power_w, power_w AS power_min_w, power_w AS power_max_w, hashrate_th
    FROM read_parquet($files) WHERE machine = $name AND at_s >= $from_s AND at_s < $until_s
"""
MACHINE_MEANS = f"""
    SELECT at_s, {MEAN_S}::DOUBLE AS span_s, running, stopped, unknown,
        power_w, power_min_w, power_max_w, hashrate_th
    FROM read_parquet($files) WHERE machine = $name AND at_s >= $from_s AND at_s < $until_s
"""

Waits = Callable[[str, str], Sequence[Metered]]


def database() -> duckdb.DuckDBPyConnection:
    """Return a DuckDB that reads files and fetches nothing from elsewhere."""
    connection = duckdb.connect()
    for setting in (
        "autoinstall_known_extensions = false",
        "memory_limit = '256MB'",
        "threads = 2",
        "preserve_insertion_order = true",
    ):
        connection.execute(f"SET {setting}")
    return connection


class History:
    """The history in a folder, for any program to read.

    Args:
        folder: Its folder.
        waiting: Returns readings of a site and meter that are not yet written.
        turn: Held while what waits is told apart from what is written.
    """

    def __init__(
        self,
        folder: Path,
        waiting: Waits = lambda site, meter: (),
        turn: AbstractContextManager[Any] | None = None,
    ) -> None:
        self._folder, self._waiting, self._turn = folder, waiting, turn or nullcontext()
        self._duckdb: duckdb.DuckDBPyConnection | None = None

    def meter_trace(
        self, site: str, meter: str, from_s: float, until_s: float
    ) -> Sequence[TraceRow]:
        """Return readings of a meter in time order; where only means are kept, those.

        Args:
            site: Site.
            meter: Id of the meter.
            from_s: From this time.
            until_s: Before this time.

        Raises:
            OutsideError: A file cannot be read.
        """
        at_s, power, energy, mean_of_s = self._meter(site, meter, from_s, until_s).tolist()
        return [
            TraceRow(*row)
            for row in zip(at_s, map(_told, power), map(_told, energy), mean_of_s, strict=True)
        ]

    def machine_trace(
        self, site: str, machine: str, from_s: float, until_s: float
    ) -> Sequence[MachinePoint]:
        """Return readings of a machine, in time order; of old days what is kept of them.

        Args:
            site: Site.
            machine: Id of the machine.
            from_s: From this time.
            until_s: Before this time.

        Raises:
            OutsideError: A file cannot be read.
        """
        asked = Asked(MACHINES, site, machine, from_s, until_s)
        _, pieces = self._read(
            asked, (MACHINE_RAW, MACHINE_MEANS), lambda found: found.fetchall()
        )
        rows = sorted((row for piece in pieces for row in piece), key=lambda row: float(row[0]))
        names = MachinePoint.__slots__
        return [MachinePoint(**dict(zip(names, row, strict=True))) for row in rows]

    def energy(self, site: str, meter: str, from_s: float, until_s: float) -> Energy:
        """Return the energy through a meter.

        Args:
            site: Site.
            meter: Id of the meter.
            from_s: From this time.
            until_s: Until this time.

        Raises:
            InputError: The time is empty.
            OutsideError: A file cannot be read.
        """
        held, known_s = self._over(site, meter, np.array([from_s, until_s]))
        _, _, inside, _ = self._meter(site, meter, from_s, until_s)
        counter = inside[~np.isnan(inside)]
        grows = counter.size > 1 and bool((np.diff(counter) >= 0).all())
        return Energy(
            mwh=float(held[0] / 3600),
            covered=float(known_s[0] / (until_s - from_s)),
            counter_mwh=float(counter[-1] - counter[0]) if grows else None,
        )

    def peak(
        self, site: str, meter: str, from_s: float, until_s: float, *, interval_s: int = 900
    ) -> Peak | None:
        """Return the interval with the highest mean power; None where none is known.

        Args:
            site: Site.
            meter: Id of the meter.
            from_s: Beginning of the first interval.
            until_s: Intervals that begin before this time.
            interval_s: Length of an interval, s.

        Raises:
            InputError: The time is empty.
            OutsideError: A file cannot be read.
        """
        count = int(np.ceil((until_s - from_s) / interval_s))
        held, known_s = self._over(site, meter, from_s + interval_s * np.arange(count + 1.0))
        known = known_s > 1e-6  # shorter than any reading: the rounding of sums
        if not known.any():
            return None
        means = np.where(known, held / np.where(known, known_s, 1.0), -np.inf)
        best = int(means.argmax())
        return Peak(
            starts_s=from_s + interval_s * best,
            mw=float(means[best]),
            covered=float(known_s[best] / interval_s),
        )

    def _over(self, site: str, meter: str, edges: Floats) -> tuple[Floats, Floats]:
        """Return MW s and seconds of known power between each two edges."""
        if not edges[0] < edges[-1]:
            raise InputError("until_s", float(edges[-1]), "must be after from_s")
        found = self._meter(site, meter, float(edges[0]) - MEAN_S, float(edges[-1]))
        return held_between(trace_of(*found, hold_s=HELD_S), edges)

    def _meter(self, site: str, meter: str, from_s: float, until_s: float) -> Floats:
        """Return readings in time order, a row for each column of `TraceRow`, shape (4, N)."""
        asked = Asked(METERS, site, meter, from_s, until_s)
        waiting, pieces = self._read(
            asked, (METER_RAW, METER_MEANS), lambda found: found.fetchnumpy().values()
        )
        tables = [np.array([filled(column) for column in piece]) for piece in pieces]
        tables.append(
            np.array(
                [
                    (one.at_s, one.reading.power_mw, one.reading.energy_mwh, 0.0)
                    for one in waiting
                    if from_s <= one.at_s < until_s
                ],
                dtype=np.float64,
            )
            .reshape(-1, 4)
            .T
        )
        table = np.concatenate(tables, axis=1)
        return table[:, np.argsort(table[0], kind="stable")]

    def _read(
        self, asked: "Asked", questions: tuple[str, str], fetch: Callable[[Any], Any]
    ) -> tuple[Sequence[Metered], list[Any]]:
        """Return what waits in memory, and what is fetched of single readings and of means."""
        self._duckdb = self._duckdb or database()
        while True:
            with self._turn:  # what waits and what is written are told apart at one moment
                waiting = self._waiting(asked.site, asked.name) if asked.what == METERS else ()
                files = self._files(asked)
            values = {"name": asked.name, "from_s": asked.from_s, "until_s": asked.until_s}
            try:
                return waiting, [
                    fetch(self._duckdb.cursor().execute(question, {"files": some, **values}))
                    for question, some in zip(questions, files, strict=True)
                    if some
                ]
            except duckdb.Error as error:
                if self._files(asked) == files:
                    said = str(error).splitlines()[0]
                    raise OutsideError(f"history in {self._folder}: {said}") from None
                # else files that were listed have been joined meanwhile: look again

    def _files(self, asked: "Asked") -> tuple[list[str], list[str]]:
        """Return the files that count, single readings and means, as two looks agree on."""
        seen = self._listed(asked)
        while (again := self._listed(asked)) != seen:  # names changed while they were read
            seen = again
        return seen

    def _listed(self, asked: "Asked") -> tuple[list[str], list[str]]:
        folder = shelf.site_folder(self._folder, asked.site)
        days = {
            *shelf.days(folder, asked.what),
            *shelf.days(folder, asked.what + shelf.MEANS),
        }
        raw: list[str] = []
        means: list[str] = []
        for day in sorted(days):
            if (day + 1) * DAY_S > asked.from_s and day * DAY_S < asked.until_s:
                single, kept = shelf.in_force(folder, asked.what, day)
                raw += [str(part.path) for part in single]
                means += [str(part.path) for part in kept]
        return raw, means


class Asked(NamedTuple):
    """What is asked of the history.

    Attributes:
        what: Meters or machines.
        site: Site.
        name: Id of the meter or machine.
        from_s: From this time.
        until_s: Before this time.
    """

    what: str
    site: str
    name: str
    from_s: float
    until_s: float


def filled(column: Any) -> Floats:
    """Return numbers of DuckDB, nan for nothing."""
    return np.ma.filled(np.ma.asarray(column, dtype=np.float64), np.nan)


def _told(value: float) -> float | None:
    return None if np.isnan(value) else value
