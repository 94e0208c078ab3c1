# SPDX-License-Identifier: Apache-2.0
"""Machines: miners and AI servers as their makers state them."""

import datetime
import re
from dataclasses import dataclass
from itertools import pairwise
from math import inf, isclose
from typing import Literal

from loadstone.model.errors import InputError
from loadstone.model.source import Confidence, Fact, FactProvenance, check_confidence

HASHRATE_TOLERANCE = 0.02
_MONTH = re.compile(r"20\d\d-(0[1-9]|1[0-2])")
_YEAR_OR_MONTH = re.compile(r"20\d\d(-(0[1-9]|1[0-2]))?")
_NAME = re.compile(r"[a-z][a-z0-9-]*")


def _check_above_zero(value: object, *names: str) -> None:
    for name in names:
        number = getattr(value, name)
        if not 0 < number < inf:
            raise InputError(name, number, "must be finite and above 0")


def _check_life(life: Fact) -> None:
    if life.unit != "year" or life.value <= 0:
        raise InputError("life", life.value, 'must be above 0, unit "year"')


@dataclass(frozen=True, slots=True, kw_only=True)
class FirmwareMode:
    """A way to run a miner below its nameplate: lower clock and voltage, better J/TH.

    Attributes:
        name: What it is called, e.g. "low".
        power: Power at the wall over nameplate, above 0 and below 1.
        hashrate: Hashrate over nameplate, above 0 and below 1.
        source: Key in sources.toml.
        date: When the source said so.
        confidence: How sure the source is.
        provenance: "shipped", or "user" where a user's file says so.
        note: The numbers that the shares were made from.
    """

    name: str
    power: float
    hashrate: float
    source: str
    date: datetime.date
    confidence: Confidence
    provenance: FactProvenance = "shipped"
    note: str = ""

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise InputError("name", self.name, "must be a word of small letters")
        for name in ("power", "hashrate"):
            share = getattr(self, name)
            if not 0 < share < 1:
                raise InputError(name, share, "must be above 0 and below 1")
        check_confidence(self.confidence)


@dataclass(frozen=True, slots=True, kw_only=True)
class Miner:
    """A SHA-256 mining machine.

    Attributes:
        id: Name in files, e.g. "antminer-s21".
        manufacturer: Who makes it.
        model: What it is called.
        hashrate_th: Hashrate, TH/s.
        power_w: Power at the wall, W, as the maker states it.
        j_per_th: Efficiency as stated, J/TH; agrees with power over hashrate within 2 %.
        cooling: What carries its heat away.
        release: When sales began, YYYY-MM, or YYYY where the month is not known.
        price: Price of one, USD; None where none was found.
        life: Years until it is replaced.
        modes: Ways to run it below nameplate, by power, each step dearer in power than the one
            before; () where no table was found, and the general one of the costs is taken.
        source: Key in sources.toml.
        date: When the source said so.
        confidence: How sure the source is.
        provenance: "shipped", or "user" where a user's file says so.
        note: Anything a reader should know.
    """

    id: str
    manufacturer: str
    model: str
    hashrate_th: float
    power_w: float
    j_per_th: float
    cooling: Literal["air", "hydro", "immersion"]
    release: str
    price: Fact | None = None
    life: Fact
    modes: tuple[FirmwareMode, ...] = ()
    source: str
    date: datetime.date
    confidence: Confidence
    provenance: FactProvenance = "shipped"
    note: str = ""

    def __post_init__(self) -> None:
        _check_above_zero(self, "hashrate_th", "power_w", "j_per_th")
        ratio = self.power_w / self.hashrate_th
        if not isclose(self.j_per_th, ratio, rel_tol=HASHRATE_TOLERANCE):
            rule = f"must be power_w / hashrate_th = {ratio:.2f} within 2 %"
            raise InputError("j_per_th", self.j_per_th, rule)
        if not _YEAR_OR_MONTH.fullmatch(self.release):
            raise InputError("release", self.release, "must be YYYY-MM, or YYYY")
        if self.price is not None and (self.price.unit != "USD" or self.price.value <= 0):
            raise InputError("price", self.price.value, 'must be above 0, unit "USD"')
        _check_life(self.life)
        self._check_modes()
        check_confidence(self.confidence)

    def _check_modes(self) -> None:
        points = [(0.0, 0.0), *((m.power, m.hashrate) for m in self.modes), (1.0, 1.0)]
        steps = [(b[0] - a[0], b[1] - a[1]) for a, b in pairwise(points)]
        if any(power <= 0 or hashrate <= 0 for power, hashrate in steps):
            raise InputError("modes", points[1:-1], "must rise in power and hashrate below 1")
        if any(a[1] * b[0] < b[1] * a[0] for a, b in pairwise(steps)):
            rule = "must gain less hashrate per power from mode to mode, up to nameplate"
            raise InputError("modes", points[1:-1], rule)
        names = [mode.name for mode in self.modes]
        if len(set(names)) != len(names):
            raise InputError("modes", names, "must have different names")

    @property
    def price_per_mw(self) -> float | None:
        """Price of a MW of these machines at their plugs, USD/MW; None where not known."""
        return None if self.price is None else self.price.value / self.power_w * 1e6

    @property
    def ph_per_mw(self) -> float:
        """Hashrate of a MW of these machines at their plugs, PH/s per MW."""
        return self.hashrate_th / self.power_w * 1e3


