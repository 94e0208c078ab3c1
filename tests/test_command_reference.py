# SPDX-License-Identifier: Apache-2.0

import re

import pytest
import typer
import typer.main

from tests.command_reference import command_line, options, page, walk
from tests.golden_text import compare
from tests.shape import REFERENCE, text_of

BUILT_IN = {"--help", "--install-completion", "--show-completion"}


def test_the_page_of_commands_is_what_the_command_line_says(request):
    update = bool(request.config.getoption("--update-golden"))
    root = command_line()
    if not update and not (REFERENCE / "commands.md").is_file():
        pytest.skip("docs/reference/commands.md is not written yet")
    compare("commands.md", page(root), folder=REFERENCE, update=update)


def test_every_command_and_option_is_in_the_reference():
    root = command_line()
    pages = "\n".join(text_of(path) for path in sorted(REFERENCE.rglob("*.md")))
    if "## loadstone" not in pages:
        pytest.skip("docs/reference/commands.md is not written yet")
    sections = re.split(r"(?m)^#+ ", pages)
    missing = [
        f"{words} {name}".strip()
        for words, command in walk(root)
        for name in ["", *(n for option in options(command) for n in option.opts)]
        if name not in BUILT_IN
        and not any(f"{words}\n" in section and name in section for section in sections)
    ]
    assert missing == []


def test_the_page_tells_arguments_options_and_defaults():
    app = typer.Typer(add_completion=False)

    @app.callback()
    def main() -> None:
        """Do sums."""

    @app.command()
    def plan(
        folder: str = typer.Argument(help="Network folder."),
        gap: float = typer.Option(1e-5, help="Stop | here."),
    ) -> None:
        """Find the plan."""

    text = page(typer.main.get_command(app))
    assert "## loadstone plan\n\n    loadstone plan FOLDER\n\nFind the plan.\n" in text
    assert "| `FOLDER` | Network folder. | required |" in text
    assert "| `--gap` | Stop \\| here. | `1e-05` |" in text
