# SPDX-License-Identifier: Apache-2.0
"""A small site of the plainest machines: it obeys decisions, loses them, and shows itself."""

from dataclasses import dataclass, field, replace

import numpy as np

from loadstone.engines.control import decide
from loadstone.model.operations.control import MeterView, SiteView, SwitchView
from loadstone.model.operations.fleet import Fleet, Seen, Step, Want
from loadstone.model.operations.terms import Group, ModbusSwitch, Ramp, SiteTerms, Timing

IDLE_W = 20.0
COLUMNS = {
    "group": (0, np.int64),
    "rated_w": (3000.0, float),
    "idle_w": (IDLE_W, float),
    "value_per_mwh": (80.0, float),
    "j_per_th": (20.0, float),
    "restart_cost": (0.0, float),
    "starts": (0, np.int64),
    "can_cap": (False, bool),
    "min_cap_w": (np.nan, float),
    "want": (Want.RUN, np.int8),
    "want_w": (np.nan, float),
    "owner": (-1, np.int64),
    "held_elsewhere": (False, bool),
    "step": (Step.CONFIRMED, np.int8),
    "dispatched_s": (-np.inf, float),
    "attempts": (0, np.int64),
    "not_before_s": (-np.inf, float),
    "stopped_s": (-np.inf, float),
    "resumed_s": (-np.inf, float),
    "seen": (Seen.RUNNING, np.int8),
    "read_began_s": (999.0, float),
    "tried_s": (999.0, float),
    "power_w": (3000.0, float),
    "limit_w": (np.nan, float),
    "full_w": (3000.0, float),
}
TIMING = Timing(cooldown_s=0.0)


def fleet_of(count, **columns):
    """A fleet of like machines that run, but for the columns given."""
    assert set(columns) <= set(COLUMNS) | {"ids"}
    ids = columns.pop("ids", tuple(f"m{i:03}" for i in range(count)))
    made = {}
    for name, (usual, kind) in COLUMNS.items():
        made[name] = np.broadcast_to(
            np.asarray(columns.get(name, usual), dtype=kind), (count,)
        ).copy()
    return Fleet(ids=ids, **made)


def terms_of(**fields):
    """Terms of a site with one group, no margin and no rest between turns."""
    usual = {"site": "s", "margin": 0.0, "timing": TIMING, "groups": (Group(id="g"),)}
    usual["ramp"] = Ramp(inrush_factor=1.0)
    if "switches" not in fields:
        names = {group.fans for group in fields.get("groups", ()) if group.fans}
        fields["switches"] = tuple(
            ModbusSwitch(id=name, host="127.0.0.1", coil=0) for name in sorted(names)
        )
    return SiteTerms(**(usual | fields))


def view_of(fleet, *, meter_mw=None, **fields):
    """A view of a fleet whose meter shows what the machines draw, unless said otherwise."""
    shown = np.where(fleet.seen == Seen.UNKNOWN, fleet.full_w, np.nan_to_num(fleet.power_w))
    if meter_mw is None:
        meter_mw = shown.sum() / 1e6 + fields.get("others_mw", 0.0)
    usual = {"now_s": 1000.0, "utc_s": 1000.0, "terms": terms_of()}
    usual["meter"] = MeterView(power_mw=meter_mw, began_s=fields.get("now_s", 1000.0) - 0.5)
    return SiteView(fleet=fleet, **(usual | fields))


