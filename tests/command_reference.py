# SPDX-License-Identifier: Apache-2.0
"""The page docs/reference/commands.md, told from the command line itself."""

import importlib.util
from collections.abc import Iterator
from typing import Any

import pytest

from tests.shape import ROOT

HEAD = """\
# Commands

Made from the command line by `pytest tests/test_command_reference.py --update-golden`.

Exit codes: 0 done, 1 the answer is no, 2 wrong input, 3 the outside world failed.
"""


def command_line() -> Any:
    """Return the root command, or skip the test where there is no command line yet."""
    if not (ROOT / "src" / "loadstone" / "apps" / "cli" / "__init__.py").is_file():
        pytest.skip("there is no command line yet")
    if importlib.util.find_spec("loadstone.apps.cli") is None:
        pytest.skip("the command line is not installed")
    import typer.main

    from loadstone.apps.cli import app

    return typer.main.get_command(app)


def walk(command: Any, words: tuple[str, ...] = ("loadstone",)) -> Iterator[tuple[str, Any]]:
    """Yield every command that is not hidden, with its words."""
    yield " ".join(words), command
    for name, child in getattr(command, "commands", {}).items():
        if not child.hidden:
            yield from walk(child, (*words, name))


def options(command: Any) -> list[Any]:
    """Return the options of a command that a reader should know."""
    return [p for p in command.params if p.param_type_name == "option" and not p.hidden]


def page(root: Any) -> str:
    """Return the reference page in Markdown."""
    return "\n".join([HEAD, *(_section(words, command) for words, command in walk(root))])


def _section(words: str, command: Any) -> str:
    wanted = [p for p in command.params if p.param_type_name == "argument"]
    usage = " ".join([words, *(_usage(argument) for argument in wanted)])
    lines = [f"## {words}", "", f"    {usage}", "", (command.help or "").strip(), ""]
    rows = [(f"`{_usage(argument)}`", argument) for argument in wanted]
    rows += [(_names(option), option) for option in options(command)]
    if rows:
        lines += ["| argument or option | meaning | default |", "|---|---|---|"]
        lines += [f"| {name} | {_cell(p.help)} | {_default(p)} |" for name, p in rows]
    return "\n".join(lines) + "\n"


def _usage(argument: Any) -> str:
    name = argument.metavar or argument.name.upper()
    return name if argument.required or name.startswith("[") else f"[{name}]"


def _names(option: Any) -> str:
    return ", ".join(f"`{name}`" for name in [*option.opts, *option.secondary_opts])


def _cell(text: str | None) -> str:
    return " ".join((text or "").replace("|", "\\|").split())


def _default(parameter: Any) -> str:
    value = parameter.default
    if parameter.required:
        return "required"
    if value in (None, False, (), "") or callable(value):
        return ""
    return f"`{value}`"
