# SPDX-License-Identifier: Apache-2.0
"""RUN/certificate.parquet: what `verify` needs to prove a plan again.

One row per list of numbers: `block` (-1 for the whole problem), `part` and `values`. Parts of
the problem: columns, values, row_price, column_price, and totals (objective, bound,
iterations). Parts of a block: power:<j> for each segment, charge, discharge, stored, shortage,
worth; and, with the number of the cut, cut:<i>:water, cut:<i>:price, cut:<i>:multipliers.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from loadstone.engines.plan.solution import BlockDispatch, Cut, Solution
from loadstone.model.errors import InputError
from loadstone.model.plan import Status

Floats = NDArray[np.float64]
Row = tuple[int, str, Floats]
Evidence = tuple[Solution, tuple[BlockDispatch, ...], tuple[Cut, ...]]

NAME = "certificate.parquet"
WHOLE = -1
_HOURLY = ("charge", "discharge", "stored", "shortage", "worth")
_OF_PROBLEM = ("columns", "values", "row_price", "column_price")
_OF_CUT = ("water", "price", "multipliers")
_SCHEMA = pa.schema(
    [("block", pa.int32()), ("part", pa.string()), ("values", pa.list_(pa.float64()))]
)


def write_certificate(
    folder: Path, solution: Solution, hours: Sequence[BlockDispatch], cuts: Sequence[Cut]
) -> Path:
    """Write what proves a plan, and return the file."""
    path = folder / NAME
    metadata = {"status": solution.status.value}
    schema = _SCHEMA.with_metadata(metadata)
    with pq.ParquetWriter(path, schema, compression="zstd") as writer:
        writer.write_table(_table(schema, _of_problem(solution)))
        for b, block in enumerate(hours):
            writer.write_table(_table(schema, _of_block(b, block)))
        writer.write_table(_table(schema, _of_cuts(cuts)))
    return path


def read_certificate(folder: Path) -> Evidence:
    """Return what proves the plan of a run.

    Raises:
        InputError: The run has no certificate.
    """
    path = folder / NAME
    if not path.is_file():
        raise InputError("RUN", str(folder), f"must hold {NAME}")
    try:
        table = pq.read_table(path)
    except pa.ArrowException as error:
        rule = f"must hold {NAME} as it was written: {error}"
        raise InputError("RUN", str(folder), rule) from error
    parts: dict[int, dict[str, Floats]] = defaultdict(dict)
    flat = table["values"].combine_chunks()
    starts, numbers = flat.offsets.to_numpy(), flat.values.to_numpy()
    blocks, names = table["block"].to_pylist(), table["part"].to_pylist()
    for i, (block, part) in enumerate(zip(blocks, names, strict=True)):
        parts[block][part] = numbers[starts[i] : starts[i + 1]]
    metadata = {key.decode(): text.decode() for key, text in table.schema.metadata.items()}
    whole = parts.pop(WHOLE)
    order = sorted(parts)
    return (
        _solution(whole, metadata),
        tuple(_dispatch(parts[b]) for b in order),
        tuple(cut for b in order for cut in _cuts(b, parts[b])),
    )


def _table(schema: pa.Schema, rows: Iterator[Row]) -> pa.Table:
    found = list(rows)
    ends = np.cumsum([0, *(row[2].size for row in found)]).astype(np.int32)
    numbers = np.concatenate([np.empty(0), *(row[2] for row in found)])
    lists = pa.ListArray.from_arrays(pa.array(ends), pa.array(numbers))
    blocks = pa.array([row[0] for row in found], pa.int32())
    return pa.table([blocks, pa.array([row[1] for row in found]), lists], schema=schema)


def _of_problem(solution: Solution) -> Iterator[Row]:
    totals = [solution.objective, solution.bound, float(solution.iterations)]
    yield WHOLE, "totals", np.array(totals)
    for name in _OF_PROBLEM:
        yield WHOLE, name, getattr(solution, name)


def _of_block(b: int, block: BlockDispatch) -> Iterator[Row]:
    for j, power in enumerate(block.power):
        yield b, f"power:{j}", power
    for name in _HOURLY:
        yield b, name, getattr(block, name)


def _of_cuts(cuts: Sequence[Cut]) -> Iterator[Row]:
    for i, cut in enumerate(cuts):
        for name in _OF_CUT:
            yield cut.block, f"cut:{i}:{name}", getattr(cut, name)


def _solution(whole: dict[str, Floats], metadata: dict[str, str]) -> Solution:
    objective, bound, iterations = whole["totals"].tolist()
    return Solution(
        status=Status(metadata["status"]),
        objective=objective,
        bound=bound,
        iterations=int(iterations),
        **{name: whole[name] for name in _OF_PROBLEM},
    )


def _dispatch(parts: dict[str, Floats]) -> BlockDispatch:
    count = sum(part.startswith("power:") for part in parts)
    hours = parts["charge"].size
    power = np.array([parts[f"power:{j}"] for j in range(count)]).reshape(count, hours)
    return BlockDispatch(power=power, **{name: parts[name] for name in _HOURLY})


def _cuts(block: int, parts: dict[str, Floats]) -> Iterator[Cut]:
    numbers = sorted({int(part.split(":")[1]) for part in parts if part.startswith("cut:")})
    for i in numbers:
        yield Cut(block=block, **{name: parts[f"cut:{i}:{name}"] for name in _OF_CUT})
