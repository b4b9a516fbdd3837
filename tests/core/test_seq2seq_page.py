"""What docs/seq2seq.md shows runs, and prints what it says."""

import re
from pathlib import Path


def test_what_the_page_shows_runs(capsys):
    page = Path(__file__).parents[2] / "docs" / "seq2seq.md"
    blocks = re.findall(r"^```python\n(.*?)^```", page.read_text(encoding="utf-8"), re.M | re.S)
    assert len(blocks) == 2
    names: dict[str, object] = {}
    for block in blocks:
        exec(block, names)
    printed = re.findall(r"print\(.*# (.*)$", "".join(blocks), re.M)
    assert capsys.readouterr().out.splitlines() == printed
