# SPDX-License-Identifier: Apache-2.0
"""`loadstone report`: write the report and the workbook of a run again."""

import loadstone
from loadstone.apps.cli.session import Json, RunDir, clean_errors, show, side_console


def report(run: RunDir, as_json: Json = False) -> None:
    """Write the report and the workbook of a run again."""
    with clean_errors(as_json), side_console().status("writing"):
        files = loadstone.report(run)
    show(as_json, {"run": str(run)}, (), files)
