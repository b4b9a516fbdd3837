"""The README's Python runs as it stands, block after block in one session, and its files exist."""

import re
import shutil
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def test_the_python_of_the_readme_runs(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The checkpoint that it reads: TensorFlow 1.15's own.
    shutil.copytree(ROOT / "tests" / "data" / "checkpoints" / "tf1" / "adam", tmp_path / "run")
    monkeypatch.chdir(tmp_path)
    blocks = re.findall(
        r"^```python\n(.*?)^```", (ROOT / "README.md").read_text(encoding="utf-8"), re.M | re.S
    )
    assert len(blocks) >= 3
    session: dict[str, object] = {"__name__": "__main__"}
    for block in blocks:
        exec(block, session)
    printed = re.findall(r"print\(.*# (.*)$", "".join(blocks), re.M)
    assert capsys.readouterr().out.splitlines() == printed


@pytest.mark.parametrize("name", ["checkpoints", "convert", "inspect"])
def test_the_python_of_the_pages_on_checkpoints_runs(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trained = ROOT / "tests" / "data" / "checkpoints" / "tf1" / "adam"
    (tmp_path / "run").mkdir()
    for path in trained.iterdir():
        shutil.copy(path, tmp_path / "run" / path.name.replace("ckpt-3", "ckpt-7"))
    monkeypatch.chdir(tmp_path)
    blocks = re.findall(
        r"^```python\n(.*?)^```", (ROOT / "docs" / f"{name}.md").read_text(encoding="utf-8"), re.M | re.S
    )
    assert blocks
    session: dict[str, object] = {"__name__": "__main__"}
    for block in blocks:
        exec(block, session)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_files_that_documents_name_exist(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    links = [link for link in re.findall(r"\]\(([^)#]+)\)", text) if not link.startswith("https://")]
    missing = [link for link in links if not (document.parent / link).exists()]
    assert not missing
