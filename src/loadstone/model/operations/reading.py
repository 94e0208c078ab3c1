# SPDX-License-Identifier: Apache-2.0
"""What was read of a machine. What could not be read is unknown, and says why."""

from dataclasses import dataclass
from enum import StrEnum
from math import isfinite

from loadstone.model.errors import InputError
from loadstone.model.operations.machine import Identity


class State(StrEnum):
    """Whether a machine works. A machine that does not answer is unknown, never stopped."""

    RUNNING = "running"
    STOPPED = "stopped"
    UNKNOWN = "unknown"


class Reason(StrEnum):
    """Why a machine's state is unknown, or a command was not carried out."""

    NONE = ""
    REFUSED = "refused"  # nobody listens at the address
    TIMEOUT = "timeout"  # no whole answer before the deadline
    RESET = "reset"  # the connection broke in the middle
    GARBAGE = "garbage"  # the answer cannot be read
    INCOMPLETE = "incomplete"  # the answer lacks what tells the state
    AUTH = "auth"  # the password or token is not accepted
    DENIED = "denied"  # the machine says no
    UNSUPPORTED = "unsupported"  # this firmware has no such command
    UNVERIFIED = "unverified"  # read-back disagrees with what was written, or failed
    WRONG_MACHINE = "wrong machine"  # another identity answers at this address
    NEVER_READ = "never read"
    STALE = "stale"  # the last answer is too old, or repeats an old sample


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One reading of a machine, by its cheapest command.

    Attributes:
        state: Running, stopped or unknown.
        reason: Why the state is unknown; none otherwise.
        began_s: When the request was sent, seconds of the agent's clock.
        ended_s: When the answer was whole, or the attempt was given up, same clock.
        power_w: Draw at the wall as the machine tells it, W; None where it does not.
        hashrate_th: Hashrate, TH/s; None where it does not tell.
        limit_w: Cap in force, W; None where it does not tell or none is set.
        temperature_c: Hottest chip or board, deg C; None where it does not tell.
    """

    state: State
    reason: Reason = Reason.NONE
    began_s: float
    ended_s: float
    power_w: float | None = None
    hashrate_th: float | None = None
    limit_w: float | None = None
    temperature_c: float | None = None

    def __post_init__(self) -> None:
        if (self.state is State.UNKNOWN) != bool(self.reason):
            raise InputError("reason", self.reason, "must be given if and only if unknown")
        for name in ("power_w", "hashrate_th", "limit_w", "temperature_c"):
            value = getattr(self, name)
            if value is not None and not isfinite(value):
                raise InputError(name, value, "must be finite, or None")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pool:
    """A mining pool as a machine has it.

    Attributes:
        url: E.g. "stratum+tcp://pool.example:3333".
        user: Worker name.
        password: Password for the pool, mostly "x".
    """

    url: str
    user: str
    password: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Detail:
    """What is read of a machine every few minutes.

    Attributes:
        identity: What it says that it is.
        began_s: When the first request was sent, seconds of the agent's clock.
        boards: Boards that hash, of those it has; None where it does not tell.
        boards_expected: Boards it has; None where it does not tell.
        fan_rpm: Speed of each fan, per minute.
        temperatures_c: Temperatures of boards or chips, deg C.
        uptime_s: Seconds since it started; None where it does not tell.
        errors: Error codes or messages it shows.
        pools: Pools in its configuration; None where they could not be read.
    """

    identity: Identity
    began_s: float
    boards: int | None = None
    boards_expected: int | None = None
    fan_rpm: tuple[float, ...] = ()
    temperatures_c: tuple[float, ...] = ()
    uptime_s: float | None = None
    errors: tuple[str, ...] = ()
    pools: tuple[Pool, ...] | None = None