@dataclass(frozen=True, slots=True, kw_only=True)
class CapCurve:
    """What a power cap does to a GPU: measured, never extended below the lowest cap.

    Each is relative to its value at the highest cap, in ascending order of cap.

    Attributes:
        workload: What ran, e.g. "fine-tune".
        cap: Power caps. Ends at 1.
        throughput: Work done per hour.
        draw: Power drawn by the GPU; the rest of the server is not in it.
        cap_w: The highest cap, W.
        measured_on: The GPU that was measured.
        source: Key in sources.toml.
        date: When it was measured.
        confidence: How sure it is for this server.
        provenance: "shipped", or "user" where a user's file says so.
    """

    workload: str
    cap: tuple[float, ...]
    throughput: tuple[float, ...]
    draw: tuple[float, ...]
    cap_w: float
    measured_on: str
    source: str
    date: datetime.date
    confidence: Confidence
    provenance: FactProvenance = "shipped"

    def __post_init__(self) -> None:
        if not len(self.cap) == len(self.throughput) == len(self.draw) >= 2:
            rule = "must have as many values as throughput and draw, at least 2"
            raise InputError("cap", self.cap, rule)
        for name in ("cap", "throughput", "draw"):
            values = getattr(self, name)
            rising = all(a < b for a, b in pairwise(values))
            if not (rising and values[0] > 0 and values[-1] == 1):
                raise InputError(name, values, "must rise from above 0 to 1")
        _check_above_zero(self, "cap_w")
        check_confidence(self.confidence)

    def throughput_at(self, cap: float) -> float | None:
        """Return the work done at a cap, linear between the caps measured.

        Args:
            cap: Power cap over the highest cap.

        Returns:
            Work done over that at the highest cap; None below the lowest cap, where the GPU
            should pause.
        """
        return _between(cap, self.cap, self.throughput)

    def draw_at(self, cap: float) -> float | None:
        """Return the power drawn at a cap, linear between those measured; None below."""
        return _between(cap, self.cap, self.draw)


def _between(x: float, xs: tuple[float, ...], ys: tuple[float, ...]) -> float | None:
    if x < xs[0]:
        return None
    for i in range(1, len(xs)):
        if x <= xs[i]:
            part = (x - xs[i - 1]) / (xs[i] - xs[i - 1])
            return ys[i - 1] + part * (ys[i] - ys[i - 1])
    return ys[-1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """An AI server, or a rack that is sold as one.

    Attributes:
        id: Name in files, e.g. "dgx-h100".
        manufacturer: Who makes it.
        model: What it is called.
        accelerator: The GPU in it.
        generation: Family of the GPU, e.g. "hopper"; demand is capped by it.
        chip_country: ISO 3166-1 code of the chip's maker; some incentives ask for it.
        gpus: Number of GPUs.
        gpu_w: Rated power of one GPU, W; None where not known, then a cap curve's highest.
        max_kw: Most power at the plug, kW.
        cooling: What carries its heat away.
        release: When sales began, YYYY-MM.
        price: Price of one, USD, a value chosen from a range.
        rental: Price of one GPU for an hour, USD, a value chosen from a range.
        life: Years until it is replaced.
        cap_curves: What a power cap does to each kind of work, where it was measured.
        curve_absent: Why there is no such curve; "" where there is.
        source: Key in sources.toml.
        date: When the source said so.
        confidence: How sure the source is.
        provenance: "shipped", or "user" where a user's file says so.
        note: Anything a reader should know.
    """

    id: str
    manufacturer: str
    model: str
    accelerator: str
    generation: str
    chip_country: str
    gpus: int
    gpu_w: float | None = None
    max_kw: float
    cooling: Literal["air", "liquid"]
    release: str
    price: Fact
    rental: Fact
    life: Fact
    cap_curves: tuple[CapCurve, ...] = ()
    curve_absent: str = ""
    source: str
    date: datetime.date
    confidence: Confidence
    provenance: FactProvenance = "shipped"
    note: str = ""

    def __post_init__(self) -> None:
        _check_above_zero(self, "gpus", "max_kw")
        self._check_gpus()
        if not _MONTH.fullmatch(self.release):
            raise InputError("release", self.release, "must be YYYY-MM")
        if self.price.unit != "USD" or self.price.value <= 0:
            raise InputError("price", self.price.value, 'must be above 0, unit "USD"')
        if self.rental.unit != "USD/GPU-h" or self.rental.value < 0:
            raise InputError(
                "rental", self.rental.value, 'must be at least 0, unit "USD/GPU-h"'
            )
        _check_life(self.life)
        if bool(self.cap_curves) == bool(self.curve_absent):
            rule = "must say why there are no cap_curves, and only then"
            raise InputError("curve_absent", self.curve_absent, rule)
        check_confidence(self.confidence)

    def _check_gpus(self) -> None:
        rated = [self.gpu_w] if self.gpu_w is not None else [c.cap_w for c in self.cap_curves]
        for watts in rated:
            if not 0 < watts * self.gpus <= self.max_kw * 1e3:
                rule = f"must be above 0, and {self.gpus} of them at most max_kw"
                raise InputError("gpu_w", watts, rule)

    def gpu_share(self, curve: CapCurve) -> float:
        """Return the part of the server's most power that its GPUs draw, 0 to 1."""
        watts = curve.cap_w if self.gpu_w is None else self.gpu_w
        return watts * self.gpus / (self.max_kw * 1e3)

    @property
    def price_per_mw(self) -> float:
        """Price of a MW of these servers at their plugs, USD/MW."""
        return self.price.value / self.max_kw * 1e3

    @property
    def gpus_per_mw(self) -> float:
        """Number of GPUs in a MW of these servers at their plugs."""
        return self.gpus / self.max_kw * 1e3
