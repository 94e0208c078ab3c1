# SPDX-License-Identifier: Apache-2.0
"""Passwords at rest: AES-GCM with a key that is kept outside the store.

What is sealed is bound to its place: a row that is copied to another machine does not open.
Source: NIST SP 800-38D; nonces are 96 random bits, each used once.
"""

import json
import os
import stat
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as NotBase64
from pathlib import Path
from tempfile import mkstemp

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from loadstone.adapters.store.durable import sync_folder
from loadstone.model.errors import InputError, OutsideError
from loadstone.model.operations.machine import Credential

KEY_BYTES = 32
NONCE_BYTES = 12
FORM = b"\x01"
"""First byte of what is sealed: AES-256-GCM, nonce in front."""


class SealingKey:
    """A key, and where it came from. Its bytes are never shown.

    Args:
        key: 32 bytes.
        file: Its file, for messages; None for a key that is in memory alone.
    """

    def __init__(self, key: bytes, file: Path | None = None) -> None:
        self._cipher = AESGCM(key)
        self.file = file

    def __repr__(self) -> str:
        return f"SealingKey(file={str(self.file)!r})"

    def seal(self, plain: bytes, *place: str) -> bytes:
        """Return `plain` encrypted, bound to `place`."""
        nonce = os.urandom(NONCE_BYTES)
        return FORM + nonce + self._cipher.encrypt(nonce, plain, _bound(place))

    def open(self, sealed: bytes, *place: str) -> bytes:
        """Return what was sealed at `place`.

        Raises:
            InputError: Another key sealed it, or it was moved or changed.
        """
        nonce, rest = sealed[1 : 1 + NONCE_BYTES], sealed[1 + NONCE_BYTES :]
        try:
            if sealed[:1] != FORM:
                raise InvalidTag
            return self._cipher.decrypt(nonce, rest, _bound(place))
        except (InvalidTag, ValueError):
            where = f" of {' '.join(place)}" if place else ""
            rule = f"does not open what the store keeps{where}: it is not the key of this store"
            raise InputError("key_file", str(self.file), rule) from None

    def seal_credential(self, credential: Credential, site: str, machine: str) -> bytes:
        """Return a credential encrypted, bound to site and machine."""
        plain = json.dumps([credential.user, credential.password]).encode()
        return self.seal(plain, site, machine)

    def open_credential(self, sealed: bytes, site: str, machine: str) -> Credential:
        """Return a credential that was sealed for site and machine."""
        user, password = json.loads(self.open(sealed, site, machine))
        return Credential(user=user, password=password)


def _bound(place: tuple[str, ...]) -> bytes:
    return json.dumps(place).encode()  # no two places are written alike


def key_in_memory() -> SealingKey:
    """Return a new key that no file keeps, for a store in memory."""
    return SealingKey(os.urandom(KEY_BYTES))


def read_key(file: Path) -> SealingKey:
    """Return the key of a file.

    Args:
        file: A file that only its owner may read.

    Raises:
        InputError: The file is missing, may be read by others, or holds no key.
        OutsideError: It cannot be read.
    """
    try:
        mode, text = file.stat().st_mode, file.read_bytes()
    except FileNotFoundError:
        raise InputError("key_file", str(file), "is missing: put it back") from None
    except OSError as error:
        raise OutsideError(f"key file {file}: {error.strerror}; see its rights") from None
    if os.name == "posix" and mode & (stat.S_IRWXG | stat.S_IRWXO):
        rule = f"must be open to its owner alone: chmod 600 {file}"
        raise InputError("key_file", str(file), rule)
    try:
        key = urlsafe_b64decode(text.strip())
    except NotBase64:
        key = b""
    if len(key) != KEY_BYTES:
        raise InputError("key_file", str(file), "must hold a key of 32 bytes in base64")
    return SealingKey(key, file)


def make_key(file: Path) -> SealingKey:
    """Return the key of a file, made for its owner alone where there is none.

    Args:
        file: The file; its folder is made as well.

    Raises:
        InputError: There is one, and it is not a key.
        OutsideError: It cannot be written.
    """
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        _write_once(file)
    except FileExistsError:
        pass  # the usual case; and another program may have made it meanwhile
    except OSError as error:
        raise OutsideError(f"key file {file}: {error.strerror}; see its folder") from None
    return read_key(file)


def _write_once(file: Path) -> None:
    """Write a key whole, with its rights, or raise `FileExistsError`."""
    if file.exists():
        raise FileExistsError
    handle, waiting = mkstemp(dir=file.parent, prefix=f"{file.name}.")  # its owner's alone
    try:
        with os.fdopen(handle, "wb") as out:
            out.write(urlsafe_b64encode(os.urandom(KEY_BYTES)) + b"\n")
            out.flush()
            os.fsync(out.fileno())
        os.link(waiting, file)  # fails where the file is there, unlike a rename
        sync_folder(file.parent)  # or a store might outlast the name of its key
    finally:
        Path(waiting).unlink()
