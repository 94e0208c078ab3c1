# SPDX-License-Identifier: Apache-2.0
"""What every command shares: results as text or JSON, errors as one line and an exit code."""

import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from math import isfinite
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console, RenderableType
from rich.text import Text

from loadstone.model.errors import (
    InfeasibleError,
    InputError,
    InputErrors,
    LoadstoneError,
    OutsideError,
)

NO, WRONG_INPUT, OUTSIDE, STOPPED = 1, 2, 3, 130

Json = Annotated[bool, typer.Option("--json", help="Print the result as one JSON object.")]
NetworkDir = Annotated[Path, typer.Argument(metavar="DIR", help="Network folder.")]
RunDir = Annotated[Path, typer.Argument(metavar="RUN", help="Folder of a run.")]


def console() -> Console:
    """Return where results are printed."""
    return Console(soft_wrap=not sys.stdout.isatty(), highlight=False)


def side_console() -> Console:
    """Return where progress is shown; it is no terminal where nobody watches."""
    return Console(stderr=True, highlight=False)


@contextmanager
def clean_errors(as_json: bool) -> Iterator[None]:
    """Turn what went wrong into lines on stderr, or into JSON, and an exit code."""
    try:
        yield
    except LoadstoneError as error:
        raise _told(error, as_json) from None
    except UnicodeEncodeError as error:
        # a byte of the command line that was no UTF-8, on its way into a file or a database
        wrong = InputError("argument", error.object, "must be text in UTF-8")
        raise _told(wrong, as_json) from None
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        message = f"{where}{error.strerror or error}; check that it can be read and written"
        if as_json:
            print_json({"errors": [{"message": message}]})
        else:
            typer.secho(f"error: {message}", err=True, fg="red")
        raise typer.Exit(OUTSIDE) from None
    except KeyboardInterrupt:
        typer.secho("error: stopped before the end", err=True, fg="red")
        raise typer.Exit(STOPPED) from None


def _told(error: LoadstoneError, as_json: bool) -> typer.Exit:
    """Print what went wrong and return the end of the program."""
    if as_json:
        print_json({"errors": list(_rows(error))})
    else:
        for line in (str(error) or "no plan keeps all limits").splitlines():
            typer.secho(f"error: {line}", err=True, fg="red")
    return typer.Exit(_code(error))


def show(
    as_json: bool,
    table: Mapping[str, Any],
    lines: Iterable[RenderableType] = (),
    files: Iterable[Path] = (),
) -> None:
    """Print a result, as text with the files written, or as JSON.

    Args:
        as_json: Which of the two.
        table: The result as plain values.
        lines: The result for people.
        files: Files that were written.
    """
    written = list(files)
    if as_json:
        print_json({**table, "files": [str(path) for path in written]})
        return
    out = console()
    for line in lines:
        out.print(line)
    for path in written:
        out.print(Text(f"wrote {path}", style="dim"))


def print_json(table: Mapping[str, Any]) -> None:
    """Print one JSON object."""
    text = json.dumps(table, indent=2, ensure_ascii=False, default=str)
    # a byte of the command line that was no UTF-8 is written as JSON escapes it
    typer.echo(text.encode("utf-8", "backslashreplace").decode())


def _code(error: LoadstoneError) -> int:
    if isinstance(error, InfeasibleError):
        return NO
    return OUTSIDE if isinstance(error, OutsideError) else WRONG_INPUT


def _plain(value: object) -> object:
    """Return a value as JSON has it: it has no number that is none, and none without end."""
    return str(value) if isinstance(value, float) and not isfinite(value) else value


def _rows(error: LoadstoneError) -> Iterator[dict[str, Any]]:
    if isinstance(error, InputErrors):
        for each in error.errors:
            yield from _rows(each)
    elif isinstance(error, InputError):
        yield {
            "file": error.file,
            "field": error.field,
            "value": _plain(error.value),
            "rule": error.rule,
        }
    elif isinstance(error, InfeasibleError):
        for conflict in error.conflicts:
            yield {"conflict": list(conflict.rules), "relax": conflict.relax}
    else:
        yield {"message": str(error)}
