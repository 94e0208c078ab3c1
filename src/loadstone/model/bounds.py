# SPDX-License-Identifier: Apache-2.0
"""Checks that frozen values share."""

from math import inf

from loadstone.model.errors import InputError


def at_least_zero(value: object, *names: str) -> None:
    """Refuse fields that are below 0 or not finite; None is no value.

    Raises:
        InputError: A field is.
    """
    for name in names:
        number = getattr(value, name)
        if number is not None and not 0 <= number < inf:
            raise InputError(name, number, "must be finite and at least 0")
