"""What Python and numpy removed is there for a script of 2017, and Python 2's leftovers are named."""

import numpy as np
import pytest

from ostinato.cli.python2 import hints, line_hint

from .run_scripts import start

SCRIPT = """
    import base64, collections, inspect, json, random, string, threading, time
    import imp
    from distutils.version import LooseVersion
    import numpy as np
    import tensorflow as tf
    from absl import app, flags, logging

    FLAGS = tf.app.flags.FLAGS
    tf.app.flags.DEFINE_integer("size", 3, "a size")
    print(np.int is int, np.float_ is np.float64, np.Inf, np.product([2, 3]), np.asscalar(np.array([2.5])))
    print(np.array([[1, 2], [3]]).dtype, np.array([1.0], copy=False), [np.float64(1.5)])
    print(np.arange(3, dtype=np.int8).tostring(), np.fromstring(b"\\x01\\x02", np.uint8), np.arange(4).ptp())
    print(int(np.array([3.7])), float(np.array([[2]])), "%.2f" % np.array([1.234]))
    try:
        float(np.array([1, 2]))
    except TypeError as error:
        print("TypeError")
    print(np.lib.pad([1], 1, "constant"), np.random.random_integers(1, 1))
    print(isinstance([], collections.Iterable), inspect.getargspec(lambda a, b=1: a).args, time.clock() >= 0)
    print(json.loads("[1]", encoding="utf-8"), json.dumps(FLAGS.__flags), threading.Thread().isAlive())
    print(LooseVersion(tf.__version__) >= LooseVersion("1.4"), random.sample({1: 2}.keys(), 1))
    print(imp.reload(string) is string)
    print(len(open(__file__, "rU").read()) > 0, hasattr(np, "no_such_name"))
    x = [1, 2, 3]
    random.shuffle(x, lambda: 0.0)
    print(x, flags is tf.flags, app is tf.app, logging is tf.logging)
"""


def test_what_was_removed_is_there(tmp_path):
    done = start(tmp_path, "script.py", script_py=SCRIPT)
    assert done.stdout.splitlines() == [
        "True True inf 6 2.5",
        "object [1.] [1.5]",
        "b'\\x00\\x01\\x02' [1 2] 3",
        "3 2.0 1.23",
        "TypeError",
        "[0 1 0] 1",
        "True ['a', 'b'] True",
        '[1] {"size": 3} False',
        "True [1]",
        "True",
        "True False",
        "[2, 3, 1] True True True",
    ], done.stderr
    assert done.returncode == 0
    said = [line for line in done.stderr.splitlines() if line.startswith("ostinato: ")]
    assert len(said) == len(set(said))
    assert any("numpy.int is gone" in line for line in said)


def test_a_print_statement_is_named_beside_its_traceback(tmp_path):
    done = start(tmp_path, "script.py", script_py="import tensorflow as tf\nprint 'loss', 3\n")
    assert done.returncode == 1
    assert "line 2" in done.stderr
    assert "ostinato: a print statement of Python 2: print(...) in Python 3; 2to3 mends it" in done.stderr


def failing(code, **variables):
    try:
        exec(code, variables)
    except Exception as error:
        return hints(error)
    raise AssertionError("it did not fail")


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("xrange(3)", "range in Python 3"),
        ("unicode('x')", "str in Python 3"),
        ("raw_input()", "input in Python 3"),
        ("import cPickle", "pickle in Python 3"),
        ("import urllib2", "urllib.request in Python 3"),
        ("{}.iteritems()", "'d.items()' in Python 3"),
        ("{}.has_key(1)", "'k in d' in Python 3"),
        ("{1: 2}.keys()[0]", "list(...) makes one"),
        ("map(str, [1])[0]", "list(...) makes one"),
        ("len(zip([1], [2]))", "list(...) makes one"),
        ("range(5 / 2)", "Python 2 counted batches with it: '//'"),
        ("x = [1, 2]\nx[2 / 2]", "Python 2 counted batches with it: '//'"),
        ("import itertools; itertools.izip([1])", "the built-in zip"),
        ("from itertools import izip", "the built-in zip"),
        ("import string; string.letters", "string.letters"),
        ("import sys; sys.maxint", "sys.maxsize"),
        ("import urllib; urllib.urlretrieve('x')", "urllib.request.urlretrieve"),
        ("iter([1]).next()", "next(iterator)"),
        ("raise 'text'", "raise Exception"),
        ("import io, pickle; pickle.load(io.StringIO('x'))", "open files of bytes"),
        ("'x'.decode('utf-8')", "text already"),
        ("None < 3", "does not order"),
        ("import keras_of_no_kind as keras", None),
        ("import pickle; pickle.loads(b'S\"\\\\xe9\"\\n.')", "latin1"),
        ("exec('except Error, e:\\n  pass')", "as name"),
        ("exec('x = 0777')", "0o777"),
        ("exec('if 1:\\n\\tx = 1\\n        y = 2')", "expand -t 8"),
        ("1 + 'x'", None),
    ],
)
def test_python_2_in_a_failure(code, told):
    said = failing(code)
    assert len(said) == (told is not None)
    assert all(told in hint for hint in said)


def test_a_load_of_objects_says_how(tmp_path):
    np.save(tmp_path / "x.npy", np.array([{}]), allow_pickle=True)
    assert "allow_pickle=True" in failing(f"import numpy; numpy.load({str(tmp_path / 'x.npy')!r})")[0]


@pytest.mark.parametrize(
    "line", ["print(x)", "x = 10", "print = 3", "lambda x: x", "except ValueError as e:"]
)
def test_what_is_python_3_is_left_alone(line):
    assert line_hint(line) is None


def test_an_array_of_tensors_is_one_of_objects(tmp_path):
    script = """
        import numpy as np
        import tensorflow as tf

        a, b = tf.constant([1.0, 2.0]), tf.constant([3.0, 4.0])
        found = np.array([[a, b], [b, a]])
        print(found.shape, found.dtype, found[1, 0] is b, np.array((a,)).shape)
        with tf.Session() as session:
            print(session.run(tf.add_n(list(found[:, 0]))))
        for refused in (lambda: np.array(a), lambda: np.array([a], np.float32)):
            try:
                refused()
            except NotImplementedError as error:
                print(str(error)[:31])
    """
    done = start(tmp_path, "script.py", script_py=script)
    assert done.stdout.splitlines() == [
        "(2, 2) object True (1,)",
        "[4. 6.]",
        *["Cannot convert a symbolic Tensor"[:31]] * 2,
    ], done.stderr
