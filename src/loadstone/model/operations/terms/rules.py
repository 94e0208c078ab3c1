# SPDX-License-Identifier: Apache-2.0
"""Rules that several tables of operate.toml share.

Each yields what is wrong, so that a table with two mistakes tells both.
"""

import re
from collections.abc import Iterable, Iterator
from ipaddress import ip_address
from math import inf
from urllib.parse import urlsplit

from loadstone.model.errors import InputError, InputErrors

MOST_REGISTERS = 65_536
LONGEST_NAME = 253
LABEL = re.compile(r"(?!-)\w[\w-]{0,62}(?<!-)")
WILDCARDS = frozenset("+#\0")


def refuse(*found: Iterable[InputError]) -> None:
    """Raise what was found wrong: one `InputError`, or `InputErrors` of several."""
    errors = [error for some in found for error in some]
    if len(errors) == 1:
        raise errors[0]
    if errors:
        raise InputErrors(errors)


def above_zero(value: object, *names: str) -> Iterator[InputError]:
    """Yield an error for each named field that is not finite and above 0; None may be."""
    for name in names:
        number = getattr(value, name)
        if number is not None and not 0 < number < inf:
            yield InputError(name, number, "must be finite and above 0")


def at_least_zero(value: object, *names: str) -> Iterator[InputError]:
    """Yield an error for each named field that is not finite and at least 0; None may be."""
    for name in names:
        number = getattr(value, name)
        if number is not None and not 0 <= number < inf:
            yield InputError(name, number, "must be finite and at least 0")


def not_zero(value: object, *names: str) -> Iterator[InputError]:
    """Yield an error for each named field that is not finite, or 0."""
    for name in names:
        number = getattr(value, name)
        if not (-inf < number < inf and number):
            yield InputError(name, number, "must be finite and not 0")


def within(value: object, low: int, high: int, *names: str) -> Iterator[InputError]:
    """Yield an error for each named field that is not from `low` to `high`; None may be."""
    for name in names:
        number = getattr(value, name)
        if number is not None and not low <= number <= high:
            yield InputError(name, number, f"must be from {low} to {high}")


def ports(value: object, *names: str) -> Iterator[InputError]:
    """Yield an error for each named field that is not a port; None may be."""
    for name in names:
        number = getattr(value, name)
        if number is not None and not 0 < number < 65_536:
            yield InputError(name, number, "must be a port, 1 to 65535")


def filled(value: object, *names: str) -> Iterator[InputError]:
    """Yield an error for each named field that is an empty text, or begins or ends in space."""
    for name in names:
        text = getattr(value, name)
        if not text or text != text.strip():
            yield InputError(name, text, "must not be empty, nor begin or end with a space")


def is_host(text: str) -> bool:
    """Return whether a text is the name of a host or an IP address, and nothing else."""
    try:
        ip_address(text)
    except ValueError:
        labels = text.removesuffix(".").split(".")
        named = len(text) <= LONGEST_NAME and all(LABEL.fullmatch(one) for one in labels)
        return named and not labels[-1].isdigit()  # such as 10.0.0.300: an address gone wrong
    return True


def hosts(value: object, *names: str) -> Iterator[InputError]:
    """Yield an error for each named field that is not the name or address of a host."""
    for name in names:
        text = getattr(value, name)
        if not is_host(text):
            rule = "must be a name or an IP address, without http://, port or spaces"
            yield InputError(name, text, rule)


def topics(value: object, *names: str) -> Iterator[InputError]:
    """Yield an error for each named field that is not one topic of MQTT.

    Source: MQTT 5.0, section 4.7: at least one character, no null; + and # are wildcards.
    """
    for name in names:
        topic = getattr(value, name)
        if not topic or WILDCARDS & set(topic):
            rule = "must be the one topic that is published on: not empty, without + and #"
            yield InputError(name, topic, rule)


def web_addresses(value: object, *names: str) -> Iterator[InputError]:
    """Yield an error for each named field that is no web address; "" may be."""
    for name in names:
        text = getattr(value, name)
        if text and not _is_web_address(text):
            rule = "must be a web address such as https://vtn.example/openadr3"
            yield InputError(name, text, rule)


def _is_web_address(text: str) -> bool:
    if any(letter.isspace() for letter in text):
        return False
    try:
        parts = urlsplit(text)
        port = parts.port  # raises where it is none
    except ValueError:
        return False
    named = is_host(parts.hostname or "") and (port is None or port > 0)
    return parts.scheme in ("http", "https") and named


def different(name: str, values: Iterable[object]) -> Iterator[InputError]:
    """Yield an error where the ids of a list are not different."""
    given = list(values)
    if len(set(given)) != len(given):
        yield InputError(name, given, "must have different ids")
