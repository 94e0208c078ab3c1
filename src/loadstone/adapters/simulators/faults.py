# SPDX-License-Identifier: Apache-2.0
"""What can be wrong with a machine, with which machines, and when. The same seed, the same."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from hashlib import blake2b
from math import inf, isfinite, log1p
from typing import NamedTuple

from loadstone.model.errors import InputError


class FaultKind(StrEnum):
    """What is wrong. What `amount` means, and its default, is beside each."""

    REFUSE = "refuse"  # nobody listens
    HANG = "hang"  # accepts, and says nothing
    HALF_ANSWER = "half-answer"  # half of the answer, then a reset
    GARBAGE = "garbage"  # an answer that cannot be read
    SLOW = "slow"  # answers `amount` s late, 0.3
    STALE = "stale"  # repeats what it said when the fault began
    DRIFT = "drift"  # accepts a stop, and hashes again after `amount` s, 20
    TOKEN_EXPIRY = "token-expiry"  # tokens and sessions live `amount` s, 0
    POOLS_RESET = "pools-reset-on-config-write"  # a write of the configuration loses pools
    CAP_REFUSED = "cap-refused-silently"  # says yes to a cap, and keeps the old one
    NEW_ADDRESS = "reboot-with-new-address"  # starts again, at another address
    CLOCK_SKEW = "clock-skew"  # its clock is `amount` s ahead, 3600; below 0 behind
    BOARD_FAILURE = "board-failure"  # `amount` boards do not hash, 1


AMOUNTS = {
    FaultKind.SLOW: 0.3,
    FaultKind.DRIFT: 20.0,
    FaultKind.TOKEN_EXPIRY: 0.0,
    FaultKind.CLOCK_SKEW: 3600.0,
    FaultKind.BOARD_FAILURE: 1.0,
}
HAS_NO_AMOUNT = frozenset(set(FaultKind) - set(AMOUNTS))


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One fault of some machines, for some time.

    Attributes:
        kind: What is wrong.
        machines: Ids of the machines; () for all that the rest selects.
        group: Group of the machines; "" for any.
        family: Family of the machines; "" for any.
        share: Share of those machines that have it, drawn with the seed, above 0 to 1.
        from_s: When it begins, virtual seconds since the start.
        for_s: How long it lasts; None for ever.
        per_machine_hour: How often it begins by chance on each machine, per hour after
            `from_s`; 0 for once, at `from_s`. Needs `for_s`.
        amount: Seconds or boards, see `FaultKind`; None for the kind's own.
        seed: Added to the seed of the fleet.
    """

    kind: FaultKind
    machines: tuple[str, ...] = ()
    group: str = ""
    family: str = ""
    share: float = 1.0
    from_s: float = 0.0
    for_s: float | None = None
    per_machine_hour: float = 0.0
    amount: float | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        if not 0 < self.share <= 1:
            raise InputError("share", self.share, "must be above 0 and at most 1")
        for name in ("from_s", "per_machine_hour"):
            value = getattr(self, name)
            if not 0 <= value < inf:
                raise InputError(name, value, "must be finite and at least 0")
        if self.for_s is not None and not 0 < self.for_s < inf:
            raise InputError("for_s", self.for_s, "must be finite and above 0")
        if self.per_machine_hour and self.for_s is None:
            raise InputError("for_s", None, "must be given with per_machine_hour")
        self._check_amount()

    def _check_amount(self) -> None:
        if self.amount is None:
            return
        if self.kind in HAS_NO_AMOUNT:
            raise InputError("amount", self.amount, f"has no meaning for {self.kind}")
        behind = self.kind is FaultKind.CLOCK_SKEW
        if not isfinite(self.amount) or (self.amount < 0 and not behind):
            raise InputError("amount", self.amount, "must be finite and at least 0")

    @property
    def size(self) -> float:
        """The amount, or the kind's own; 0 for kinds without."""
        return AMOUNTS.get(self.kind, 0.0) if self.amount is None else self.amount

    def selects(self, *, id_: str, group: str, family: str, seed: int) -> bool:
        """Return whether a machine has this fault."""
        named = not self.machines or id_ in self.machines
        placed = self.group in ("", group) and self.family in ("", family)
        if not (named and placed):
            return False
        return self.share == 1 or chance(seed + self.seed, self.kind, "share", id_) < self.share

    def __str__(self) -> str:
        return f"{self.kind} of {self._who()} {self._when()}"

    def _who(self) -> str:
        whom = " ".join(name for name in (self.family, self.group) if name) or "all"
        if self.machines:
            whom = ", ".join(self.machines)
        return whom if self.share == 1 else f"{100 * self.share:g} % of {whom}"

    def _when(self) -> str:
        lasts = "for ever" if self.for_s is None else f"for {self.for_s:g} s"
        if self.per_machine_hour:
            often = f"{self.per_machine_hour:g} times per machine and hour"
            return f"{often} after {self.from_s:g} s, {lasts}"
        return f"from {self.from_s:g} s {lasts}"


class Spell(NamedTuple):
    """One time of a fault on one machine, virtual seconds."""

    from_s: float
    until_s: float


def spells(fault: Fault, id_: str, seed: int) -> Iterator[Spell]:
    """Give the times of a fault on one machine, in order. Random ones never end."""
    lasts_s = inf if fault.for_s is None else fault.for_s
    if not fault.per_machine_hour:
        yield Spell(fault.from_s, fault.from_s + lasts_s)
        return
    at_s, count = fault.from_s, 0
    while True:
        drawn = chance(seed + fault.seed, fault.kind, id_, count)
        at_s += -log1p(-drawn) * 3600.0 / fault.per_machine_hour
        yield Spell(at_s, at_s + lasts_s)
        at_s, count = at_s + lasts_s, count + 1


class FaultOfMachine:
    """One fault of one machine, and when it has it."""

    __slots__ = ("_spell", "_spells", "fault")

    def __init__(self, fault: Fault, id_: str, seed: int) -> None:
        self.fault = fault
        self._spells = spells(fault, id_, seed)
        self._spell: Spell | None = next(self._spells)

    def active(self, now_s: float) -> bool:
        """Return whether the machine has it now; times asked for must not go back."""
        while self._spell and now_s >= self._spell.until_s:
            self._spell = next(self._spells, None)
        return self._spell is not None and now_s >= self._spell.from_s


def chance(seed: int, *parts: object) -> float:
    """Return a number in [0, 1) that is always the same for a seed and some names."""
    text = "\0".join(map(str, (seed, *parts)))
    return int.from_bytes(blake2b(text.encode(), digest_size=7).digest()) / 2.0**56
