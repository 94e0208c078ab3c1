# SPDX-License-Identifier: Apache-2.0
"""md5-crypt and AES agree with others' results."""

import subprocess
from shutil import which

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadstone.adapters.simulators.miners.whatsminer.sealing import (
    key_of,
    md5_crypt,
    open_sealed,
    seal,
)


def test_md5_crypt_of_a_published_example():
    # crypt(3) of glibc: the word "Hello world!" with the salt "saltstring"[:8]
    assert md5_crypt(b"Hello world!", b"saltstri") == "YMyguxXMBpd2TEZ.vS/3q1"


@pytest.mark.skipif(which("openssl") is None, reason="openssl is not installed")
@pytest.mark.parametrize("word", ["admin", "a", "x" * 40])
def test_md5_crypt_agrees_with_openssl(word):
    command = ["openssl", "passwd", "-1", "-salt", "BQ5hoXV9", word]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    assert told == f"$1$BQ5hoXV9${md5_crypt(word.encode(), b'BQ5hoXV9')}"


@given(st.binary(max_size=70).filter(lambda data: not data.endswith(b"\0")), st.text())
def test_what_is_sealed_can_be_opened_with_its_key(data, text):
    assert open_sealed(key_of(text), seal(key_of(text), data)) == data


def test_what_is_no_sealed_text_is_an_error():
    with pytest.raises(ValueError, match=r"base64|block"):
        open_sealed(key_of("k"), "not base64!")
