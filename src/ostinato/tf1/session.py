"""Sessions: they hold the variables' values and run graphs."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
import torch

from ostinato.memory import MemoryPlan

from .graph import Graph, get_default_graph
from .ops.core import string_array
from .philox import Philox
from .plan import plan_for
from .run import Run
from .session_memory import SessionMemory
from .shapes import TensorShape
from .tensor import Tensor


class _Sessions(threading.local):
    def __init__(self) -> None:
        self.stack: list[BaseSession] = []


_SESSIONS = _Sessions()


def get_default_session() -> BaseSession | None:
    """The session that `eval()` and `run()` of a handle use (TF1 symbol: `tf.get_default_session`)."""
    return _SESSIONS.stack[-1] if _SESSIONS.stack else None


def session_for(graph: Graph, session: BaseSession | None, method: str) -> BaseSession:
    """The given session, or the default one, checked against the graph of what it is to evaluate."""
    what = "evaluate tensor" if method == "eval()" else "execute operation"
    call = method[:-2]
    if session is None:
        session = get_default_session()
        if session is None:
            raise ValueError(
                f"Cannot {what} using `{method}`: No default session is registered. Use `with "
                "sess.as_default()` or pass "
                f"an explicit session to `{call}(session=sess)`"
            )
        if session.graph is not graph:
            raise ValueError(
                f"Cannot use the default session to {what}: the {what.split()[1]}'s graph is different "
                "from the "
                f"session's graph. Pass an explicit session to `{call}(session=sess)`."
            )
    elif session.graph is not graph:
        raise ValueError(
            f"Cannot use the given session to {what}: the {what.split()[1]}'s graph is different from the "
            "session's graph."
        )
    return session


class BaseSession:
    """What Session and InteractiveSession share.

    Args:
        target: '', as there is no remote session.
        graph: None is the default graph.
        config: a `tf.ConfigProto`.
        memory: an `ostinato.MemoryPlan` of what the recurrent nodes keep for their gradients. TensorFlow has
            no such argument.
        memory_limit: bytes, or a text such as "2GiB", for each `dynamic_rnn`, each direction of a
            bidirectional one and each `static_rnn` whose steps run as one sequence: the fastest plan is taken
            that keeps to it. Several in one graph keep to it each by itself, so a graph of several takes
            several times as much.

    Either goes before a node's `swap_memory`, and counts in runs that take gradients. With neither, the limit
    is that of `ostinato run --memory-limit`, or there is none.

    Raises:
        TypeError: `graph` is no graph, `memory` no plan, or `memory_limit` no amount.
        ValueError: a `target`, both `memory` and `memory_limit`, or a limit that is no amount of memory.
    """

    def __init__(
        self,
        target: str = "",
        graph: Graph | None = None,
        config: Any = None,
        *,
        memory: MemoryPlan | None = None,
        memory_limit: int | str | None = None,
    ) -> None:
        if target:
            raise ValueError(f"There is no remote session here; target must be '', not {target!r}.")
        if graph is not None and not isinstance(graph, Graph):
            raise TypeError(f"graph must be a tf.Graph, but got {type(graph)}")
        self._graph = get_default_graph() if graph is None else graph
        self._closed = False
        self._config = config
        self._memory = SessionMemory.checked(memory, memory_limit)
        self._variables: dict[str, torch.Tensor] = {}
        self._sources: dict[Any, Philox] = {}

    @property
    def graph(self) -> Graph:
        return self._graph

    @property
    def variables(self) -> dict[str, torch.Tensor]:
        """The variables' values by name: what a checkpoint of this session would hold."""
        return self._variables

    def close(self) -> None:
        """Let go of the variables; a closed session runs nothing more."""
        self._closed = True
        self._variables.clear()
        self._sources.clear()

    @contextlib.contextmanager
    def as_default(self) -> Iterator[BaseSession]:
        _SESSIONS.stack.append(self)
        try:
            yield self
        finally:
            _SESSIONS.stack.remove(self)

    def run(self, fetches: Any, feed_dict: Any = None, options: Any = None, run_metadata: Any = None) -> Any:
        """Evaluate a tensor, an operation, a name, or a nest of them (TF1 symbol: `tf.Session.run`).

        Args:
            fetches: what to evaluate: lists, tuples, named tuples and dicts of fetches give the same with
                values.
            feed_dict: values by tensor or name: numbers, nested lists or numpy arrays. Any tensor can be fed.

        Returns:
            numpy arrays and scalars; None for an operation.

        Raises:
            RuntimeError: the session is closed, or its graph is empty.
            TypeError: a fetch or a fed value of a wrong kind.
            ValueError: a tensor of another graph, or a fed value whose shape does not fit.
            tf.errors.InvalidArgumentError: a placeholder is not fed, or a node fails on its values.
            tf.errors.FailedPreconditionError: a variable is used before it is initialised.
            ostinato.MemoryLimitError: no plan runs a node within the session's limit; it names the node and
                the smallest limit that would do.
        """
        if self._closed:
            raise RuntimeError("Attempted to use a closed Session.")
        if not self._graph.get_operations():
            raise RuntimeError(
                "The Session graph is empty.  Add operations to the graph before calling run()."
            )
        elements: dict[Any, int] = {}
        rebuild = self._fetch(fetches, elements)
        feeds = self._feed(feed_dict or {})
        plan = plan_for(self._graph, list(elements), list(feeds))
        run = Run(self._variables, self._sources, plan.tracked, self._memory)
        with torch.set_grad_enabled(plan.has_gradients), _threads(self._config):
            values = plan.execute(run, list(feeds.values()))
        return rebuild([_to_numpy(value) for value in values])

    def _fetch(self, fetch: Any, elements: dict[Any, int]) -> Callable[[list[Any]], Any]:
        """Collect a fetch's elements; the result makes its value of theirs."""
        if isinstance(fetch, Mapping):
            parts = {key: self._fetch(item, elements) for key, item in fetch.items()}
            kind: Any = type(fetch)
            return lambda values: kind((key, part(values)) for key, part in parts.items())
        if isinstance(fetch, (list, tuple)):
            members = [self._fetch(item, elements) for item in fetch]
            if hasattr(fetch, "_fields"):
                return lambda values: type(fetch)(*[member(values) for member in members])
            return lambda values: type(fetch)(member(values) for member in members)
        try:
            element = self._graph.as_graph_element(fetch)
        except TypeError as problem:
            raise TypeError(
                f"Fetch argument {fetch!r} has invalid type {type(fetch)}, must be a string or Tensor. "
                f"({problem})"
            ) from None
        except (ValueError, KeyError) as problem:
            text = problem.args[0] if problem.args else problem
            raise ValueError(
                f"Fetch argument {fetch!r} cannot be interpreted as a Tensor. ({text})"
            ) from None
        index = elements.setdefault(element, len(elements))
        return lambda values: values[index]

    def _feed(self, feed_dict: Any) -> dict[Tensor, torch.Tensor]:
        if not isinstance(feed_dict, Mapping):
            raise TypeError(
                f"feed_dict must be a dictionary of tensors and values, not {type(feed_dict).__name__}."
            )
        feeds: dict[Tensor, torch.Tensor] = {}
        for key, value in feed_dict.items():
            for handle, part in _pairs(key, value):
                try:
                    tensor = self._graph.as_graph_element(handle, allow_operation=False)
                except (TypeError, ValueError, KeyError) as problem:
                    text = problem.args[0] if problem.args else problem
                    raise TypeError(f"Cannot interpret feed_dict key as Tensor: {text}") from None
                feeds[tensor] = _fed_value(tensor, part)
        return feeds


