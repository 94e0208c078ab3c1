# SPDX-License-Identifier: Apache-2.0
"""Files of the history: their names, and what a name says of what is in force.

    FOLDER/site=SITE/KIND/day=YYYY-MM-DD/FIRST-LAST.parquet

Batches of a day are numbered. A file that took the place of several bears the first and the
last of their numbers, and hides every file within that range, those of the finer KIND as well.
So a crash between the writing of the one and the removal of the others doubles nothing.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from math import floor
from pathlib import Path
from urllib.parse import quote

DAY_S = 86_400
RAW, MEANS = "", "-5min"
MEAN_S = 300
"""Length of the means that are kept of old readings, s."""
METERS, MACHINES = "meters", "machines"
UNFINISHED = ".part"


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Part:
    """One file of a day.

    Attributes:
        first: Number of the first batch in it.
        last: Number of the last.
        path: Where it is.
    """

    first: int
    last: int
    path: Path

    def hides(self, other: "Part") -> bool:
        """Whether what is in the other is in this one as well."""
        inside = self.first <= other.first and other.last <= self.last
        return inside and self.path != other.path


def site_folder(folder: Path, site: str) -> Path:
    """Return the folder of a site."""
    return folder / f"site={quote(site, safe='')}"


def day_of(at_s: float) -> int:
    """Return the day of a time, counted since 1970."""
    return floor(at_s / DAY_S)


def day_folder(site: Path, kind: str, day: int) -> Path:
    """Return the folder of a day."""
    return site / kind / f"day={datetime.fromtimestamp(day * DAY_S, UTC):%Y-%m-%d}"


def days(site: Path, kind: str) -> list[int]:
    """Return the days that there is a folder of, ascending."""
    found = []
    with suppress(FileNotFoundError):
        for path in (site / kind).iterdir():
            with suppress(ValueError):
                began = datetime.strptime(path.name, "day=%Y-%m-%d").replace(tzinfo=UTC)
                found.append(int(began.timestamp()) // DAY_S)
    return sorted(found)


def parts(site: Path, kind: str, day: int) -> list[Part]:
    """Return all files of a day by number, those that are hidden too."""
    found = []
    with suppress(FileNotFoundError):
        for path in day_folder(site, kind, day).iterdir():
            first, _, last = path.stem.partition("-")
            if path.suffix == ".parquet" and first.isdigit() and last.isdigit():
                found.append(Part(first=int(first), last=int(last), path=path))
    return sorted(found)


def in_force(site: Path, what: str, day: int) -> tuple[list[Part], list[Part]]:
    """Return the files of a day that count: single readings, and means of five minutes."""
    raw, means = parts(site, what + RAW, day), parts(site, what + MEANS, day)
    shown = [part for part in raw if not any(one.hides(part) for one in (*raw, *means))]
    return shown, [part for part in means if not any(one.hides(part) for one in means)]


def hidden(site: Path, what: str, day: int) -> list[Path]:
    """Return files of a day that others took the place of: they may be removed."""
    count = {part.path for group in in_force(site, what, day) for part in group}
    both = (*parts(site, what + RAW, day), *parts(site, what + MEANS, day))
    return [part.path for part in both if part.path not in count]


def next_number(site: Path, what: str, day: int) -> int:
    """Return the number of the next batch of a day."""
    both = (*parts(site, what + RAW, day), *parts(site, what + MEANS, day))
    return max((part.last for part in both), default=0) + 1


def file_name(first: int, last: int) -> str:
    """Return the name of a file of a day."""
    return f"{first:08d}-{last:08d}.parquet"


def write_aside(folder: Path, name: str, write: Callable[[Path], None]) -> Path:
    """Write a file under a name that nobody reads, synced to the disk, and return its path.

    Args:
        folder: Its folder, made where it is missing.
        name: Its name in the end.
        write: Writes it at a path.

    Raises:
        OSError: It cannot be written; nothing of it stays.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}{UNFINISHED}"
    try:
        write(path)
        with path.open("rb+") as written:
            os.fsync(written.fileno())
    except BaseException:
        with suppress(OSError):
            path.unlink()
        raise
    return path


def unfinished(site: Path) -> Iterator[Path]:
    """Give files that a crash left half written."""
    yield from site.rglob(f"*{UNFINISHED}")
