# SPDX-License-Identifier: Apache-2.0
"""The history of readings as files of Parquet, written in batches."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from threading import RLock

from loadstone.adapters.store.durable import sync_folder
from loadstone.adapters.store.telemetry import shelf
from loadstone.adapters.store.telemetry.columns import (
    Metered,
    Taken,
    Waiting,
    sweep_of,
    table_of,
    write_table,
)
from loadstone.adapters.store.telemetry.compaction import compact_site
from loadstone.adapters.store.telemetry.history import History
from loadstone.adapters.store.telemetry.journal import Journal
from loadstone.adapters.store.telemetry.shelf import MACHINES, METERS
from loadstone.model.errors import InputError, OutsideError
from loadstone.model.operations.history import Energy, Loss, MachinePoint, Peak
from loadstone.model.operations.meter import MeterReading
from loadstone.model.ports import Telemetry, TraceRow

MOST_ROWS = 3_000_000
"""Rows that may wait while the disk is full: five hundred sweeps of 6,000 machines, 50 MB."""

Key = tuple[str, str, int]  # site, meters or machines, day


def open_telemetry(
    folder: Path, days: Mapping[str, float], *, most_rows: int = MOST_ROWS
) -> "ParquetTelemetry":
    """Return the history in a folder, for the program that adds to it.

    One program adds to the history of a site at a time; any may read it, with `History`.

    Args:
        folder: The folder, made where it is missing.
        days: For how long single readings are kept at each site, days.
        most_rows: Rows that may wait in memory.

    Raises:
        OutsideError: The folder cannot be made or read.
    """
    return ParquetTelemetry(folder, days, most_rows)


class ParquetTelemetry:
    """The history of readings; see `model.ports.Telemetry` for what its calls promise.

    Args:
        folder: Its folder.
        days: For how long single readings are kept at each site, days.
        most_rows: Rows that may wait in memory.
    """

    def __init__(self, folder: Path, days: Mapping[str, float], most_rows: int) -> None:
        self._folder, self._days, self._most_rows = folder, dict(days), most_rows
        self._turn = RLock()  # of what waits and of the names of files
        self._writing = RLock()  # of one flush or compaction at a time
        self._waiting: dict[Key, Waiting] = {}
        self._numbers: dict[Key, int] = {}
        self._last_s: dict[str, float] = {}
        self._unnoted: set[str] = set()
        self._lost: list[Loss] = []
        self._history = History(folder, self._meters_waiting, self._turn)
        try:
            for site in self._days:
                self._recover(site)
        except OSError as error:
            raise self._outside(error) from None

    def _site(self, site: str) -> Path:
        return shelf.site_folder(self._folder, site)

    def _recover(self, site: str) -> None:
        folder = self._site(site)
        folder.mkdir(parents=True, exist_ok=True)
        for path in list(shelf.unfinished(folder)):
            path.unlink()
        left = Journal(folder).left()
        if left is not None:
            reason = "the program ended before it had written what it had read"
            self._lost.append(Loss(site=site, from_s=left, reason=reason))

    # adding

    def add_meter(self, site: str, reading: MeterReading, at_s: float) -> None:
        """Keep a reading of a meter."""
        self._add((site, METERS, shelf.day_of(at_s)), Metered(at_s=at_s, reading=reading))

    def add_sweep(
        self,
        site: str,
        at_s: float,
        *,
        machines: Sequence[str],
        seen: Sequence[int],
        power_w: Sequence[float],
        hashrate_th: Sequence[float],
    ) -> None:
        """Keep one sweep: a row for each machine, codes of `Seen`, nan for unknown.

        Raises:
            InputError: The columns have different lengths.
        """
        lengths = {len(machines), len(seen), len(power_w), len(hashrate_th)}
        if len(lengths) > 1:
            raise InputError(
                "machines", len(machines), f"has columns of {sorted(lengths)} rows"
            )
        sweep = sweep_of(at_s, machines, seen, power_w, hashrate_th)
        self._add((site, MACHINES, shelf.day_of(at_s)), sweep)

    def _add(self, key: Key, one: Taken) -> None:
        site = key[0]
        if not one.rows:
            return
        with self._turn:
            self._waiting.setdefault(key, Waiting()).add(one)
            self._drop_beyond_bound()
            if site not in self._last_s:
                self._last_s[site] = one.at_s
                self._unnoted.add(site)
                with suppress(OSError):  # the next flush tries again, and tells
                    self._note(site)

    def _note(self, site: str) -> None:
        Journal(self._site(site)).note(self._last_s[site])
        self._unnoted.discard(site)

    def _drop_beyond_bound(self) -> None:
        rows = sum(waiting.rows for waiting in self._waiting.values())
        dropped: dict[str, list[Taken]] = defaultdict(list)
        while rows > self._most_rows:
            key = min(self._waiting, key=lambda key: self._waiting[key].taken[0].at_s)
            one = self._waiting[key].drop_oldest()
            rows -= one.rows
            dropped[key[0]].append(one)
            if not self._waiting[key].taken:
                del self._waiting[key]
        for site, taken in dropped.items():
            self._count_lost(site, taken)

    def _count_lost(self, site: str, taken: Sequence[Taken]) -> None:
        """Add to the loss of a site that goes on, or begin one."""
        reason = "the disk took nothing, and no more could be kept in memory"
        rows = sum(one.rows for one in taken)
        from_s, until_s = taken[0].at_s, taken[-1].at_s
        for place, loss in enumerate(self._lost):
            if loss.site == site and loss.reason == reason:
                from_s, rows = min(loss.from_s, from_s), rows + (loss.rows or 0)
                del self._lost[place]
                break
        self._lost.append(
            Loss(site=site, from_s=from_s, until_s=until_s, rows=rows, reason=reason)
        )

    # writing

    def flush(self) -> None:
        """Write what is waiting.

        Raises:
            OutsideError: The disk is full or gone; what waits is kept, up to a bound, and the
                rest is counted as lost.
        """
        with self._writing:
            with self._turn:
                now = {key: len(waiting.taken) for key, waiting in self._waiting.items()}
            try:
                for key in now:
                    self._write(key)
                for site in {key[0] for key in now} | self._unnoted:
                    self._note(site)
            except OSError as error:
                raise self._outside(error) from None

    def _write(self, key: Key) -> None:
        site, what, day = key
        with self._turn:
            if key not in self._waiting:
                return
            taken = list(self._waiting[key].taken)
        number = self._numbers.get(key) or shelf.next_number(self._site(site), what, day)
        folder = shelf.day_folder(self._site(site), what + shelf.RAW, day)
        name = shelf.file_name(number, number)
        table = table_of(what, taken)
        aside = shelf.write_aside(folder, name, lambda path: write_table(table, path))
        with self._turn:
            aside.replace(folder / name)
            self._numbers[key] = number + 1
            self._forget(key, taken)
        sync_folder(folder)
        sync_folder(folder.parent)

    def _forget(self, key: Key, taken: Sequence[Taken]) -> None:
        written = {id(one) for one in taken}
        rest = Waiting()
        for one in self._waiting.pop(key, Waiting()).taken:
            if id(one) not in written:
                rest.add(one)
        if rest.taken:
            self._waiting[key] = rest
        last_s = max(one.at_s for one in taken)
        self._last_s[key[0]] = max(self._last_s.get(key[0], last_s), last_s)

    def _outside(self, error: OSError) -> OutsideError:
        rows = self.rows_waiting
        said = error.strerror or str(error).splitlines()[0]
        return OutsideError(
            f"history in {self._folder}: {said}; {rows} rows wait in memory, at most"
            f" {self._most_rows} can; make room on the disk, the next flush tries again"
        )

    @property
    def rows_waiting(self) -> int:
        """Rows in memory that are not yet on the disk."""
        with self._turn:
            return sum(waiting.rows for waiting in self._waiting.values())

    def losses(self, site: str) -> tuple[Loss, ...]:
        """Return what a site lost since this was last asked, to be put on record."""
        with self._turn:
            lost = tuple(loss for loss in self._lost if loss.site == site)
            self._lost = [loss for loss in self._lost if loss.site != site]
        return lost

    def compact(self, now_s: float) -> None:
        """Join small files, and keep means of five minutes of what is old.

        It may take seconds to minutes: call it in a thread, every few minutes.

        Args:
            now_s: The time, seconds since 1970, UTC.

        Raises:
            OutsideError: The disk is full or gone; nothing is lost.
        """
        try:
            for site, days in self._days.items():
                with self._writing:
                    compact_site(self._site(site), now_s, days)
        except OSError as error:
            raise self._outside(error) from None

    def close(self) -> None:
        """Write what is waiting, and note that all is written.

        Raises:
            OutsideError: As of `flush`.
        """
        self.flush()
        for site in self._last_s:
            Journal(self._site(site)).close()
        self._last_s.clear()

    # reading

    def _meters_waiting(self, site: str, meter: str) -> list[Metered]:
        return [
            one
            for key, waiting in self._waiting.items()
            if key[:2] == (site, METERS)
            for one in waiting.taken
            if one.reading.meter == meter
        ]

    def meter_trace(
        self, site: str, meter: str, from_s: float, until_s: float
    ) -> Sequence[TraceRow]:
        """Return readings of a meter in time order; where only means are kept, those."""
        return self._history.meter_trace(site, meter, from_s, until_s)

    def machine_trace(
        self, site: str, machine: str, from_s: float, until_s: float
    ) -> Sequence[MachinePoint]:
        """Return readings of a machine that are written, in time order."""
        return self._history.machine_trace(site, machine, from_s, until_s)

    def energy(self, site: str, meter: str, from_s: float, until_s: float) -> Energy:
        """Return the energy through a meter."""
        return self._history.energy(site, meter, from_s, until_s)

    def peak(
        self, site: str, meter: str, from_s: float, until_s: float, *, interval_s: int = 900
    ) -> Peak | None:
        """Return the interval with the highest mean power; None where none is known."""
        return self._history.peak(site, meter, from_s, until_s, interval_s=interval_s)


def _fits(telemetry: ParquetTelemetry) -> Telemetry:
    return telemetry  # the type-checker sees that it is one
