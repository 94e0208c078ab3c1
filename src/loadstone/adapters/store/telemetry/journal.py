# SPDX-License-Identifier: Apache-2.0
"""A note beside the history of a site: up to when it is written, while a program adds to it.

It is there exactly as long as readings may be in memory alone. A program that finds one at its
start knows that its forerunner ended without writing the rest.
"""

import json
from contextlib import suppress
from pathlib import Path

from loadstone.adapters.store.durable import sync_folder
from loadstone.adapters.store.telemetry.shelf import write_aside

NAME = "open.json"


class Journal:
    """The note of one site.

    Args:
        folder: Folder of the site.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def left(self) -> float | None:
        """Return up to when a forerunner that did not end well had written; None for no such.

        Raises:
            OSError: It cannot be read.
        """
        try:
            return float(json.loads((self._folder / NAME).read_text())["written_until_s"])
        except FileNotFoundError:
            return None
        except (ValueError, KeyError, TypeError):
            return 0.0  # there is one, and it is not readable

    def note(self, until_s: float) -> None:
        """Say that everything before a time is written, durably.

        Raises:
            OSError: It cannot be written.
        """

        def write(path: Path) -> None:
            path.write_text(json.dumps({"written_until_s": until_s}))

        aside = write_aside(self._folder, NAME, write)
        aside.replace(self._folder / NAME)
        sync_folder(self._folder)

    def close(self) -> None:
        """Say that everything is written."""
        with suppress(FileNotFoundError):
            (self._folder / NAME).unlink()
            sync_folder(self._folder)
