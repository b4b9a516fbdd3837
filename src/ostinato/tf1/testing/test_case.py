"""`tf.test.TestCase`: unittest's, with sessions, a graph for each test, and comparisons of arrays."""

from __future__ import annotations

import contextlib
import difflib
import random
import re
import tempfile
import threading
import unittest
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import numpy as np

from .. import nest
from ..dtypes import as_dtype
from ..errors import OpError
from ..graph import get_default_graph, reset_default_graph, set_random_seed
from ..session import BaseSession, Session, get_default_session

_SEED = 87654321


class TestCase(unittest.TestCase):
    """A test of tensors (TF1 symbol: `tf.test.TestCase`)."""

    __test__ = False  # it is a base: pytest is not to collect it by its name

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        cls.__test__ = vars(cls).get("__test__", True)

    def setUp(self) -> None:
        random.seed(_SEED)
        np.random.seed(_SEED)
        reset_default_graph()
        set_random_seed(_SEED)
        self._cached: BaseSession | None = None

    def tearDown(self) -> None:
        self._ClearCachedSession()

    def _ClearCachedSession(self) -> None:
        if getattr(self, "_cached", None) is not None:
            self._cached.close()  # type: ignore[union-attr]
        self._cached = None

    def get_temp_dir(self) -> str:
        """A folder of this test's own, gone after it."""
        if not hasattr(self, "_folder"):
            self._folder = tempfile.mkdtemp(prefix="tf_test_")
            self.addCleanup(_remove, self._folder)
        return self._folder

    @contextlib.contextmanager
    def session(
        self, graph: Any = None, config: Any = None, use_gpu: bool = False, force_gpu: bool = False
    ) -> Iterator[BaseSession]:
        """A new session of the graph, which is the default one within."""
        graph = get_default_graph() if graph is None else graph
        with graph.as_default(), Session(graph=graph, config=config) as session:
            yield session

    @contextlib.contextmanager
    def cached_session(
        self, graph: Any = None, config: Any = None, use_gpu: bool = False, force_gpu: bool = False
    ) -> Iterator[BaseSession]:
        """The one session of this test: its variables are still there the next time."""
        if graph is not None:
            with self.session(graph, config) as session:
                yield session
            return
        if getattr(self, "_cached", None) is None or self._cached.graph is not get_default_graph():  # type: ignore[union-attr]
            self._ClearCachedSession()
            self._cached = Session(config=config)
        session = self._cached  # type: ignore[assignment]
        with session.graph.as_default(), session.as_default():
            yield session

    def test_session(
        self, graph: Any = None, config: Any = None, use_gpu: bool = False, force_gpu: bool = False
    ) -> Any:
        """`cached_session`; by its name unittest takes it for a test, and is told."""
        if self.id().endswith(".test_session"):
            self.skipTest("Not a test.")
        return self.cached_session(graph, config, use_gpu, force_gpu)

    def evaluate(self, tensors: Any) -> Any:
        """The values of tensors in the default session, or in this test's."""
        session = get_default_session()
        if session is None:
            with self.cached_session() as session:
                return session.run(tensors)
        return session.run(tensors)

    def checkedThread(
        self, target: Callable[..., Any], args: Any = None, kwargs: Any = None
    ) -> _CheckedThread:
        """A thread whose exception fails the test where it is joined."""
        return _CheckedThread(self, target, args or (), kwargs or {})

    # Arrays.

    def _GetNdArray(self, a: Any) -> Any:
        if hasattr(a, "graph") and hasattr(a, "dtype"):
            a = self.evaluate(a)
        return a if isinstance(a, np.ndarray) else np.array(a)

    def assertShapeEqual(self, np_array: Any, tf_tensor: Any, msg: Any = None) -> None:
        self.assertAllEqual(np_array.shape, tf_tensor.get_shape().as_list(), msg=msg)

    def assertAllEqual(self, a: Any, b: Any, msg: Any = None) -> None:
        a, b = self._GetNdArray(a), self._GetNdArray(b)
        self._same_shape(a, b, msg)
        if a.dtype.kind in "fc" and b.dtype.kind in "fc":
            same = np.logical_or(a == b, np.logical_and(np.isnan(a), np.isnan(b)))
        else:
            same = a == b
        self._all(same, f"not equal: {_shown(a)} and {_shown(b)}", msg)

    def assertNotAllEqual(self, a: Any, b: Any, msg: Any = None) -> None:
        try:
            self.assertAllEqual(a, b)
        except AssertionError:
            return
        raise AssertionError(f"The two values are equal at all elements. {msg or ''}")

    def assertAllClose(self, a: Any, b: Any, rtol: float = 1e-6, atol: float = 1e-6, msg: Any = None) -> None:
        """Nests of arrays, within `atol + rtol * abs(b)`."""
        a, b = _plain(a), _plain(b)
        if isinstance(a, Mapping) or isinstance(b, Mapping):
            self.assertIsInstance(a, Mapping, msg)
            self.assertIsInstance(b, Mapping, msg)
            self.assertItemsEqual(a.keys(), b.keys(), msg)
            for key in a:
                self.assertAllClose(a[key], b[key], rtol, atol, f"{msg or ''} [{key!r}]")
        elif isinstance(a, (list, tuple)) and isinstance(b, (list, tuple)) and not _is_array(a):
            self.assertEqual(len(a), len(b), msg)
            for place, (x, y) in enumerate(zip(a, b, strict=True)):
                self.assertAllClose(x, y, rtol, atol, f"{msg or ''} [{place}]")
        else:
            a, b = self._GetNdArray(a), self._GetNdArray(b)
            self._same_shape(a, b, msg)
            close = np.isclose(a, b, rtol, atol, equal_nan=True)
            self._all(close, f"not close (rtol={rtol}, atol={atol}): {_shown(a)} and {_shown(b)}", msg)

    def assertAllCloseAccordingToType(
        self,
        a: Any,
        b: Any,
        rtol: float = 1e-6,
        atol: float = 1e-6,
        float_rtol: float = 1e-6,
        float_atol: float = 1e-6,
        half_rtol: float = 1e-3,
        half_atol: float = 1e-3,
        bfloat16_rtol: float = 1e-2,
        bfloat16_atol: float = 1e-2,
        msg: Any = None,
    ) -> None:
        kinds = {self._GetNdArray(a).dtype.name, self._GetNdArray(b).dtype.name}
        for names, bounds in (
            (("float32", "complex64"), (float_rtol, float_atol)),
            (("float16",), (half_rtol, half_atol)),
            (("bfloat16",), (bfloat16_rtol, bfloat16_atol)),
        ):
            if kinds.intersection(names):
                rtol, atol = max(rtol, bounds[0]), max(atol, bounds[1])
        self.assertAllClose(a, b, rtol=rtol, atol=atol, msg=msg)

    def assertNotAllClose(self, a: Any, b: Any, **kwargs: Any) -> None:
        try:
            self.assertAllClose(a, b, **kwargs)
        except AssertionError:
            return
        raise AssertionError("The two values are close at all elements")

    def assertAllGreater(self, a: Any, comparison_target: Any) -> None:
        self._compared(a, np.greater, comparison_target)

    def assertAllLess(self, a: Any, comparison_target: Any) -> None:
        self._compared(a, np.less, comparison_target)

    def assertAllGreaterEqual(self, a: Any, comparison_target: Any) -> None:
        self._compared(a, np.greater_equal, comparison_target)

    def assertAllLessEqual(self, a: Any, comparison_target: Any) -> None:
        self._compared(a, np.less_equal, comparison_target)

    def assertAllInRange(
        self,
        target: Any,
        lower_bound: Any,
        upper_bound: Any,
        open_lower_bound: bool = False,
        open_upper_bound: bool = False,
    ) -> None:
        self._compared(target, np.greater if open_lower_bound else np.greater_equal, lower_bound)
        self._compared(target, np.less if open_upper_bound else np.less_equal, upper_bound)

    def assertAllInSet(self, target: Any, expected_set: Iterable[Any]) -> None:
        target = self._GetNdArray(target)
        others = set(np.unique(target).tolist()) - set(expected_set)
        self.assertFalse(others, f"{sorted(others)} are not in {expected_set}")

    def assertArrayNear(self, farray1: Any, farray2: Any, err: float, msg: Any = None) -> None:
        self.assertEqual(len(farray1), len(farray2), msg)
        for x, y in zip(farray1, farray2, strict=True):
            self.assertNear(float(x), float(y), err, msg)

    def assertNDArrayNear(self, ndarray1: Any, ndarray2: Any, err: float, msg: Any = None) -> None:
        self.assertTrue(np.linalg.norm(np.asarray(ndarray1) - np.asarray(ndarray2)) < err, msg)

    def assertNear(self, f1: float, f2: float, err: float, msg: Any = None) -> None:
        self.assertTrue(f1 == f2 or abs(f1 - f2) <= err, f"{f1!r} != {f2!r} +/- {err!r} {msg or ''}")

    def assertDTypeEqual(self, target: Any, expected_dtype: Any) -> None:
        found = target.dtype if hasattr(target, "dtype") else self._GetNdArray(target).dtype
        self.assertEqual(as_dtype(found), as_dtype(expected_dtype))

    def assertDeviceEqual(self, device1: Any, device2: Any, msg: Any = None) -> None:
        self.assertEqual(str(device1 or ""), str(device2 or ""), msg)

    def assertSameStructure(self, a: Any, b: Any, *_: Any, **__: Any) -> None:
        nest.assert_same_structure(a, b)

    def assertProtoEquals(self, expected_message_maybe_ascii: Any, message: Any, msg: Any = None) -> None:
        self.assertMultiLineEqual(str(expected_message_maybe_ascii).strip(), str(message).strip(), msg)

    def _same_shape(self, a: Any, b: Any, msg: Any) -> None:
        self.assertEqual(
            a.shape,
            b.shape,
            f"Shape mismatch: expected {a.shape}, got {b.shape} with contents {_shown(b)}. {msg or ''}",
        )

    def _all(self, right: Any, said: str, msg: Any) -> None:
        if not np.all(right):
            where = [tuple(map(int, place)) for place in np.argwhere(~np.asarray(right))[:5]]
            raise AssertionError(f"{said}; first at {where}. {msg or ''}")

    def _compared(self, a: Any, comparison: Any, target: Any) -> None:
        a = self._GetNdArray(a)
        self._all(comparison(a, target), f"not {comparison.__name__} than {target}: {_shown(a)}", None)

    # Errors.

    @contextlib.contextmanager
    def assertRaisesWithPredicateMatch(
        self, exception_type: Any, expected_err_re_or_predicate: Any
    ) -> Iterator[Any]:
        """The exception's text matches, or the predicate is true of it."""
        wanted = expected_err_re_or_predicate
        with self.assertRaises(exception_type) as caught:
            yield caught
        text = str(caught.exception)
        fits = wanted(caught.exception) if callable(wanted) else re.search(wanted, text)
        if not fits:
            raise AssertionError(f"Exception of type {type(caught.exception)}: {text}")

    def assertRaisesOpError(self, expected_err_re_or_predicate: Any) -> Any:
        return self.assertRaisesWithPredicateMatch(OpError, expected_err_re_or_predicate)

    @contextlib.contextmanager
    def assertRaisesWithLiteralMatch(
        self, expected_exception: Any, expected_exception_message: str
    ) -> Iterator[Any]:
        with self.assertRaises(expected_exception) as caught:
            yield caught
        self.assertEqual(str(caught.exception), expected_exception_message)

    # What Google's own base of tests has beside unittest's.

    assertItemsEqual = unittest.TestCase.assertCountEqual
    assertEquals = unittest.TestCase.assertEqual
    assertNotEquals = unittest.TestCase.assertNotEqual
    assertAlmostEquals = unittest.TestCase.assertAlmostEqual
    assertRaisesRegexp = unittest.TestCase.assertRaisesRegex
    assertRegexpMatches = unittest.TestCase.assertRegex
    assertNotRegexpMatches = unittest.TestCase.assertNotRegex
    assert_ = failUnless = unittest.TestCase.assertTrue
    failIf = unittest.TestCase.assertFalse
    failUnlessEqual = unittest.TestCase.assertEqual

    def assertLen(self, container: Any, expected_len: int, msg: Any = None) -> None:
        self.assertEqual(len(container), expected_len, f"{container!r} has another length. {msg or ''}")

    def assertEmpty(self, container: Any, msg: Any = None) -> None:
        self.assertFalse(len(container), f"{container!r} has length of {len(container)}. {msg or ''}")

    def assertNotEmpty(self, container: Any, msg: Any = None) -> None:
        self.assertTrue(len(container), f"{container!r} has length of 0. {msg or ''}")

    def assertBetween(self, value: Any, minv: Any, maxv: Any, msg: Any = None) -> None:
        self.assertTrue(
            minv <= value <= maxv, f"{value!r} unexpectedly not in [{minv!r}, {maxv!r}] {msg or ''}"
        )

    def assertStartsWith(self, actual: str, expected_start: str, msg: Any = None) -> None:
        self.assertTrue(
            actual.startswith(expected_start),
            f"{actual!r} does not start with {expected_start!r} {msg or ''}",
        )

    def assertEndsWith(self, actual: str, expected_end: str, msg: Any = None) -> None:
        self.assertTrue(
            actual.endswith(expected_end), f"{actual!r} does not end with {expected_end!r} {msg or ''}"
        )

    def assertContainsSubset(
        self, expected_subset: Iterable[Any], actual_set: Iterable[Any], msg: Any = None
    ) -> None:
        missing = set(expected_subset) - set(actual_set)
        self.assertFalse(missing, f"Missing elements {missing} {msg or ''}")

    def assertSameElements(
        self, expected_seq: Iterable[Any], actual_seq: Iterable[Any], msg: Any = None
    ) -> None:
        self.assertEqual(set(expected_seq), set(actual_seq), msg)

    def assertContainsInOrder(self, strings: Iterable[str], target: str, msg: Any = None) -> None:
        place = 0
        for each in strings:
            place = target.find(each, place)
            self.assertGreaterEqual(place, 0, f"Did not find {each!r} in order in {target!r} {msg or ''}")

    def assertSequenceAlmostEqual(
        self, expected_seq: Any, actual_seq: Any, places: Any = None, msg: Any = None, delta: Any = None
    ) -> None:
        self.assertEqual(len(expected_seq), len(actual_seq), msg)
        for x, y in zip(expected_seq, actual_seq, strict=True):
            self.assertAlmostEqual(x, y, places, msg, delta)


