# SPDX-License-Identifier: Apache-2.0
"""Where the operation of a network keeps its things: store, history, files of its agents."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from loadstone.adapters.files import read_network, read_operation
from loadstone.adapters.files.agent_files import AgentFiles, AgentLock
from loadstone.apps.clock import SystemClock
from loadstone.apps.operations.pace import PacedClock
from loadstone.apps.operations.served import Served, read_served
from loadstone.model.errors import InputError, OutsideError
from loadstone.model.network import Network
from loadstone.model.operations.agreement import limit_of
from loadstone.model.operations.machine import Machine
from loadstone.model.operations.roster import machines_of
from loadstone.model.operations.terms import Operation, SiteTerms
from loadstone.model.ports import Clock
from loadstone.model.site import Site

if TYPE_CHECKING:
    from loadstone.adapters.store import SqlStore
    from loadstone.adapters.store.telemetry import History

OPERATE = Path("operate")
SIMULATED = OPERATE / "simulated"
WATCHDOG, FLEET = "watchdog", "fleet"
"""The processes beside an agent."""
EDIT, EDIT_S = "edit.lock", 30.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Place:
    """A network folder that is operated.

    Attributes:
        folder: The folder.
        network: The network, without its hourly series: nothing that runs sites asks for them.
        operation: Its operate.toml, with the limit of each site resolved; of simulated sites
            with a store and a history of their own.
        simulated: Whether simulated sites are meant, whose records are kept apart.
    """

    folder: Path
    network: Network
    operation: Operation
    simulated: bool = False

    @property
    def currency(self) -> str:
        """Currency of values and prices."""
        return self.network.study.currency

    def chosen(self, site: str | None) -> tuple[SiteTerms, ...]:
        """Return the sites meant: the one, or all.

        Raises:
            InputError: operate.toml has no such site.
        """
        known = [terms.site for terms in self.operation.sites]
        if site is None:
            return self.operation.sites
        if site not in known:
            rule = f"must be a site of operate.toml: {', '.join(known)}"
            raise InputError("--site", site, rule)
        return tuple(terms for terms in self.operation.sites if terms.site == site)

    def site(self, id_: str) -> Site:
        """Return a site of the network."""
        return next(site for site in self.network.sites if site.id == id_)

    def zone_of(self, site: str) -> str:
        """Return the time zone of a site, IANA name."""
        place = self.site(site)
        return self.network.facts.countries[place.country].zones[place.zone].time_zone

    def machines(self, terms: SiteTerms) -> tuple[Machine, ...]:
        """Return the machines of a site, in the order of operate.toml."""
        return machines_of(terms, self.network.facts.miners)

    @contextmanager
    def store(self) -> "Iterator[SqlStore]":
        """Give the store, open."""
        with libraries():
            # databases load here, so that planning needs neither them nor their time
            from loadstone.adapters.store import open_store  # noqa: PLC0415
        operation = self.operation
        store = open_store(operation.store, Path(operation.key_file), self.folder)
        try:
            yield store
        finally:
            store.close()

    def telemetry(self) -> "History":
        """Return the history of readings, to read."""
        with libraries():
            from loadstone.adapters.store.telemetry import History  # noqa: PLC0415 - as above
        return History(self.folder / self.operation.telemetry)

    def served(self, site: str) -> Served | None:
        """Return where a simulated site answers; None where it is not served."""
        return read_served(self.agent_folder(site)) if self.simulated else None

    def speed(self, site: str) -> float:
        """Return how many of a site's seconds pass in one."""
        served = self.served(site)
        return served.speed if served else 1.0

    def clock(self, site: str) -> Clock:
        """Return the clock that a site goes by: of a simulated one it may hurry."""
        served = self.served(site)
        if served is None or served.speed == 1:
            return SystemClock()
        return PacedClock(datetime.fromtimestamp(served.start_s, UTC), served.speed)

    def agent_folder(self, site: str) -> Path:
        """Return the folder of a site's agent."""
        return self.folder / (SIMULATED if self.simulated else OPERATE) / site

    def files(self, site: str) -> AgentFiles:
        """Return the files of a site's agent."""
        return AgentFiles(self.agent_folder(site))

    @contextmanager
    def editing(self) -> Iterator[None]:
        """Be the one program that changes operate.toml, from its reading to its writing.

        Raises:
            OutsideError: Another program goes on changing it.
        """
        lock = AgentLock(self.folder / OPERATE, EDIT)
        if not lock.take(EDIT_S):
            raise OutsideError("operate.toml is being changed by another program; try again")
        try:
            yield
        finally:
            lock.let_go()

    def lock(self, site: str, beside: str = "") -> AgentLock:
        """Return the lock of a site's agent, or of a process beside it: WATCHDOG or FLEET."""
        return AgentLock(self.agent_folder(site) / beside)


@contextmanager
def libraries() -> Iterator[None]:
    """Say which libraries operation needs, where they are not installed."""
    try:
        yield
    except ModuleNotFoundError as error:
        rule = "running sites needs more libraries: pip install 'loadstone[operate]'"
        raise OutsideError(f"{error.name} is not installed; {rule}") from error


def read_place(folder: Path, on: date, *, simulated: bool = False) -> Place:
    """Return a network folder that is operated.

    Args:
        folder: A network folder with an operate.toml.
        on: The day, for connections that come in tranches.
        simulated: Whether simulated sites are meant.

    Raises:
        InputErrors: All that is wrong, each with its file, field, value and rule.
    """
    network = read_network(folder, None)
    operation = read_operation(folder, network, on)
    sites = {site.id: site for site in network.sites}
    resolved = tuple(
        replace(terms, limit_mw=limit_of(terms, sites[terms.site], on))
        for terms in operation.sites
    )
    operation = replace(operation, sites=resolved)
    if simulated:
        apart = SIMULATED.as_posix()
        operation = replace(
            operation,
            store=f"sqlite:///{apart}/agent.db",
            telemetry=f"{apart}/telemetry",
            key_file=f"{apart}/simulated.key",
        )
    return Place(folder=folder, network=network, operation=operation, simulated=simulated)
