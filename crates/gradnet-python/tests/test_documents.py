"""The Python in the documents runs as it stands there."""

from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize("document", ["docs/python.md", "crates/gradnet-python/README.md"])
def test_the_examples_run(document):
    if "sklearn" in (ROOT / document).read_text():
        pytest.importorskip("sklearn")
    blocks = (ROOT / document).read_text().split("```python\n")[1:]
    names = {}
    for block in blocks:
        exec(compile(block.split("```")[0], document, "exec"), names)  # noqa: S102
    assert len(blocks) > 1
