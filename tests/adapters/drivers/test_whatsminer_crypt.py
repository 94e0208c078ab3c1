# SPDX-License-Identifier: Apache-2.0
import json
import shutil
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadstone.adapters.drivers.miners.whatsminer.crypt import (
    digest_of,
    md5crypt,
    seal,
    seal_counted,
    session,
    token_of,
    unseal,
)

# `openssl passwd -1 -salt SALT PASSWORD`, OpenSSL 3.0
OPENSSL = [
    ("admin", "salt", "IEd.dPRrJY41NYnnaBENQ1"),
    ("password", "5QAHiKMb", "378gTx1XS172Edip/HUXR0"),
    ("x", "abcdefgh", "znAnv9M.XU2pRYfmSs46h/"),
    # vectors of the self-test of John the Ripper's md5crypt
    ("0123456789ABCDE", "12345678", "aIccj83HRDBo6ux1bVx7D1"),
    ("12345678", "12345678", "f8QoJuo0DpBRfQSD0vglc1"),
]
KEY = bytes(range(32))
documents = st.dictionaries(st.text(max_size=20), st.text(max_size=40), max_size=5)


@pytest.mark.parametrize(("password", "salt", "expected"), OPENSSL)
def test_md5crypt_agrees_with_openssl(password, salt, expected):
    assert md5crypt(password.encode(), salt.encode()) == expected


@pytest.mark.parametrize("length", [0, 1, 15, 16, 17, 33, 64])
def test_md5crypt_agrees_with_openssl_for_passwords_of_any_length(length):
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("openssl is not installed")
    password = ("correct horse battery staple " * 3)[:length]
    told = subprocess.run(
        [openssl, "passwd", "-1", "-salt", "kowEj187", "-stdin"],
        input=password + "\n",
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    if told == "<NULL>":
        pytest.skip("this openssl takes no empty password from its input")
    assert f"$1$kowEj187${md5crypt(password.encode(), b'kowEj187')}" == told


def test_only_eight_bytes_of_a_salt_count():
    assert md5crypt(b"admin", b"123456789") == md5crypt(b"admin", b"12345678")


def test_a_session_hashes_the_password_and_then_the_hash_with_the_time():
    msg = {"time": "0000", "salt": "5QAHiKMb", "newsalt": "kowEj187"}
    made = session("admin", msg, ends_s=1800.0)
    inner = md5crypt(b"admin", b"5QAHiKMb")
    assert made.sign == md5crypt(inner.encode() + b"0000", b"kowEj187")
    assert len(made.key) == 32


def test_a_session_does_not_tell_its_secrets():
    msg = {"time": "0000", "salt": "5QAHiKMb", "newsalt": "kowEj187"}
    made = session("admin", msg, ends_s=1800.0)
    assert repr(made) == "Session(ends_s=1800.0)"


def test_a_session_needs_the_whole_answer():
    with pytest.raises(KeyError):
        session("admin", {"time": "0", "salt": "x"}, ends_s=0.0)


def test_a_token_of_version_3_is_eight_characters_of_base64():
    # a vector of a public test suite of the protocol; the digest is base64(sha256(...))
    digest = digest_of("set.miner.service", "super", "Abc123xy", 1759800000)
    assert token_of(digest) == "Cg2iuKaj"
    assert len(digest) == 32


@given(documents)
def test_what_is_sealed_is_unsealed_however_it_is_filled_up(document):
    plain = json.dumps(document).encode()
    assert unseal(KEY, seal(KEY, plain)) == plain
    assert unseal(KEY, seal_counted(KEY, plain)) == plain


@pytest.mark.parametrize("sealed", ["", "not base64 at all!", "abcd"])
def test_what_cannot_be_unsealed_is_said_to_be_so(sealed):
    with pytest.raises(ValueError, match="not"):
        unseal(KEY, sealed)


def test_the_wrong_key_gives_no_document():
    assert unseal(bytes(32), seal(KEY, b'{"a":1}')) != b'{"a":1}'
