# SPDX-License-Identifier: Apache-2.0
"""The secrets of WhatsMiner, as the machine keeps them. Nothing here is shared with drivers."""

from base64 import b64decode, b64encode
from functools import lru_cache
from hashlib import md5, sha256

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

_ALPHABET = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_ROUNDS = 1000
_BLOCK = 16  # bytes of AES
# the order in which md5-crypt takes the bytes of its digest, three at a time
_TRIPLES = ((0, 6, 12), (1, 7, 13), (2, 8, 14), (3, 9, 15), (4, 10, 5))


@lru_cache(maxsize=65_536)  # machines of one password and one salt ask the same again
def md5_crypt(word: bytes, salt: bytes) -> str:
    """Return the last part of the md5-crypt of a word: 22 characters.

    Source:
        P.-H. Kamp, crypt.c of FreeBSD (1994), the `$1$` scheme.
    """
    inner = md5(word + salt + word).digest()
    mixed = md5(word + b"$1$" + salt)
    mixed.update((inner * (len(word) // 16 + 1))[: len(word)])
    count = len(word)
    while count:
        mixed.update(b"\0" if count & 1 else word[:1])
        count >>= 1
    digest = mixed.digest()
    for number in range(_ROUNDS):
        digest = md5(_round(digest, word, salt, number)).digest()
    text = "".join(
        _letters(digest[high] << 16 | digest[middle] << 8 | digest[low], 4)
        for high, middle, low in _TRIPLES
    )
    return text + _letters(digest[11], 2)


def _round(digest: bytes, word: bytes, salt: bytes, number: int) -> bytes:
    odd = number & 1
    middle = (salt if number % 3 else b"") + (word if number % 7 else b"")
    return (word if odd else digest) + middle + (digest if odd else word)


def _letters(value: int, count: int) -> str:
    text = ""
    for _ in range(count):
        text += _ALPHABET[value & 63]
        value >>= 6
    return text


def open_sealed(key: bytes, sealed: str) -> bytes:
    """Return what was sealed with AES-256 (ECB, base64), padded with zeros or by PKCS #7.

    Clients do either: whatsminer-mdk-worker, lib/protocols, the latter; asic-rs the former.

    Raises:
        ValueError: It is no base64, or no whole number of blocks.
    """
    data = b64decode(sealed, validate=True)
    opened = Cipher(algorithms.AES(key), modes.ECB()).decryptor()
    plain = (opened.update(data) + opened.finalize()).rstrip(b"\0")
    count = plain[-1] if plain else 0
    padded = 0 < count <= _BLOCK and plain.endswith(bytes([count]) * count)
    return plain[:-count] if padded else plain


def seal(key: bytes, data: bytes) -> str:
    """Return data sealed with AES-256 (ECB, padded with zeros, base64)."""
    padded = data + bytes(-len(data) % _BLOCK)
    sealed = Cipher(algorithms.AES(key), modes.ECB()).encryptor()
    return b64encode(sealed.update(padded) + sealed.finalize()).decode()


def key_of(text: str) -> bytes:
    """Return the AES key made of a text."""
    return sha256(text.encode()).digest()
