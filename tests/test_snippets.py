# SPDX-License-Identifier: Apache-2.0
"""Every snippet of the README and the pages works."""

import pytest

from tests.shape import ROOT, text_of
from tests.snippets import follow, snippets

PAGES = [
    path
    for path in [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
    if any(snippets(text_of(path)) if path.is_file() else ())
]


def as_parameter(path):
    marks = [pytest.mark.long] if "<!-- long -->" in text_of(path) else []
    return pytest.param(path, id=str(path.relative_to(ROOT)), marks=marks)


@pytest.mark.parametrize("path", [as_parameter(path) for path in PAGES])
def test_a_page_does_what_it_says(path, tmp_path):
    follow(text_of(path), path.name, tmp_path)


PAGE = """\
# A page

```toml title="site/a.toml"
name = "a"
```

```sh
test -f site/a.toml
```

```python
import tomllib
from pathlib import Path

site = tomllib.loads(Path("site/a.toml").read_text())
```

<!-- not run: it would fail -->
```sh
exit 1
```

1. In a list:

    ```python
    Path("done").write_text(site["name"])
    ```

```text
an answer
```
"""


def test_a_page_is_followed_from_top_to_bottom(tmp_path):
    follow(PAGE, "page.md", tmp_path)
    assert (tmp_path / "done").read_text() == "a"


def test_what_is_not_to_be_run_is_left_out():
    assert [(s.kind, s.file) for s in snippets(PAGE)] == [
        ("toml", "site/a.toml"),
        ("sh", ""),
        ("python", ""),
        ("python", ""),
    ]


def test_a_command_that_fails_names_its_line_and_what_it_printed(tmp_path):
    with pytest.raises(AssertionError, match=r"page\.md:2: exit code 3\n.*no such site"):
        follow("```sh\necho no such site; exit 3\n```\n", "page.md", tmp_path)


def test_a_python_error_names_the_line_of_the_page(tmp_path):
    with pytest.raises(ZeroDivisionError) as caught:
        follow("text\n\n```python\n1 / 0\n```\n", "page.md", tmp_path)
    assert caught.traceback[-1].lineno + 1 == 4
