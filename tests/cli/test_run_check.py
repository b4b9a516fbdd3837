"""`ostinato run --check`: what scripts use of TensorFlow, told without running them."""

import ast
import json

import pytest

from ostinato.cli import check
from ostinato.cli.check_python2 import leftovers, parsed
from ostinato.cli.check_symbols import collect, short
from ostinato.cli.main import main


def uses(code):
    """The symbols of a script and their lines."""
    return [(short(use.symbol), use.line) for use in collect(ast.parse(code)).uses]


@pytest.mark.parametrize(
    ("code", "symbols"),
    [
        ("import tensorflow as tf\ntf.nn.relu(x)", ["tf", "tf.nn.relu"]),
        ("import tensorflow\ntensorflow.nn.relu(x)", ["tf", "tf.nn.relu"]),
        ("import tensorflow.compat.v1 as tf\ntf.nn.relu", ["tf", "tf.nn.relu"]),
        (
            "from tensorflow.contrib import rnn as r\nr.GRUCell(3)",
            ["tf.contrib.rnn", "tf.contrib.rnn.GRUCell"],
        ),
        (
            "import tensorflow.contrib.layers as l\nl.fully_connected",
            ["tf.contrib.layers", "tf.contrib.layers.fully_connected"],
        ),
        (
            "import tensorflow as tf\nlayers = tf.layers\nlayers.dense(x, 3)",
            ["tf", "tf.layers", "tf.layers.dense"],
        ),
        (
            "from tensorflow.python.ops import array_ops\narray_ops.concat",
            ["tf.python.ops.array_ops", "tf.python.ops.array_ops.concat"],
        ),
        ("def f():\n    return tf.nn\nimport tensorflow as tf", ["tf.nn", "tf"]),
        ("import tensorflow as tf\ndef f(tf):\n    return tf.nn", ["tf"]),
        ("import tensorflow as tf\nfor tf in x:\n    tf.nn", ["tf"]),
        ("import tensorflow as tf\n[tf.nn for tf in x]", ["tf"]),
        ("import tensorflow as tf\nlambda tf: tf.nn", ["tf"]),
        ("import tensorflow as tf\ntf = 3\ntf.nn", ["tf"]),
        (
            "import tensorflow as tf\nclass A(tf.nn.rnn_cell.RNNCell):\n    x = tf.int32",
            ["tf", "tf.nn.rnn_cell.RNNCell", "tf.int32"],
        ),
        (
            "from tensorflow.contrib.rnn import *\nGRUCell(3)\nlen(x)",
            ["tf.contrib.rnn", "tf.contrib.rnn.GRUCell", "tf.contrib.rnn.x"],
        ),
        (
            "import tensorflow as tf\ngetattr(tf.train, 'AdamOptimizer')",
            ["tf", "tf.train", "tf.train.AdamOptimizer"],
        ),
        ("import numpy as np\nnp.zeros(3)", []),
    ],
)
def test_symbols_are_found_by_whatever_name(code, symbols):
    found = list(dict.fromkeys(name for name, _ in uses(code)))
    assert sorted(found) == sorted(symbols)


def test_what_a_script_does_without_is_no_failure(tmp_path, capsys):
    (tmp_path / "x.py").write_text(
        "import tensorflow as tf\n"
        "try:\n    linear = tf.nn.no_such_thing\nexcept AttributeError:\n    linear = None\n"
        "hasattr(tf, 'no_such_thing')\n"
    )
    assert check.main([str(tmp_path / "x.py")], False) == 0
    assert "all of them supported" in capsys.readouterr().out


SCRIPT = """\
import tensorflow as tf, cPickle
from tensorflow.contrib import rnn
cell = rnn.BasicLSTMCell(3, state_is_tuple=True)
for i in xrange(3):
    print "x", i, tf.placeholdr  # "a comment
    print >>log, "x %d" % i
y = tf.layers.dense(x, 3, unitz=2)
tf.contrib.data.LMDBDataset
d.iteritems()
try: pass
except Exception, e: raise ValueError, "x"
"""


def test_a_script_of_python_2_is_checked_all_the_same(tmp_path, capsys):
    path = tmp_path / "x.py"
    path.write_text(SCRIPT)
    assert check.main([str(path)], True) == 1
    told = json.loads(capsys.readouterr().out)
    states = {row["name"]: row["status"] for row in told["symbols"]}
    assert states["tf.contrib.rnn.BasicLSTMCell"] == "supported"
    assert states["tf.placeholdr"] == "not a symbol of TensorFlow 1"
    assert states["tf.layers.dense(unitz=)"] == "without the argument"
    assert states["tf.contrib.data.LMDBDataset"] == "not supported here"
    (row,) = [row for row in told["symbols"] if row["name"] == "tf.placeholdr"]
    assert row["uses"] == [{"file": str(path), "line": 5}]
    assert "placeholder" in row["way_out"]
    assert [row["line"] for row in told["python2"]] == [5, 11, 11, 1, 4, 6, 9]
    assert told["supported"] is False


