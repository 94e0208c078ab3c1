# SPDX-License-Identifier: Apache-2.0
"""Machines, passwords, what is wanted and seen, owners, events, leases and the record."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _text(name: str, *, null: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=null)


def _real(name: str, *, null: bool = False) -> sa.Column[float]:
    return sa.Column(name, sa.Double(), nullable=null)


def _of_machine(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["site", "machine"], ["machines.site", "machines.id"], name=f"fk_{table}"
    )


def _one_of(table: str, name: str, *words: str) -> sa.CheckConstraint:
    listed = ", ".join(f"'{word}'" for word in words)
    return sa.CheckConstraint(f"{name} IN ({listed})", name=op.f(f"ck_{table}_{name}"))


def _machines() -> None:
    op.create_table(
        "machines",
        _text("site"),
        _text("id"),
        _text("grouped"),
        _text("family"),
        _text("host"),
        sa.Column("port", sa.Integer(), nullable=False),
        sa.Column("web_port", sa.Integer(), nullable=True),
        _real("rated_w"),
        _real("hashrate_th"),
        _text("identity_family", null=True),
        _text("mac", null=True),
        _text("serial", null=True),
        _text("model", null=True),
        _text("firmware", null=True),
        sa.PrimaryKeyConstraint("site", "id", name="pk_machines"),
    )


def _secrets() -> None:
    op.create_table(
        "credentials",
        _text("site"),
        _text("machine"),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("site", "machine", name="pk_credentials"),
    )
    op.create_table(
        "key_check",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_key_check"),
    )


def _wanted() -> None:
    progress = ("pending", "dispatching", "dispatched", "confirmed", "drifted")
    op.create_table(
        "targets",
        _text("site"),
        _text("machine"),
        _text("action"),
        _real("limit_w", null=True),
        _text("owner"),
        _text("progress"),
        _real("since_s"),
        _real("dispatched_s", null=True),
        _real("confirmed_s", null=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        _real("not_before_s"),
        _text("reason"),
        _real("baseline_w", null=True),
        sa.PrimaryKeyConstraint("site", "machine", name="pk_targets"),
        _of_machine("targets"),
        _one_of("targets", "action", "stop", "resume", "cap"),
        _one_of("targets", "progress", *progress, "unavailable", "failed"),
    )


def _seen() -> None:
    op.create_table(
        "observed",
        _text("site"),
        _text("machine"),
        _text("state"),
        _text("reason"),
        _real("since_s"),
        _real("read_s", null=True),
        _real("power_w", null=True),
        _real("hashrate_th", null=True),
        sa.PrimaryKeyConstraint("site", "machine", name="pk_observed"),
        _of_machine("observed"),
        _one_of("observed", "state", "running", "stopped", "unknown"),
    )


def _owners() -> None:
    op.create_table(
        "owners",
        sa.Column("number", NUMBER, nullable=False),
        _text("site"),
        _text("machine"),
        _text("owner"),
        _real("taken_s"),
        _real("let_go_s", null=True),
        sa.PrimaryKeyConstraint("number", name="pk_owners"),
        _of_machine("owners"),
    )
    held = sa.text("let_go_s IS NULL")
    op.create_index(
        "one_owner",
        "owners",
        ["site", "machine"],
        unique=True,
        sqlite_where=held,
        postgresql_where=held,
    )


def _events() -> None:
    states = ("received", "refused", "accepted", "armed", "active", "restoring", "done")
    op.create_table(
        "events",
        sa.Column("number", NUMBER, nullable=False),
        _text("id"),
        _text("site"),
        _text("kind"),
        _real("mw"),
        _text("source"),
        _text("reference"),
        _real("penalty_per_mwh"),
        _real("received_s"),
        _real("starts_s"),
        _real("ends_s", null=True),
        _real("release_s", null=True),
        _real("notice_s"),
        _text("method"),
        _text("state"),
        _text("reason"),
        _real("baseline_mw", null=True),
        _real("accepted_s", null=True),
        _real("armed_s", null=True),
        _real("active_s", null=True),
        _real("restoring_s", null=True),
        _real("done_s", null=True),
        sa.PrimaryKeyConstraint("number", name="pk_events"),
        _one_of("events", "kind", "to_mw", "by_mw", "stop"),
        _one_of("events", "state", *states, "aborted"),
    )
    op.create_index("one_event_id", "events", ["id"], unique=True)
    named = sa.text("reference <> ''")
    op.create_index(
        "one_reference",
        "events",
        ["site", "source", "reference"],
        unique=True,
        sqlite_where=named,
        postgresql_where=named,
    )
    op.create_index("events_of_site", "events", ["site", "state"])


def _record() -> None:
    op.create_table(
        "power_leases",
        _text("site"),
        _text("pool"),
        _real("mw"),
        sa.Column("number", sa.BigInteger(), nullable=False),
        _real("granted_s"),
        _real("expires_s"),
        sa.PrimaryKeyConstraint("site", "pool", name="pk_power_leases"),
    )
    op.create_table(
        "entries",
        sa.Column("number", NUMBER, nullable=False),
        _real("at_s"),
        _text("site"),
        _text("kind"),
        _text("subject"),
        _text("text"),
        _text("data"),
        sa.PrimaryKeyConstraint("number", name="pk_entries"),
    )
    op.create_index("entries_by_time", "entries", ["site", "at_s"])
    op.create_index("entries_by_subject", "entries", ["site", "subject"])


def upgrade() -> None:
    """Make the tables."""
    _machines()
    _secrets()
    _wanted()
    _seen()
    _owners()
    _events()
    _record()


def downgrade() -> None:
    """Drop the tables, and all that is in them."""
    for table in ("entries", "power_leases", "events", "owners", "observed", "targets"):
        op.drop_table(table)
    for table in ("key_check", "credentials", "machines"):
        op.drop_table(table)
