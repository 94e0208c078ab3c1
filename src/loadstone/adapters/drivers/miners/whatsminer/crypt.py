# SPDX-License-Identifier: Apache-2.0
"""What WhatsMiner firmware asks for before it obeys: md5crypt, short tokens, AES in ECB mode.

None of this keeps a secret well: one fast hash of the password and a block cipher without
chaining. The firmware computes the same and accepts nothing else, so whoever listens on the
network of the machines can find their passwords. Keep it apart from every other network.
"""

import base64
import binascii
import hashlib
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

_BLOCK = 16
_ALPHABET = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_MAGIC = b"$1$"
_ROUNDS = 1000
_CYCLE = 42  # turns after which the same is mixed in: 2 x 3 x 7
# the order in which the digest's bytes are told, three at a time
_ORDER = ((0, 6, 12), (1, 7, 13), (2, 8, 14), (3, 9, 15), (4, 10, 5))


def md5crypt(password: bytes, salt: bytes) -> str:
    """Return the 22 characters after the salt in `$1$salt$...`.

    Args:
        password: Any bytes.
        salt: At most its first eight bytes count.

    Source:
        P.-H. Kamp's md5crypt of FreeBSD 2.0 (lib/libcrypt/crypt.c), as `openssl passwd -1`
        computes it. The standard library had it as `crypt` until Python 3.12.
    """
    salt = salt[:8]
    inner = hashlib.md5(password + salt + password, usedforsecurity=False).digest()
    first = password + _MAGIC + salt
    first += (inner * (len(password) // 16 + 1))[: len(password)]
    bits = len(password)
    while bits:  # a peculiarity of the original: a zero byte or the first letter for each bit
        first += b"\0" if bits & 1 else password[:1]
        bits >>= 1
    digest = hashlib.md5(first, usedforsecurity=False).digest()
    around = [_around(password, salt, turn) for turn in range(_CYCLE)]
    empty = hashlib.md5(usedforsecurity=False)
    for turn in range(_ROUNDS):
        fixed, mixed = around[turn % _CYCLE], empty.copy()
        mixed.update(fixed + digest if turn % 2 else digest + fixed)
        digest = mixed.digest()
    told = "".join(
        _letters(digest[a] << 16 | digest[b] << 8 | digest[c], 4) for a, b, c in _ORDER
    )
    return told + _letters(digest[11], 2)


def _around(password: bytes, salt: bytes, turn: int) -> bytes:
    """Return what stands before the digest in an odd turn, and after it in an even one."""
    middle = (salt if turn % 3 else b"") + (password if turn % 7 else b"")
    return password + middle if turn % 2 else middle + password


def _letters(number: int, count: int) -> str:
    return "".join(_ALPHABET[number >> 6 * place & 0x3F] for place in range(count))


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A token of API version 2, and the key that goes with it.

    Attributes:
        sign: What a command carries as its token.
        key: AES key of commands and answers.
        ends_s: When the machine forgets it, seconds of the agent's clock.
    """

    sign: str = field(repr=False)
    key: bytes = field(repr=False)
    ends_s: float


def session(password: str, msg: dict[str, str], *, ends_s: float) -> Session:
    """Return the session that a `get_token` answer and a password make.

    Args:
        password: Of the admin account.
        msg: `Msg` of the answer: "time", "salt" and "newsalt".
        ends_s: When the machine forgets it.

    Raises:
        KeyError: The answer lacks one of the three.
    """
    key = md5crypt(password.encode(), msg["salt"].encode())
    sign = md5crypt((key + msg["time"]).encode(), msg["newsalt"].encode())
    return Session(sign=sign, key=hashlib.sha256(key.encode()).digest(), ends_s=ends_s)


def seal(key: bytes, plain: bytes) -> str:
    """Return `plain` encrypted, filled up with zeros, in base64."""
    return _encrypt(key, plain + bytes(-len(plain) % _BLOCK))


def seal_counted(key: bytes, plain: bytes) -> str:
    """Return `plain` encrypted, filled up as PKCS #7 says, in base64."""
    fill = _BLOCK - len(plain) % _BLOCK
    return _encrypt(key, plain + bytes([fill]) * fill)


def unseal(key: bytes, sealed: str) -> bytes:
    """Return the JSON that was sealed, however it was filled up.

    Raises:
        ValueError: It is not base64, or not whole blocks.
    """
    try:
        secret = base64.b64decode(sealed)
    except binascii.Error:
        raise ValueError("not base64") from None
    if not secret or len(secret) % _BLOCK:
        raise ValueError("not whole blocks")
    decryptor = Cipher(algorithms.AES(key), modes.ECB()).decryptor()
    plain = decryptor.update(secret) + decryptor.finalize()
    return plain[: plain.rfind(b"}") + 1]  # JSON ends with its brace, filling follows it


def _encrypt(key: bytes, blocks: bytes) -> str:
    encryptor = Cipher(algorithms.AES(key), modes.ECB()).encryptor()
    return base64.b64encode(encryptor.update(blocks) + encryptor.finalize()).decode()


def digest_of(command: str, password: str, salt: str, at_s: int) -> bytes:
    """Return the digest of a command of API version 3: AES key, and source of its token."""
    return hashlib.sha256(f"{command}{password}{salt}{at_s}".encode()).digest()


def token_of(digest: bytes) -> str:
    """Return the token that a command of API version 3 carries: eight characters."""
    return base64.b64encode(digest)[:8].decode()
