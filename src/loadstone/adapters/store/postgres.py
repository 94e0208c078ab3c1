# SPDX-License-Identifier: Apache-2.0
"""Connections to PostgreSQL that never wait longer than a bound, whatever the server does."""

from typing import Any, TypeVar

import psycopg
from psycopg.abc import PQGen
from sqlalchemy import URL, Engine, create_engine, event

CONNECT_S = 2
STATEMENT_S = 2.0
ANSWER_S = 2.5  # the server gives up first, in its own words, where it still can

T = TypeVar("T")


class BoundedConnection(psycopg.Connection[Any]):
    """A connection that closes when the server stays silent.

    A server that hangs, or a network that swallows everything, keeps the socket open: no
    timeout of the server's own helps then.
    """

    def wait(self, gen: PQGen[T], interval: float = 0.1, timeout: float | None = None) -> T:
        """Wait for an answer, `ANSWER_S` at most."""
        try:
            return super().wait(gen, interval, ANSWER_S if timeout is None else timeout)
        except psycopg.OperationalError:
            if self.pgconn.transaction_status == psycopg.pq.TransactionStatus.ACTIVE:
                self.pgconn.finish()  # the answer may yet come: nobody may read it as another
            raise


def postgres_engine(url: URL) -> Engine:
    """Return an engine with bounded waits.

    Args:
        url: Address of the database.
    """
    limit_ms = int(STATEMENT_S * 1000)
    engine = create_engine(
        url,
        connect_args={
            "connect_timeout": CONNECT_S,
            "tcp_user_timeout": limit_ms,
            "application_name": "loadstone",
            "options": f"-c statement_timeout={limit_ms} -c lock_timeout={limit_ms}"
            " -c idle_in_transaction_session_timeout=10000",
        },
        pool_timeout=CONNECT_S,
        hide_parameters=True,
    )
    event.listen(engine, "do_connect", _connect)
    return engine


def _connect(_dialect: object, _record: object, args: Any, named: Any) -> BoundedConnection:
    return BoundedConnection.connect(*args, **named)
