# SPDX-License-Identifier: Apache-2.0
"""Checks that frozen values share."""

from math import inf

from loadstone.model.errors import InputError

MOST = 1e15
"""Above it nothing is meant, and a sum no longer counts the units."""


def at_least_zero(value: object, *names: str) -> None:
    """Refuse fields that are below 0 or not finite; None is no value.

    Raises:
        InputError: A field is.
    """
    for name in names:
        number = getattr(value, name)
        if number is not None and not 0 <= number < inf:
            raise InputError(name, number, "must be finite and at least 0")
        if number is not None and number > MOST:
            raise InputError(name, number, f"must be at most {MOST:g}")


def plain_name(value: object, name: str) -> None:
    """Refuse a name that is empty, or that plans and reports could not show.

    Raises:
        InputError: It is.
    """
    said = getattr(value, name)
    if not said.strip() or not said.isprintable() or ":" in said:
        rule = "must be one line of words, without a colon"
        raise InputError(name, said, rule)
