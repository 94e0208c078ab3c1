# SPDX-License-Identifier: Apache-2.0
"""The command line: parse, call one function, print."""

import typer

from loadstone.apps.cli.calibrating import calibrate
from loadstone.apps.cli.checking import check
from loadstone.apps.cli.curtailing import curtail, release
from loadstone.apps.cli.demo import demo
from loadstone.apps.cli.exporting import export
from loadstone.apps.cli.importing import import_
from loadstone.apps.cli.operating import operate
from loadstone.apps.cli.planning import plan
from loadstone.apps.cli.proving import proof
from loadstone.apps.cli.rekeying import rekey
from loadstone.apps.cli.reporting import report
from loadstone.apps.cli.scanning import scan
from loadstone.apps.cli.simulating import fleet_sim
from loadstone.apps.cli.starting import new
from loadstone.apps.cli.valuing import value
from loadstone.apps.cli.verifying import verify
from loadstone.apps.cli.watching import events, machines, status

app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False)

app.command()(demo)
app.command()(new)
app.command()(check)
app.command("import")(import_)
app.command()(calibrate)
app.command()(plan)
app.command()(value)
app.command()(verify)
app.command()(report)
app.command()(export)
app.command()(operate)
app.command()(scan)
app.command()(rekey)
app.command("fleet-sim")(fleet_sim)
app.command()(status)
app.command()(machines)
app.command()(events)
app.command()(curtail)
app.command()(release)
app.command()(proof)


@app.callback()
def main() -> None:
    """Plan and run a network of data centres shared by Bitcoin mining and AI compute."""
