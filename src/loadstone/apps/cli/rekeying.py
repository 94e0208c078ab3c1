# SPDX-License-Identifier: Apache-2.0
"""`loadstone rekey`: seal the passwords of machines with another key."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Annotated

import typer

from loadstone.adapters.files.operate_file import OPERATE
from loadstone.apps.cli.session import Json, NetworkDir, clean_errors, show
from loadstone.apps.clock import SystemClock
from loadstone.apps.operations.places import Place, libraries, read_place
from loadstone.model.errors import InputError

NewKey = Annotated[
    str,
    typer.Argument(
        metavar="KEY_FILE",
        help="File of the new key, a path from the network folder; made where there is none.",
    ),
]


def rekey(folder: NetworkDir, key_file: NewKey, *, as_json: Json = False) -> None:
    """Seal all passwords with another key, and name its file in operate.toml."""
    with clean_errors(as_json), libraries():
        # what edits the file loads here, so that planning does without it
        from loadstone.adapters.files.operate_edit import (  # noqa: PLC0415
            with_key_file,
            write_operation,
        )

        place = read_place(folder, SystemClock().now().date())
        old = place.operation.key_file
        if not key_file or (folder / key_file).resolve() == (folder / old).resolve():
            raise InputError("KEY_FILE", key_file, f"must be another file than {old}")
        with _alone(place), place.editing():
            count = _sealed_anew(place, key_file)
            text = (folder / OPERATE).read_text(encoding="utf-8")
            written = write_operation(folder, with_key_file(text, key_file))
        sealed = "1 password is" if count == 1 else f"{count} passwords are"
        lines = [
            f"{sealed} sealed with {key_file}.",
            f"{old} opens copies of the store from before, and nothing else.",
        ]
        table = {"passwords": count, "key_file": key_file, "old_key_file": old}
        show(as_json, table, lines, [written])


@contextmanager
def _alone(place: Place) -> Iterator[None]:
    """Keep agents away: one that runs holds the old key."""
    with ExitStack() as stack:
        for terms in place.operation.sites:
            lock = place.lock(terms.site)
            if not lock.take():
                rule = "must be stopped first: its agent holds the key"
                raise InputError("site", terms.site, rule)
            stack.callback(lock.let_go)
        yield


def _sealed_anew(place: Place, key_file: str) -> int:
    """Return how many passwords the new key seals.

    The store is sealed anew in one transaction, before operate.toml names the new key. Where
    the program was ended between the two, the store is open to the new key already.
    """
    folder, old = place.folder, place.operation.key_file
    # databases load here, so that planning needs neither them nor their time
    from loadstone.adapters.store import open_store  # noqa: PLC0415

    try:
        store = open_store(place.operation.store, Path(old), folder)
    except InputError as wrong:
        if wrong.field != "key_file" or not (folder / key_file).is_file():
            raise
        try:
            store = open_store(place.operation.store, Path(key_file), folder)
        except InputError:
            raise wrong from None
        old = key_file
    try:
        return store.rekey(folder / old, folder / key_file)
    finally:
        store.close()
