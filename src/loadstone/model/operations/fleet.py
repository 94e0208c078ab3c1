# SPDX-License-Identifier: Apache-2.0
"""The machines of a site as columns, so that ten thousand are decided on at once."""

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from loadstone.model.errors import InputError
from loadstone.model.series import Floats

Codes = NDArray[np.int8]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


class Seen(IntEnum):
    """Codes of a state in a column; the order of `State`."""

    UNKNOWN = 0
    RUNNING = 1
    STOPPED = 2


class Want(IntEnum):
    """Codes of what is wanted in a column."""

    RUN = 0
    STOP = 1
    CAP = 2


class Step(IntEnum):
    """Codes of progress in a column; the order of `Progress`."""

    PENDING = 0
    DISPATCHING = 1
    DISPATCHED = 2
    CONFIRMED = 3
    DRIFTED = 4
    UNAVAILABLE = 5
    FAILED = 6


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Fleet:
    """Machines of one site. Every column has shape (M,); times are seconds of the agent.

    The agent's seconds never go back while it lives. A time from before it started is -inf
    for `dispatched_s`, and every reading of this life is later.

    Attributes:
        ids: Names of the machines.
        group: Index into the site's groups.
        rated_w: Draw at full load, W.
        idle_w: Draw when stopped, W.
        value_per_mwh: What a MWh is worth in it before power is paid, currency/MWh.
        j_per_th: Efficiency at full load, J/TH.
        restart_cost: What a stop and start costs, in currency: lost work and wear.
        starts: Starts within the last day.
        can_cap: Whether it can be capped.
        min_cap_w: Lowest cap, W; nan where it has none.
        want: Codes of `Want`.
        want_w: The cap that is wanted, W; nan for none.
        owner: Index into the owners of the view, -1 for nobody.
        held_elsewhere: Whether somebody outside this agent holds it: it is read, never told.
        step: Codes of `Step`.
        dispatched_s: When it was last told; -inf never in this life.
        attempts: How often it was told what is wanted now.
        not_before_s: No further attempt before this time.
        stopped_s: When it was last stopped by us; -inf never.
        resumed_s: When it was last resumed by us; -inf never.
        seen: Codes of `Seen`, as the last reading says.
        read_began_s: When the last reading began that told the state; -inf never.
        tried_s: When the last attempt to read it began; -inf never.
        power_w: Draw at that reading, W; nan unknown.
        limit_w: Cap in force as it tells, W; nan unknown or none.
        full_w: Draw expected when it runs, W: seen in this life, else rated.
    """

    ids: tuple[str, ...]
    group: Ints
    rated_w: Floats
    idle_w: Floats
    value_per_mwh: Floats
    j_per_th: Floats
    restart_cost: Floats
    starts: Ints
    can_cap: Bools
    min_cap_w: Floats
    want: Codes
    want_w: Floats
    owner: Ints
    held_elsewhere: Bools
    step: Codes
    dispatched_s: Floats
    attempts: Ints
    not_before_s: Floats
    stopped_s: Floats
    resumed_s: Floats
    seen: Codes
    read_began_s: Floats
    tried_s: Floats
    power_w: Floats
    limit_w: Floats
    full_w: Floats

    def __post_init__(self) -> None:
        for name in self.__slots__[1:]:
            shape = getattr(self, name).shape
            if shape != (len(self.ids),):
                raise InputError(name, shape, f"must have shape ({len(self.ids)},)")

    def __len__(self) -> int:
        return len(self.ids)
