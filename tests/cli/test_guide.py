"""The guide from a TensorFlow 1 script to native code: its commands print what it shows, its Python runs."""

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
GUIDE = (ROOT / "docs" / "tf1-guide.md").read_text(encoding="utf-8")


def pattern_of(shown):
    """What is shown, with any number for a number and anything for a line of three dots."""
    lines = []
    for line in shown.splitlines():
        masked = re.escape(re.sub(r"[ ]+", " ", line.strip()))
        lines.append(
            r"(?:.*\n)*?" if line == "..." else re.sub(r"\d+(?:(?:,|\\\.)\d+)*", r"[\\d.,]+", masked) + r"\n"
        )
    return "".join(lines)


def tidied(printed):
    """Columns are as wide as their numbers, and rules as columns."""
    return "".join(re.sub(r"[ ]+", " ", line.strip()) + "\n" for line in printed.splitlines())


def test_the_guide(tmp_path, monkeypatch):
    shutil.copy(ROOT / "examples" / "tf1" / "image_rows.py", tmp_path)
    blocks = re.findall(r"^```(console|python)\n(.*?)^```", GUIDE, re.M | re.S)
    assert [kind for kind, _ in blocks].count("console") >= 4
    monkeypatch.chdir(tmp_path)
    session = {"__name__": "__main__"}
    for kind, text in blocks:
        if kind == "python":
            exec(text, session)
            continue
        for command, shown in re.findall(r"^\$ ostinato (.*)\n((?:(?!\$ ).*\n)*)", text, re.M):
            quick = command.replace("--steps 400", "--steps 25")
            call = [sys.executable, "-m", "ostinato", *shlex.split(quick)]
            ended = subprocess.run(call, capture_output=True, text=True, timeout=300, check=False)
            assert ended.returncode == 0, ended.stderr
            assert re.fullmatch(
                pattern_of(re.sub("-{3,}", "---", shown)), tidied(re.sub("-{3,}", "---", ended.stdout))
            ), f"{command} prints\n{ended.stdout}\nnot\n{shown}"
