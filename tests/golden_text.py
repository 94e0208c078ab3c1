# SPDX-License-Identifier: Apache-2.0
"""Text that a reader has looked at once, kept in tests/golden."""

from pathlib import Path

GOLDEN = Path(__file__).parent / "golden"


def compare(name: str, text: str, *, update: bool = False, folder: Path = GOLDEN) -> None:
    """Compare `text` with the file `name`, or write it there when asked to."""
    path = folder / name
    tidy = "".join(f"{line.rstrip()}\n" for line in text.strip("\n").split("\n"))
    if update:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(tidy, encoding="utf-8", newline="\n")
    assert path.is_file(), f"no golden text {name}: run pytest --update-golden and read it"
    assert tidy == path.read_text(encoding="utf-8")
