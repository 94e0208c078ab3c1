# SPDX-License-Identifier: Apache-2.0
"""The agent of a site: reads, decides, commands, records, until it is stopped."""

import asyncio
from collections.abc import Callable

from loadstone.model.errors import LoadstoneError
from loadstone.model.operations.control import Decision, SiteView
from loadstone.model.operations.terms import SiteTerms
from loadstone.services.operations.doors import AgentDoors

Decide = Callable[[SiteView], Decision]


class AgentFault(LoadstoneError):
    """Deciding failed by a fault of the program. The watchdog takes over."""


class SiteAgent:
    """Runs one site."""

    def __init__(self, terms: SiteTerms, doors: AgentDoors, *, decide: Decide) -> None:
        """Take what it needs.

        Args:
            terms: The site's part of operate.toml, its limit resolved.
            doors: Everything outside.
            decide: The engine.
        """
        self._terms, self._doors, self._decide = terms, doors, decide

    async def run(self, stop: asyncio.Event) -> None:
        """Run the site until `stop` is set. Machines are left as they are.

        Raises:
            AgentFault: Deciding failed; the lease is no longer renewed.
        """
        raise NotImplementedError