def _pairs(key: Any, value: Any) -> Iterator[tuple[Any, Any]]:
    """A nest of tensors may be fed with a nest of values of its structure, as a cell's state is."""
    if not isinstance(key, tuple):
        yield key, value
        return
    if not isinstance(value, (list, tuple)) or len(value) != len(key):
        raise ValueError(
            f"A feed for {len(key)} tensors, {key}, needs as many values in a tuple; got {value!r}."
        )
    for inner_key, inner_value in zip(key, value, strict=True):
        yield from _pairs(inner_key, inner_value)


def _fed_value(tensor: Tensor, value: Any) -> torch.Tensor:
    if isinstance(value, Tensor):
        raise TypeError(
            "The value of a feed cannot be a tf.Tensor object. Acceptable feed values include Python "
            "scalars, strings, "
            f"lists, numpy ndarrays. For reference, the tensor object was {value} which was passed to the "
            "feed with "
            f"key {tensor}."
        )
    dtype = tensor.dtype.base_dtype
    if isinstance(value, torch.Tensor):
        value = value.detach().cpu().numpy()
    if dtype.name == "string":
        return _fed_strings(tensor, value)
    kind = np.float32 if dtype.name == "bfloat16" else dtype.as_numpy_dtype
    if isinstance(value, int) and dtype.is_integer and not dtype.min <= value <= dtype.max:
        raise TypeError(
            f"Type of feed value {value} with type {type(value)} is not compatible with Tensor type "
            f"{dtype.as_numpy_dtype}. Try explicitly setting the type of the feed tensor to a larger type "
            "(e.g. int64)."
        )
    # A copy: what a run keeps must not change when the caller's array does, and torch wants it writable.
    array = np.array(value, dtype=kind, order="C")
    _check_fed_shape(tensor, array.shape)
    return torch.from_numpy(array).to(dtype.torch_dtype)


