"""`ostinato run`: the script runs as it would under Python, with this face as TensorFlow."""

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

import ostinato.tf1 as tf
from ostinato.tf1 import shadow, six

SOURCE = str(Path(__file__).parents[2] / "src")


def start(folder, script, *arguments, path=()):
    """Run a script of this text in a fresh process, in `folder`."""
    (folder / "script.py").write_text(textwrap.dedent(script))
    environment = {
        **os.environ,
        "OMP_NUM_THREADS": "1",
        "PYTHONPATH": os.pathsep.join([SOURCE, *map(str, path)]),
    }
    command = [sys.executable, "-m", "ostinato", "run", "script.py", *arguments]
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=120
    )


def test_a_script_sees_itself_as_main_with_its_own_arguments_and_neighbours(tmp_path):
    (tmp_path / "neighbour.py").write_text("import tensorflow as tf\nanswer = tf.constant(42)\n")
    script = """
        import os, sys
        import tensorflow as tf
        import tensorflow.contrib.rnn as contrib_rnn
        import tensorflow.compat.v1 as v1
        from tensorflow.contrib import rnn
        from tensorflow.python.ops import init_ops, rnn_cell_impl
        from neighbour import answer

        if __name__ == "__main__":
            print(os.path.relpath(__file__), os.path.isabs(__file__), sys.argv)
            print(os.getcwd() == os.path.realpath(sys.path[0]))
            print(v1 is tf, rnn is contrib_rnn, rnn.GRUCell is rnn_cell_impl.GRUCell)
            print(init_ops.zeros_initializer is tf.zeros_initializer, tf.Session().run(answer))
            sys.exit(3)
    """
    done = start(tmp_path, script, "--epochs", "3", "-h")
    assert done.stdout.splitlines() == [
        "script.py True ['script.py', '--epochs', '3', '-h']",
        "True",
        "True True True",
        "True 42",
    ]
    assert (done.returncode, done.stderr) == (3, "")


def test_a_script_that_fails_shows_its_own_traceback(tmp_path):
    done = start(tmp_path, "def f():\n    raise ValueError('oh')\n\nf()\n")
    assert done.returncode == 1
    first, second, *_ = done.stderr.splitlines()
    assert first == "Traceback (most recent call last):"
    assert second == f'  File "{tmp_path / "script.py"}", line 4, in <module>'
    assert done.stderr.splitlines()[-1] == "ValueError: oh"
    assert "ostinato" not in done.stderr


def test_an_installed_tensorflow_is_shadowed_with_a_word(tmp_path):
    installed = tmp_path / "installed" / "tensorflow"
    installed.mkdir(parents=True)
    (installed / "__init__.py").write_text("raise RuntimeError('the installed one')\n")
    script = "import tensorflow as tf\nfrom tensorflow.contrib import rnn\nprint(tf.__name__)\n"
    done = start(tmp_path, script, path=[installed.parent])
    assert (done.returncode, done.stdout) == (0, "ostinato.tf1\n")
    assert done.stderr.count("installed TensorFlow is not used") == 1


@pytest.mark.parametrize("path", ["nothing.py", "."])
def test_a_bad_path_is_one_line(tmp_path, path):
    environment = {**os.environ, "PYTHONPATH": SOURCE}
    command = [sys.executable, "-m", "ostinato", "run", path]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1
    assert path in done.stderr


@pytest.fixture
def shadowed():
    """The shadow in force in this process, and gone afterwards."""
    before, finders = dict(sys.modules), list(sys.meta_path)
    shadow.install()
    yield
    sys.meta_path[:] = finders
    for name in [name for name in sys.modules if name.split(".")[0] == "tensorflow"]:
        del sys.modules[name]
    sys.modules.update({name: module for name, module in before.items() if name.startswith("tensorflow")})


def test_every_module_that_is_served_can_be_imported(shadowed):
    import importlib

    for name, module in shadow.modules().items():
        assert importlib.import_module(name) is module
    assert sys.modules["tensorflow"] is tf


def test_a_module_that_is_not_there_is_named_with_the_nearest(shadowed):
    import importlib

    with pytest.raises(
        ModuleNotFoundError, match=r"'tensorflow.contrib.rrn'.*nearest.* tensorflow.contrib.rnn"
    ):
        importlib.import_module("tensorflow.contrib.rrn")
    with pytest.raises(ModuleNotFoundError):
        importlib.import_module("tensorflow.session")


def test_names_that_are_not_there_are_named_with_the_nearest():
    for module, name, nearest in [
        (tf, "placeholdr", "placeholder"),
        (tf.nn, "dynamic_rn", "dynamic_rnn"),
        (tf.contrib.rnn, "BasicLSTMCel", "BasicLSTMCell"),
        (tf.train, "AdamOptimiser", "AdamOptimizer"),
        (tf.python.ops.init_ops, "zeros_initialiser", "zeros_initializer"),
    ]:
        with pytest.raises(AttributeError, match=f"nearest that there is is {nearest}"):
            getattr(module, name)


def test_the_public_names_are_all_there():
    for module in (
        tf,
        tf.nn,
        tf.nn.rnn_cell,
        tf.contrib,
        tf.contrib.rnn,
        tf.train,
        tf.layers,
        tf.logging,
        tf.python,
    ):
        for name in module.__all__:
            getattr(module, name)


def test_logging_is_pythons(caplog):
    before = tf.logging.get_verbosity()
    tf.logging.set_verbosity(tf.logging.ERROR)
    tf.logging.warn("not this")
    tf.logging.error("this, %d", 3)
    tf.logging.set_verbosity(before)
    assert [record.getMessage() for record in caplog.records] == ["this, 3"]


def test_a_script_may_import_six_where_it_is_not_installed(tmp_path):
    script = """
        import pickle, urllib.request
        import tensorflow as tf
        import six
        from six.moves import cPickle, range, urllib, xrange
        from six.moves.urllib.request import urlretrieve

        print(cPickle is pickle, pickle.__spec__.name, list(xrange(2)), range is xrange)
        print(urllib.request.urlretrieve is urlretrieve, six.PY3, list(six.iteritems({1: 2})))
    """
    done = start(tmp_path, script)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == ["True pickle [0, 1] True", "True True [(1, 2)]"]


def test_a_six_that_is_there_goes_first(monkeypatch):
    monkeypatch.setattr(sys, "meta_path", [f for f in sys.meta_path if not isinstance(f, six.Finder)])
    before = list(sys.meta_path)
    six.install()
    six.install()
    assert sys.meta_path[:-1] == before
    assert isinstance(sys.meta_path[-1], six.Finder)