@dataclass
class Plant:
    """Machines as they are, and what an agent knows of them.

    `deaf` machines lose commands, `hung` ones do not answer either, `drifting` ones wake up
    again. Machines rise to full load in `rise_s` and draw `inrush` times that on the way.
    """

    fleet: Fleet
    terms: SiteTerms = field(default_factory=terms_of)
    others_mw: float = 0.0
    now_s: float = 1000.0
    rise_s: float = 20.0
    inrush: float = 1.0
    orders: tuple = ()
    events: tuple = ()
    owners: tuple = ()
    switches: tuple = ()
    low_mw: float | None = None

    def __post_init__(self):
        count = len(self.fleet)
        self.on = self.fleet.seen == Seen.RUNNING
        self.since_s = np.full(count, -np.inf)
        self.cap_w = np.full(count, np.inf)
        self.deaf, self.hung, self.drifting = np.zeros((3, count), dtype=bool)
        self.pulse_s = 2.0
        self.trace = []

    def power_w(self):
        """What each machine truly draws now."""
        share = np.clip((self.now_s - self.since_s) / self.rise_s, 0, 1)
        rising_w = np.where(share < 1, self.inrush * share, 1.0) * self.fleet.full_w
        run_w = np.minimum(np.maximum(rising_w, self.fleet.idle_w), self.cap_w)
        return np.where(self.on, run_w, self.fleet.idle_w)

    def meter_mw(self):
        return self.power_w().sum() / 1e6 + self.others_mw

    def read(self, which=None):
        """Read machines: who answers shows its state now."""
        heard = ~self.hung if which is None else which & ~self.hung
        fleet, power_w = self.fleet, self.power_w()
        asked = np.ones(len(fleet), dtype=bool) if which is None else which
        seen = np.where(self.on, Seen.RUNNING, Seen.STOPPED)
        lost = asked & self.hung
        self.fleet = replace(
            fleet,
            seen=np.where(heard, seen, np.where(lost, Seen.UNKNOWN, fleet.seen)).astype(
                np.int8
            ),
            read_began_s=np.where(heard, self.now_s, fleet.read_began_s),
            power_w=np.where(heard, power_w, np.where(lost, np.nan, fleet.power_w)),
            limit_w=np.where(
                heard, np.where(np.isfinite(self.cap_w), self.cap_w, np.nan), fleet.limit_w
            ),
        )

    def view(self):
        meter = MeterView(power_mw=self.meter_mw(), began_s=self.now_s, low_mw=self.low_mw)
        return SiteView(
            now_s=self.now_s,
            utc_s=self.now_s,
            terms=self.terms,
            fleet=self.fleet,
            owners=self.owners,
            events=self.events,
            orders=self.orders,
            meter=meter,
            others_mw=self.others_mw,
            switches=self.switches,
        )

    def carry_out(self, decision):
        """Send what is decided; machines that are deaf or hung do not obey."""
        fleet, send = self.fleet, decision.send
        obey = send & ~self.deaf & ~self.hung
        want = decision.want
        stops, wakes = obey & (want == Want.STOP), obey & (want == Want.RUN) & ~self.on
        self.on = (self.on & ~stops) | wakes
        self.since_s = np.where(wakes, self.now_s, self.since_s)
        self.cap_w = np.where(obey & (want == Want.CAP), decision.want_w, self.cap_w)
        now = np.full(len(fleet), self.now_s)
        told = send & (want == Want.STOP)
        self.fleet = replace(
            fleet,
            want=want,
            want_w=decision.want_w,
            owner=decision.owner,
            step=np.where(send, Step.DISPATCHED, decision.step).astype(np.int8),
            attempts=decision.attempts,
            not_before_s=decision.not_before_s,
            dispatched_s=np.where(send, now, fleet.dispatched_s),
            stopped_s=np.where(told, now, fleet.stopped_s),
            resumed_s=np.where(send & (want == Want.RUN), now, fleet.resumed_s),
        )
        self.owners = decision.owners
        self._take_events(decision.events)

    def _take_events(self, changed):
        known = {event.id: event for event in (*self.events, *changed)}
        self.events = tuple(event for event in known.values() if event.open)

    def tick(self, seconds=1.0):
        """Let time pass, read what was just told each pulse and all each sweep, and decide."""
        self.now_s += seconds
        self.on = self.on | (self.drifting & (self.now_s % 60 < seconds))
        if self.now_s % 10 < seconds:
            self.read()
        else:
            self.read(self.now_s - self.fleet.dispatched_s < 30)
        decision = decide(self.view())
        self.carry_out(decision)
        self.trace.append((self.now_s, self.meter_mw()))
        return decision

    def run(self, seconds):
        for _ in range(int(seconds)):
            decision = self.tick()
        return decision


def fans(on, *, began_s=999.5, changed_s=None, asked_s=None):
    return (SwitchView(id="fan", on=on, began_s=began_s, changed_s=changed_s, asked_s=asked_s),)
