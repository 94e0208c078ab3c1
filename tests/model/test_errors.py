# SPDX-License-Identifier: Apache-2.0

import pickle

import pytest

from loadstone.model.errors import (
    Conflict,
    InfeasibleError,
    InputError,
    InputErrors,
    OutsideError,
)

WRONG = InputError("gap", -1.0, "must be above 0", file="network.toml")


@pytest.mark.parametrize(
    "error",
    [
        WRONG,
        InputErrors([WRONG, InputError("sites", 0, "must be one at least")]),
        InfeasibleError([Conflict(rules=("a", "b"), relax="wait")]),
        OutsideError("no disk"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_an_error_comes_back_whole_from_another_process(error):
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is type(error)
    assert str(again) == str(error)
    for name, value in vars(error).items():
        assert repr(getattr(again, name)) == repr(value)