def test_folders_and_notebooks_as_a_table(tmp_path, capsys):
    (tmp_path / "a.py").write_text("import tensorflow as tf\ntf.zeros([3])\n")
    cell = {
        "cell_type": "code",
        "source": ["%matplotlib inline\n", "import tensorflow as tf\n", "tf.ones([3])"],
    }
    (tmp_path / "b.ipynb").write_text(json.dumps({"cells": [cell]}))
    (tmp_path / "c.py").write_text("this is (no Python\n")
    assert check.main([str(tmp_path)], False) == 1
    out = capsys.readouterr().out
    assert "c.py cannot be read as Python" in out
    assert [line.split()[:2] for line in out.splitlines() if line.startswith("tf.")] == [
        ["tf.ones", "supported"],
        ["tf.zeros", "supported"],
    ]
    assert "3 files: 3 TensorFlow symbols, all of them supported." in out


@pytest.mark.parametrize(
    ("code", "line"),
    [
        ("print 'x'", 1),
        ("print 'x' % (1,\n  2)", 1),
        ("if x: print 'x'", 1),
        ("print 'a', \\\n  'b'", 1),
        ("x = 1\nprint", None),
        ("exec 'x' in {}", 1),
        ("if a <> b: pass", 1),
        ("x = 10L", 1),
        ("x = 0777", 1),
        ("x = ur'a'", 1),
        ("x = `3`", 1),
        ("def f(a, (b, c)):\n  pass", 1),
        ("f = lambda (a, b): a", 1),
        ("if 1:\n\tx = 1\n        y = 2", 3),
        ("raise ValueError, 'x'", 1),
        ("try:\n  pass\nexcept (A, B), e:\n  pass", 3),
    ],
)
def test_python_2_is_read_and_told(code, line):
    _, said = parsed(code, "x.py")
    assert [number for number, _ in said] == ([] if line is None else [line])


def test_names_that_the_script_defines_are_not_python_2s():
    assert (
        leftovers(
            collect(ast.parse("xrange = range\nxrange(3)\ntry:\n  import cPickle\nexcept ImportError: pass"))
        )
        == []
    )


def test_every_supported_name_of_tensorflow_is_supported():
    answers = check.Answers()
    for path in ("tensorflow.nn.dynamic_rnn", "tensorflow.train.Saver.save", "tensorflow.app.flags.FLAGS.x"):
        assert answers.of(path)[1] == "supported"
    assert answers.of("tensorflow.GraphKeys.NO_SUCH_KEY")[1] == "not supported here"


def test_what_cannot_be_read_in_a_folder_does_not_hide_the_rest(tmp_path, capsys):
    (tmp_path / "a.py").write_text("import tensorflow as tf\ntf.zeros([1])\n")
    (tmp_path / "broken.ipynb").write_text('{"cells": [')
    (tmp_path / "deep.py").write_text(f"x = {'1+' * 20000}1\n")
    (tmp_path / "folder.py").mkdir()
    (tmp_path / "gone.py").symlink_to(tmp_path / "nowhere.py")
    assert check.main([str(tmp_path)], False) == 1
    printed = capsys.readouterr().out
    assert "tf.zeros" in printed
    assert "3 files" in printed
    assert "broken.ipynb is not a notebook" in printed
    assert "nested too deep" in printed


def test_what_scripts_put_there_themselves_is_there(tmp_path, capsys):
    (tmp_path / "names.py").write_text(
        "import tensorflow as tf\ntf.GraphKeys.INPUTS = 'inputs'\ntf.own = 3\n"
    )
    (tmp_path / "use.py").write_text(
        "import tensorflow as tf\ntf.get_collection(tf.GraphKeys.INPUTS, tf.own)\n"
    )
    assert check.main([str(tmp_path)], as_json=True) == 0
    told = json.loads(capsys.readouterr().out)
    assert "tf.own" in [symbol["name"] for symbol in told["symbols"]]
    (tmp_path / "names.py").unlink()
    assert check.main([str(tmp_path)], as_json=True) == 1
    told = json.loads(capsys.readouterr().out)
    missing = [symbol["name"] for symbol in told["symbols"] if not symbol["status"].startswith("supported")]
    assert sorted(missing) == ["tf.GraphKeys.INPUTS", "tf.own"]


@pytest.mark.parametrize("order", [["--check", "--json", "PATH"], ["--json", "--check", "PATH"]])
def test_json_stands_anywhere(order, tmp_path, capsys):
    script = tmp_path / "a.py"
    script.write_text("import tensorflow as tf\n")
    assert main(["run", *[str(script) if word == "PATH" else word for word in order]]) == 0
    assert json.loads(capsys.readouterr().out)["supported"]


def test_check_of_nothing(capsys):
    assert main(["run", "--check", "--json"]) == 2
    assert "--check needs a script or a folder" in capsys.readouterr().err
