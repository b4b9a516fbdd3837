"""`ostinato run` of modules and notebooks, and what it says where nothing can be run."""

import json

import pytest

from ostinato.cli import notebook
from ostinato.cli.errors import CommandError
from ostinato.cli.main import build_parser
from ostinato.cli.run import main

from .run_scripts import start

MODULE = """
    import multiprocessing, subprocess, sys
    import tensorflow as tf
    from . import neighbour

    def doubled(x):
        import tensorflow as tf
        with tf.Session() as session:
            return float(session.run(tf.constant(x) * 2))

    if __name__ == "__main__":
        print(__package__, sys.argv[1:], neighbour.answer)
        with multiprocessing.get_context("spawn").Pool(1) as pool:
            print(pool.map(doubled, [3.0]))
        code = "from tensorflow.contrib import rnn; import tensorflow as tf; print(tf.__name__, rnn.__name__)"
        sys.stdout.flush()
        subprocess.run([sys.executable, "-c", code], check=True)
        sys.exit(5)
"""


def test_a_module_runs_with_its_package_and_the_processes_it_starts_see_tensorflow(tmp_path):
    package = tmp_path / "models"
    package.mkdir()
    (package / "__init__.py").write_text("")
    done = start(
        tmp_path,
        "-m",
        "models.train",
        "--epochs",
        "3",
        **{"models/train_py": MODULE, "models/neighbour_py": "answer = 42"},
    )
    assert done.stdout.splitlines() == [
        "models ['--epochs', '3'] 42",
        "[6.0]",
        "ostinato.tf1 ostinato.tf1.contrib.rnn",
    ]
    assert (done.returncode, done.stderr) == (5, "")


CELLS = [
    ("markdown", "# A lesson"),
    ("code", "%matplotlib inline\nimport numpy as np\nimport tensorflow as tf"),
    (
        "code",
        "%%time\nx = tf.constant(3)\n!pip install tensorflow\nwith tf.Session() as s:\n    print(s.run(x))",
    ),
    ("code", "np.int(4) + 1"),
    ("code", "?tf\nvalue = 1 / 0"),
    ("code", "print('never')"),
]


def test_a_notebook_runs_cell_by_cell_and_names_the_one_that_fails(tmp_path):
    cells = [{"cell_type": kind, "source": text.splitlines(True)} for kind, text in CELLS]
    done = start(tmp_path, "lesson.ipynb", lesson_ipynb=json.dumps({"nbformat": 4, "cells": cells}))
    assert done.stdout.splitlines() == ["3", "5"]
    assert done.returncode == 1
    assert "ostinato: numpy.int is gone" in done.stderr
    assert 'File "lesson.ipynb[cell 5]", line 2' in done.stderr
    assert "cell 5 of lesson.ipynb" in done.stderr
    assert "ostinato/cli" not in done.stderr


@pytest.mark.parametrize(
    ("cell", "code"),
    [
        ("%%bash\nls", "pass"),
        ("%cd data", "__import__('os').chdir(__import__('os').path.expanduser('data'))"),
        ("%time x = 1", "x = 1"),
        ("text = '''\n%d of them\n'''", "text = '''\n%d of them\n'''"),
        ("x = (1\n% 2)", "x = (1\n% 2)"),
        ("files = !ls", "pass"),
        ("if x:\n    %timeit f()", "if x:\n    pass"),
        ("tf.nn??", "pass"),
        ("!ls \\\n  -l\ny = 2", "pass\npass\ny = 2"),
    ],
)
def test_what_only_jupyter_understands_is_taken_out(cell, code, capsys):
    assert notebook.plain(cell) == code


def test_a_notebook_of_version_3_has_its_cells_in_a_sheet():
    sheet = {"cells": [{"cell_type": "code", "input": ["x = 1\n", "y = 2"]}]}
    assert notebook.cells_of(json.dumps({"worksheets": [sheet]}).encode(), "old.ipynb") == [
        (1, "x = 1\ny = 2")
    ]


@pytest.mark.parametrize("source", [b"", b"[]", b'{"cells": 3}', b'{"cells": [1]}', b"\xff"])
def test_what_is_no_notebook_is_told(source):
    with pytest.raises(CommandError, match=r"x\.ipynb is not a notebook"):
        notebook.cells_of(source, "x.ipynb")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ([], "there is no script to run; name one"),
        (["-m"], "-m needs the name of a module"),
        (["-m", "no.such.module"], "cannot find the module no.such.module"),
        (["-m", "nosuchmodule"], "there is no module named nosuchmodule"),
        (["--json", "x.py"], "--json goes with --check"),
        (["--profile-trace", "t.json", "x.py"], "--profile-trace goes with --profile"),
        (["--check", "nothing.py"], "cannot read nothing.py"),
    ],
)
def test_what_cannot_be_run_is_told_in_a_sentence(arguments, told):
    with pytest.raises(CommandError, match=told):
        main(build_parser().parse_args(["run", *arguments]))
