# SPDX-License-Identifier: Apache-2.0
"""How the tests of the command line run it."""

import json
from typing import Any

from typer.testing import CliRunner, Result

from loadstone.apps.cli import app


def run(*words: object) -> Result:
    """Run a command and return what it printed and its exit code."""
    return CliRunner().invoke(app, [str(word) for word in words])


def answer(*words: object, code: int = 0) -> Any:
    """Run a command with --json and return its object."""
    result = run(*words, "--json")
    assert result.exit_code == code, result.output
    return json.loads(result.stdout)
