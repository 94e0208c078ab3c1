# SPDX-License-Identifier: Apache-2.0
import pytest

from loadstone.model.operations.signal import SignalKind, SignalValue


@pytest.mark.parametrize(("starts_s", "began_s"), [(100.0, 100.0), (900.0, 500.0)])
def test_a_value_that_is_ended_stays_what_it_was_and_never_ends_before_it_starts(
    starts_s, began_s
):
    value = SignalValue(
        signal="grid", kind=SignalKind.BY_MW, value=2.0, heard_s=1.0, starts_s=starts_s,
        ends_s=1_000.0, reference="a",
    )  # fmt: skip
    ended = value.ended(500.0, heard_s=9.0)
    assert (ended.starts_s, ended.ends_s, ended.heard_s) == (began_s, 500.0, 9.0)
    assert (ended.signal, ended.kind, ended.value, ended.reference) == (
        *("grid", SignalKind.BY_MW, 2.0),
        "a",
    )
