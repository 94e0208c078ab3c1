# SPDX-License-Identifier: Apache-2.0
"""Runs what a page tells its reader to do, from top to bottom, in an empty folder.

- a block `python` is executed; the blocks of a page share their names
- a block `sh` is run by bash with the commands of this environment
- any block with title="path" is written to that file first, and is then not run
- `<!-- not run: reason -->` on the line before a block leaves it out
- `<!-- long -->` anywhere on a page moves it to `make check-long`
"""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import chdir
from dataclasses import dataclass
from pathlib import Path

BLOCK = re.compile(
    r"^(?P<skip><!-- not run: .+ -->\n\n?)?"
    r"(?P<indent> *)```(?P<kind>\w+)(?P<rest>[^\n]*)\n(?P<text>.*?)^(?P=indent)```$",
    re.MULTILINE | re.DOTALL,
)
TITLE = re.compile(r'title="([^"]+)"')


@dataclass(frozen=True, slots=True, kw_only=True)
class Snippet:
    """A block of a page that is to be done: `file` is where it is written, "" to run it."""

    kind: str
    file: str
    text: str
    line: int


def snippets(page: str) -> Iterator[Snippet]:
    """Yield what a page asks its reader to write or run."""
    for match in BLOCK.finditer(page):
        title = TITLE.search(match["rest"])
        if match["skip"] or not (title or match["kind"] in {"python", "sh"}):
            continue
        text = re.sub(rf"^{match['indent']}", "", match["text"], flags=re.MULTILINE)
        line = page.count("\n", 0, match.start("text")) + 1
        yield Snippet(kind=match["kind"], file=title[1] if title else "", text=text, line=line)


def follow(page: str, name: str, folder: Path) -> None:
    """Do what a page says, in `folder`; raise at the first thing that does not work."""
    names = {"__name__": "__page__"}
    with chdir(folder):
        for snippet in snippets(page):
            if snippet.file:
                path = folder / snippet.file
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(snippet.text, encoding="utf-8")
            elif snippet.kind == "sh":
                _shell(snippet, name)
            else:
                lines = "\n" * (snippet.line - 1) + snippet.text  # errors name the page's line
                exec(compile(lines, name, "exec"), names)


def _shell(snippet: Snippet, name: str) -> None:
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", snippet.text],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PATH": path},
    )
    told = f"{name}:{snippet.line}: exit code {done.returncode}\n{done.stdout}{done.stderr}"
    assert done.returncode == 0, told
