# SPDX-License-Identifier: Apache-2.0

import pytest

from tests.golden_text import compare


def test_an_absent_golden_text_says_how_to_write_it(tmp_path):
    with pytest.raises(AssertionError, match="--update-golden"):
        compare("answer.txt", "a\n", folder=tmp_path)


def test_what_was_written_is_what_is_compared(tmp_path):
    compare("answer.txt", "a  \n\nb\n\n", folder=tmp_path, update=True)
    assert (tmp_path / "answer.txt").read_text(encoding="utf-8") == "a\n\nb\n"
    compare("answer.txt", "a\n\nb", folder=tmp_path)
    with pytest.raises(AssertionError):
        compare("answer.txt", "a\nb", folder=tmp_path)
