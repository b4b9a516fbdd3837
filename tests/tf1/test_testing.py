"""`tf.test`, `tf.logging`, `tf.compat` and the other small modules."""

import logging
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import ostinato.tf1 as tf


class Case(tf.test.TestCase):
    __test__ = False  # its methods are called below

    def runTest(self):
        """Nothing: the methods are called by the tests below."""


@pytest.fixture
def case():
    made = Case()
    made.setUp()
    yield made
    made.tearDown()


def test_sessions_of_a_test(case):
    with case.test_session():
        x = tf.Variable(3.0)
        x.initializer.run()
    with case.cached_session():
        assert case.evaluate(x) == 3.0
        assert x.eval() == 3.0
    with case.session(graph=tf.Graph()) as session:
        assert session.graph is tf.get_default_graph()
        assert session.run(tf.constant(2)) == 2
    assert Path(case.get_temp_dir()).is_dir()


def test_comparisons(case):
    case.assertAllEqual([1, 2], np.array([1, 2]))
    case.assertAllClose({"a": [1.0, (2.0, 3.0)]}, {"a": [1.0, (2.0, 3.0 + 1e-7)]})
    case.assertAllCloseAccordingToType(np.float16([1.0]), np.float16([1.0005]))
    case.assertShapeEqual(np.zeros([2, 3]), tf.zeros([2, 3]))
    case.assertAllInRange([0.5], 0, 1)
    case.assertItemsEqual([1, 2], [2, 1])
    case.assertEquals(1, 1)  # noqa: PT009
    case.assertLen([1], 1)
    for wrong in (
        lambda: case.assertAllEqual([1, 2], [1, 3]),
        lambda: case.assertAllEqual([1, 2], [1, 2, 3]),
        lambda: case.assertAllClose([1.0], [1.1]),
        lambda: case.assertAllClose({"a": 1.0}, {"b": 1.0}),
        lambda: case.assertNotAllClose([1.0], [1.0]),
        lambda: case.assertAllGreater([1, 2], 1),
        lambda: case.assertNear(1.0, 2.0, 0.5),
        lambda: case.assertStartsWith("ab", "b"),
    ):
        with pytest.raises(AssertionError):
            wrong()


def test_errors_of_operations(case):
    with case.session() as session, case.assertRaisesOpError("must be fed|You must feed"):
        session.run(tf.placeholder(tf.float32, [2], name="x"))
    with pytest.raises(AssertionError), case.assertRaisesWithPredicateMatch(ValueError, "no"):
        raise ValueError("yes")


def test_gradients_against_differences():
    with tf.Graph().as_default(), tf.Session():
        x = tf.placeholder(tf.float64, [2, 3])
        y = tf.reduce_sum(tf.tanh(x) * x, 1)
        ours, theirs = tf.test.compute_gradient(x, [2, 3], y, [2])
        assert ours.shape == theirs.shape == (6, 2)
        assert tf.test.compute_gradient_error(x, [2, 3], y, [2]) < 1e-5
        wrong = tf.stop_gradient(x) * x
        assert tf.test.compute_gradient_error(x, [2, 3], wrong, [2, 3]) > 0.01


def test_a_script_of_tests_runs(tmp_path):
    (tmp_path / "some_test.py").write_text(
        "import tensorflow as tf\n"
        "class SomeTest(tf.test.TestCase):\n"
        "    def testIt(self):\n"
        "        with self.test_session():\n"
        "            self.assertAllEqual(tf.ones([2]).eval(), [1, 1])\n"
        "if __name__ == '__main__':\n"
        "    tf.test.main()\n"
    )
    done = subprocess.run(
        [sys.executable, "-m", "ostinato", "run", "some_test.py"],
        cwd=tmp_path,
        env={"PYTHONPATH": str(Path(__file__).parents[2] / "src"), "OMP_NUM_THREADS": "1", "PATH": ""},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    assert "OK (skipped=1)" in done.stderr  # as TensorFlow tells of test_session


def test_logging_by_counts(caplog):
    before = tf.logging.get_verbosity()
    tf.logging.set_verbosity(tf.logging.INFO)
    for index in range(5):
        tf.logging.log_every_n(tf.logging.INFO, "every %d", 2, index)
        tf.logging.log_first_n(tf.logging.INFO, "first %d", 2, index)
    tf.logging.log_if(tf.logging.WARN, "if %d", False, 3)
    tf.logging.debug("not this")
    tf.logging.set_verbosity(before)
    said = [record.getMessage() for record in caplog.records]
    assert said == ["every 0", "first 0", "first 1", "every 2", "every 4"]
    assert {record.levelno for record in caplog.records} == {logging.INFO}
    assert {Path(record.pathname).name for record in caplog.records} == {"test_testing.py"}
    with pytest.raises(NotImplementedError):
        tf.logging.flush()


def test_versions_and_compatibility():
    assert tf.VERSION == tf.__version__ == tf.version.VERSION == "1.15.0"
    assert tf.GRAPH_DEF_VERSION == 134
    assert tf.compat.forward_compatible(2019, 1, 1)
    assert not tf.compat.forward_compatible(2030, 1, 1)
    with tf.compat.forward_compatibility_horizon(2031, 1, 1):
        assert tf.compat.forward_compatible(2030, 1, 1)
    assert tf.compat.as_str_any(b"x") == "x"
    assert tf.compat.path_to_str(Path("x")) == "x"
    assert tf.compat.dimension_value(tf.TensorShape([3])[0]) == 3
    assert isinstance(np.float32(1), tf.compat.real_types)
    with pytest.raises(AttributeError, match="TensorFlow 1's interface"):
        tf.compat.v2.summary  # noqa: B018
    with pytest.raises(tf.errors.UnimplementedError, match="py_func"):
        tf.sysconfig.get_lib()


def test_files_beside_the_caller():
    assert tf.resource_loader.get_path_to_datafile("x") == str(Path(__file__).resolve().parent / "x")
    assert tf.resource_loader.load_resource(Path(__file__).name).startswith(b'"""`tf.test`')