class _CheckedThread:
    def __init__(self, case: TestCase, target: Callable[..., Any], args: Any, kwargs: Any) -> None:
        self._case, self._exception = case, None
        self._call = lambda: target(*args, **kwargs)
        self._thread = threading.Thread(target=self._guarded, daemon=True)

    def _guarded(self) -> None:
        try:
            self._call()
        except Exception as error:  # told where the thread is joined
            self._exception = error  # type: ignore[assignment]

    def start(self) -> None:
        self._thread.start()

    def join(self) -> None:
        self._thread.join()
        if self._exception is not None:
            self._case.fail(f"Error in checkedThread: {self._exception}")

    def is_alive(self) -> bool:
        return self._thread.is_alive()


def assert_equal_graph_def(actual: Any, expected: Any, checkpoint_v2: bool = False, **_: Any) -> None:
    """Raise where two descriptions of graphs differ (TF1 symbol: `tf.test.assert_equal_graph_def`)."""
    ours, theirs = (sorted(map(str, graph.node)) for graph in (actual, expected))
    if ours != theirs:
        lines = difflib.unified_diff(
            "".join(theirs).splitlines(), "".join(ours).splitlines(), "expected", "actual", ""
        )
        raise AssertionError("\n".join(list(lines)[:40]))


def _remove(folder: str) -> None:
    import shutil

    shutil.rmtree(folder, ignore_errors=True)


def _plain(value: Any) -> Any:
    return value._asdict() if hasattr(value, "_asdict") else value


def _is_array(values: Any) -> bool:
    """Whether a list is one array's, and not a nest of several."""
    if any(hasattr(value, "graph") or isinstance(value, Mapping) for value in values):
        return False
    try:
        return np.array(values).dtype != object
    except ValueError:
        return False


def _shown(array: Any) -> str:
    return np.array2string(np.asarray(array), threshold=20)
