# SPDX-License-Identifier: Apache-2.0
"""`loadstone operate`: run sites until stopped."""

from typing import Annotated

import typer

from loadstone.apps.cli.session import Json, NetworkDir, clean_errors, print_json
from loadstone.apps.cli.site_options import SomeSite
from loadstone.apps.clock import SystemClock
from loadstone.apps.operations.asking import seconds
from loadstone.apps.operations.places import libraries, read_place
from loadstone.apps.operations.tables import look_table
from loadstone.model.errors import InputError

MOST_SPEED = 20.0  # sockets and disks do not hurry

Simulated = Annotated[
    bool,
    typer.Option(
        "--simulated",
        help="Bring up simulated machines, meter, fans and a price that spikes.",
    ),
]
Speed = Annotated[
    float, typer.Option("--speed", metavar="S", help="Hurry simulated time, 1 to 20.")
]
For = Annotated[
    str, typer.Option("--for", metavar="D", help="End after 90s, 15min, 2h; else when stopped.")
]


def operate(
    folder: NetworkDir,
    *,
    site: SomeSite = None,
    simulated: Simulated = False,
    speed: Speed = 1.0,
    lasts: For = "",
    as_json: Json = False,
) -> None:
    """Run sites: read, decide, command and record, until stopped; machines stay as they are."""
    with clean_errors(as_json):
        if not 1 <= speed <= MOST_SPEED or (speed != 1 and not simulated):
            raise InputError(
                "--speed", speed, "must be from 1 to 20, and only with --simulated"
            )
        lasts_s = seconds(lasts, "--for") if lasts else None
        place = read_place(folder, SystemClock().now().date(), simulated=simulated)
        sites = place.chosen(site)
        with libraries():
            # drivers, meters and databases load here, so that planning does without them
            from loadstone.apps.operations import running, showing  # noqa: PLC0415
        onlooker = showing.Onlooker(place, sites, speed)
        course = running.Course(sites=sites, speed=speed, lasts_s=lasts_s)
        if as_json:
            running.run_sites(place, course, lambda stop: onlooker.in_lines(stop, _nothing))
            print_json({"sites": [look_table(one) for one in onlooker.looks()]})
        elif showing.is_terminal():
            running.run_sites(place, course, onlooker.on_screen)
        else:
            say = showing.say
            running.run_sites(place, course, lambda stop: onlooker.in_lines(stop, say))
        if not as_json:
            for one in onlooker.looks():
                showing.say(f"{one.site}: stopped; machines are left as they are")


def _nothing(_line: str) -> None:
    """Say nothing."""
