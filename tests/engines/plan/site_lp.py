# SPDX-License-Identifier: Apache-2.0
"""One block's year as a linear programme, written from the definition and given to SciPy."""

import numpy as np
from scipy import sparse
from scipy.optimize import linprog

from loadstone.engines.plan.problem import ONES, SHORTAGE_PRICE


def best_value(problem, b, x):
    """Return the best yearly value of block b at capacities x, by HiGHS through SciPy."""
    block, T = problem.blocks[b], problem.hours
    hours, eye = np.arange(T), sparse.identity(T, format="csr")
    earn, low, high, balance = [], [], [], []
    for segment in block.segments:
        place = segment.capacity + (
            0 if segment.group == ONES else problem.groups[segment.group]
        )
        width = problem.profile(segment.width) * x[place]
        value = problem.profile(segment.value)
        earn.append(-value if segment.source else value)
        low.append(width if segment.must_run else 0 * width)
        high.append(width)
        balance.append(eye if segment.source else -eye)
    J = len(block.segments)
    store = block.storage
    power, energy = (x[store.power], x[store.energy]) if store else (0.0, 0.0)
    ec = store.charge_efficiency if store else 1.0
    ed = store.discharge_efficiency if store else 1.0
    for sign, most in ((-1, power), (1, power), (0, energy), (1, np.inf)):
        earn.append(np.full(T, -SHORTAGE_PRICE if most == np.inf else 0.0))
        low.append(np.zeros(T))
        high.append(np.full(T, most))
        balance.append(sign * eye)
    before = sparse.csr_matrix((np.ones(T), (hours, (hours - 1) % T)), shape=(T, T))
    none = [sparse.csr_matrix((T, T))] * J
    cycle = [*none, -ec * eye, eye / ed, eye - before, sparse.csr_matrix((T, T))]
    rows = [sparse.hstack(balance), sparse.hstack(cycle)]
    beyond, limits = [], []
    for account in block.accounts:
        weight = np.ones(T) if account.hours == ONES else problem.series[account.hours]
        row = np.zeros((J + 4, T))
        for j, coefficient in zip(account.segments, account.coefficients, strict=True):
            row[j] += coefficient * weight
        beyond.append(row.ravel())
        limits.append(account.per_unit * x[account.limit])
    A = len(block.accounts)
    columns = (J + 4) * T
    equal = sparse.hstack([sparse.vstack(rows), sparse.csr_matrix((2 * T, A))])
    above = sparse.hstack([np.array(beyond).reshape(A, columns), -sparse.identity(A)])
    penalties = [account.penalty for account in block.accounts]
    answer = linprog(
        -np.concatenate([*earn, -np.array(penalties)]) / 1e3,
        A_ub=above if A else None,
        b_ub=limits if A else None,
        A_eq=equal,
        b_eq=np.zeros(2 * T),
        bounds=np.column_stack(
            [
                np.concatenate([*low, np.zeros(A)]),
                np.concatenate([*high, np.full(A, np.inf)]),
            ]
        ),
        method="highs-ds",
        options={"dual_feasibility_tolerance": 1e-10, "primal_feasibility_tolerance": 1e-10},
    )
    assert answer.status == 0, answer.message
    return -1e3 * answer.fun
