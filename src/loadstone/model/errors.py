# SPDX-License-Identifier: Apache-2.0
"""Everything that can go wrong, in one place.

LoadstoneError
├── InputError       the data is wrong: say where, which value, and the rule (exit code 2)
├── InputErrors      several of them, collected from one reading (exit code 2)
├── InfeasibleError  the question is fair but has no answer: say what conflicts (exit code 1)
└── OutsideError     the outside world failed: a file system, a solver, a server (exit code 3)
    └── DeviceError  a machine, meter or switch did not do as asked
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any


class LoadstoneError(Exception):
    """Base of every error raised on purpose."""

    def __reduce__(self) -> tuple[Any, ...]:
        """Come back whole from another process."""
        return _again, (type(self), self.args, self.__dict__)


def _again(
    kind: type[LoadstoneError], args: tuple[Any, ...], said: dict[str, Any]
) -> LoadstoneError:
    error = kind.__new__(kind)
    error.args = args
    error.__dict__.update(said)
    return error


class InputError(LoadstoneError, ValueError):
    """A value given by the user breaks a rule."""

    def __init__(self, field: str, value: object, rule: str, *, file: str = "") -> None:
        self.field, self.value, self.rule, self.file = field, value, rule, file
        place = f"{file}: " if file else ""
        super().__init__(f"{place}{field} = {value!r}: {rule}")

    def within(self, path: str) -> "InputError":
        """Return the same error with the field's full path in the user's file."""
        return InputError(f"{path}.{self.field}", self.value, self.rule, file=self.file)

    def in_file(self, file: str) -> "InputError":
        """Return the same error with the file it was found in."""
        return InputError(self.field, self.value, self.rule, file=file)


class InputErrors(LoadstoneError, ValueError):
    """Every error found in one reading, so that all can be mended at once."""

    def __init__(self, errors: Iterable[InputError]) -> None:
        self.errors = tuple(errors)
        super().__init__("\n".join(str(error) for error in self.errors))


@dataclass(frozen=True, slots=True, kw_only=True)
class Conflict:
    """One reason why no plan exists.

    Attributes:
        rules: The rules that cannot hold together, each in a sentence with its source.
        relax: What would make room, in a sentence.
    """

    rules: tuple[str, ...]
    relax: str


class InfeasibleError(LoadstoneError):
    """The question has no answer; each conflict says which rules collide, and what helps."""

    def __init__(self, conflicts: Iterable[Conflict]) -> None:
        self.conflicts = tuple(conflicts)
        super().__init__(
            "\n".join(f"{' conflicts with '.join(c.rules)}; {c.relax}" for c in self.conflicts)
        )


class OutsideError(LoadstoneError):
    """Something outside the program failed; the message says whether to try again."""


class DeviceError(OutsideError):
    """A machine, meter or switch did not do as asked."""

    def __init__(self, device: str, reason: str, message: str = "") -> None:
        self.device, self.reason = device, reason
        super().__init__(f"{device}: {reason}{': ' if message else ''}{message}")
