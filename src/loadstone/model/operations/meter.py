# SPDX-License-Identifier: Apache-2.0
"""Readings of meters and switches."""

from dataclasses import dataclass

from loadstone.model.operations.reading import Reason


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterReading:
    """One reading of a meter. Where `power_mw` is None the power is unknown, never zero.

    Attributes:
        meter: Id of the meter.
        began_s: When it was asked, or the message arrived, seconds of the agent's clock.
        power_mw: Active power drawn, MW; None where it could not be read.
        energy_mwh: Counter of energy, MWh, which only grows; None where it has none.
        reason: Why the power is unknown; none otherwise.
    """

    meter: str
    began_s: float
    power_mw: float | None = None
    energy_mwh: float | None = None
    reason: Reason = Reason.NONE


@dataclass(frozen=True, slots=True, kw_only=True)
class SwitchReading:
    """One reading of a switch: fans of a hall, an outlet, the arming of a run-back.

    Attributes:
        switch: Id of the switch.
        began_s: When the request was sent, seconds of the agent's clock.
        on: Whether it is on; None where unknown.
        reason: Why it is unknown; none otherwise.
    """

    switch: str
    began_s: float
    on: bool | None = None
    reason: Reason = Reason.NONE