def _fed_strings(tensor: Tensor, value: Any) -> Any:
    array = string_array(value)
    if array is None and np.size(value):
        raise TypeError(f"Tensor {tensor.name!r} takes strings; it was fed {value!r}.")
    array = np.empty(np.shape(value), dtype=object) if array is None else array
    _check_fed_shape(tensor, array.shape)
    return array


def _check_fed_shape(tensor: Tensor, sizes: tuple[int, ...]) -> None:
    if not tensor.shape.is_compatible_with(sizes):
        raise ValueError(
            f"Cannot feed value of shape {TensorShape(sizes)} for Tensor {tensor.name!r}, "
            f"which has shape {str(tensor.shape)!r}"
        )


def _to_numpy(value: Any) -> Any:
    if value is None:
        return None
    if isinstance(value, np.ndarray):  # strings
        return value.copy() if value.ndim else value.item()
    value = value.detach()
    array = (value.float() if value.dtype is torch.bfloat16 else value).cpu().numpy()
    # A copy, for the value may be a variable's, a view, or fed: the caller may do with it as he likes.
    return np.array(array, order="C") if array.ndim else array[()]


class Session(BaseSession):
    """Runs a graph (TF1 symbol: `tf.Session`). As a context manager it is the default session, and closes at
    the end. Beside TensorFlow's arguments it takes `memory` or `memory_limit`, for sequences that do not fit.

    >>> from .ops.core import constant
    >>> with Graph().as_default(), Session() as session:
    ...     session.run(constant(2) * 3).item()
    6
    """

    _stack: contextlib.ExitStack | None = None

    def __enter__(self) -> Session:
        if self._stack is not None:
            raise RuntimeError(
                "Session context managers are not re-entrant. Use `Session.as_default()` if you want to "
                "enter a session multiple times."
            )
        self._stack = contextlib.ExitStack()
        self._stack.enter_context(self._graph.as_default())
        self._stack.enter_context(self.as_default())
        return self

    def __exit__(self, *details: Any) -> None:
        stack, self._stack = self._stack, None
        if stack is not None:
            stack.close()
        self.close()


class InteractiveSession(BaseSession):
    """A session that is the default one from its making until its closing (TF1 symbol:
    `tf.InteractiveSession`).
    """

    def __init__(
        self,
        target: str = "",
        graph: Graph | None = None,
        config: Any = None,
        *,
        memory: MemoryPlan | None = None,
        memory_limit: int | str | None = None,
    ) -> None:
        super().__init__(target, graph, config, memory=memory, memory_limit=memory_limit)
        self._default_graph = None
        if graph is not None:
            self._default_graph = graph.as_default()
            self._default_graph.__enter__()
        _SESSIONS.stack.append(self)

    def close(self) -> None:
        super().close()
        if self in _SESSIONS.stack:
            _SESSIONS.stack.remove(self)
        if self._default_graph is not None:
            self._default_graph.__exit__(None, None, None)
            self._default_graph = None

    def __enter__(self) -> InteractiveSession:
        return self

    def __exit__(self, *details: Any) -> None:
        self.close()


@contextlib.contextmanager
def _threads(config: Any) -> Iterator[None]:
    """Within a run, the number of threads that the session's configuration asks for, if it does."""
    wanted = getattr(config, "intra_op_parallelism_threads", 0)
    if not wanted:
        yield
        return
    before = torch.get_num_threads()
    torch.set_num_threads(wanted)
    try:
        yield
    finally:
        torch.set_num_threads(before)


class ConfigProto:
    """Options of a session (TF1 symbol: `tf.ConfigProto`).

    `intra_op_parallelism_threads` is the number of torch's threads during a run. A small network is as fast
    on one, and keeps its speed there when other work shares the cores. The other options are kept and not
    used.
    """

    def __init__(self, **options: Any) -> None:
        self.gpu_options = options.pop("gpu_options", None) or GPUOptions()
        for name, value in options.items():
            setattr(self, name, value)


class GPUOptions:
    """Options of a GPU, kept and not used (TF1 symbol: `tf.GPUOptions`)."""

    def __init__(self, **options: Any) -> None:
        for name, value in options.items():
            setattr(self, name, value)
