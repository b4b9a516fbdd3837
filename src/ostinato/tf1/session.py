"""Sessions: they hold the variables' values and run graphs."""

from __future__ import annotations

import contextlib
import threading
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import torch

from ostinato.memory import MemoryPlan

from . import process_ends
from .config.threading import get_intra_op_parallelism_threads
from .errors import NotFoundError, UnimplementedError
from .fetches import collect, feeds_of, fetched_value
from .graph import Graph, get_default_graph, pop_default_graph, push_default_graph
from .options import ConfigProto, check_run_options
from .philox import Philox
from .placement import PlacementLog, brought, placed
from .plan import plan_for
from .replays import replays_of
from .run import Run
from .servers import Held, held_by
from .session_device import gpu_memory, session_device
from .session_memory import SessionMemory
from .step_stats import evaluated
from .tensor import Operation, Tensor


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
        target: '', or the target of a `tf.train.Server` of this process.
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
        TypeError: `graph` is no graph, `config` no `tf.ConfigProto`, `memory` no plan, or `memory_limit` no
            amount.
        ValueError: both `memory` and `memory_limit`, or a limit that is no amount of memory.
        tf.errors.NotFoundError: a `target`.
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
        if graph is not None and not isinstance(graph, Graph):
            raise TypeError(f"graph must be a tf.Graph, but got {type(graph)}")
        if not isinstance(target, str):
            raise TypeError(f"target must be a string, but got {type(target)}")
        shared = held_by(target) if target else None
        if target and shared is None:
            raise NotFoundError(
                None,
                None,
                "No session factory registered for the given session options: there is no remote session "
                f"here, so that target must be '', not {target!r}.",
            )
        if config is not None and not isinstance(config, ConfigProto):
            raise TypeError(f"config must be a tf.ConfigProto, but got {type(config)}")
        self._graph = get_default_graph() if graph is None else graph
        self._closed = False
        self._config = config
        self._device = session_device(config)
        self._wait = getattr(config, "operation_timeout_in_ms", 0)
        self._threads = (
            getattr(config, "intra_op_parallelism_threads", 0) or get_intra_op_parallelism_threads()
        )
        self._logged = PlacementLog(self._device) if getattr(config, "log_device_placement", False) else None
        self._memory = SessionMemory.checked(memory, memory_limit)
        shared_or_own = shared or Held()
        self._shares = shared is not None  # with other sessions of a server
        self._variables: dict[str, torch.Tensor] = shared_or_own.variables
        self._sources: dict[Any, Philox] = shared_or_own.sources
        self._resources = shared_or_own.resources
        self._lock = threading.RLock()  # of writes to variables

    @property
    def graph(self) -> Graph:
        return self._graph

    @property
    def graph_def(self) -> Any:
        """The graph's message, with the nodes that there are now (TF1 symbol: `tf.Session.graph_def`)."""
        return self._graph.as_graph_def()

    @property
    def variables(self) -> dict[str, torch.Tensor]:
        """The variables' values by name: what a checkpoint of this session would hold."""
        return self._variables

    def close(self) -> None:
        """Let go of the variables, queues and tables; a closed session runs nothing more. Runs under way in
        other threads end as they would have, but for those that wait for a queue.
        """
        self._closed = True
        self._variables = {}
        self._sources = {}
        if not self._shares:
            self._resources.close()

    @contextlib.contextmanager
    def as_default(self) -> Iterator[BaseSession]:
        stack = _SESSIONS.stack
        stack.append(self)
        try:
            yield self
        finally:
            if self in stack:
                innermost = stack[-1] is self
                stack.remove(self)
                if not innermost:
                    raise AssertionError(f"Nesting violated for default stack of {type(self)} objects")

    def run(self, fetches: Any, feed_dict: Any = None, options: Any = None, run_metadata: Any = None) -> Any:
        """Evaluate a tensor, an operation, a name, or a nest of them (TF1 symbol: `tf.Session.run`).

        Args:
            fetches: what to evaluate: lists, tuples, named tuples, dicts and attrs classes of fetches give
                the same with values.
            feed_dict: values by tensor or name: numbers, nested lists or numpy arrays. Any tensor can be fed,
                and a tuple of tensors (a cell's state) with a tuple of values.
            options, run_metadata: a `tf.RunOptions` and a `tf.RunMetadata`, for the times of the nodes.

        Returns:
            numpy arrays and scalars; None for an operation.

        Raises:
            RuntimeError: the session is closed, or its graph is empty.
            TypeError: a fetch or a fed value of a wrong kind.
            ValueError: a tensor of another graph, or a fed value whose shape or structure does not fit.
            tf.errors.InvalidArgumentError: a placeholder is not fed, or a node fails on its values.
            tf.errors.FailedPreconditionError: a variable is used before it is initialised.
            ostinato.MemoryLimitError: no plan runs a node within the session's limit; it names the node and
                the smallest limit that would do.
        """
        check_run_options(options, run_metadata)
        # What this run holds before it asks whether the session is open, a closing leaves to it.
        held = self._variables, self._sources
        self._check_open()
        feeds = feeds_of(self._graph, feed_dict) if feed_dict else {}
        elements: dict[Tensor | Operation, int] = {}
        rebuild = collect(self._graph, fetches, elements)
        if options is None:
            return rebuild(self._evaluate(list(elements), feeds, *held) if elements else [])
        traced = run_metadata if options.trace_level else None
        wait = options.timeout_in_ms
        return rebuild(self._evaluate(list(elements), feeds, *held, traced, wait) if elements else [])

    def _check_open(self) -> None:
        if self._closed:
            raise RuntimeError("Attempted to use a closed Session.")
        if not self._graph.version:
            raise RuntimeError(
                "The Session graph is empty.  Add operations to the graph before calling run()."
            )

    def _evaluate(
        self,
        elements: list[Tensor | Operation],
        feeds: dict[Tensor, Any],
        variables: dict[str, torch.Tensor],
        sources: dict[Any, Philox],
        traced: Any = None,
        timeout_in_ms: int = 0,
    ) -> list[Any]:
        plan = plan_for(self._graph, elements, list(feeds))
        run = Run(variables, sources, plan.tracked, self._memory, self._lock, self._resources)
        run.timeout_in_ms = timeout_in_ms or self._wait
        values = list(feeds.values())
        if self._logged is not None:
            self._logged.tell(self._graph)
        if self._device is not None:
            run.device, plan = self._device, placed(plan, self._device)
            values = brought(values, self._device)
        process_ends.begin(run)
        try:
            with torch.set_grad_enabled(plan.has_gradients), _threads(self._threads):
                if traced is not None:
                    values = evaluated(plan, run, values, traced)
                else:
                    values = replays_of(plan).execute(plan, run, values)
            return [fetched_value(value) for value in values]
        finally:
            process_ends.end(run)

    def make_callable(
        self, fetches: Any, feed_list: Any = None, accept_options: bool = False
    ) -> Callable[..., Any]:
        """A function that runs the fetches and takes a value for each of `feed_list` (TF1 symbol:
        `tf.Session.make_callable`).

        Raises:
            TypeError: `feed_list` is no list, or a fetch of a wrong kind; the function raises it where it is
                called with more values than there are feeds.
        """
        if feed_list is not None and not isinstance(feed_list, (list, tuple)):
            raise TypeError("`feed_list` must be a list or tuple.")
        collect(self._graph, fetches, {})  # what cannot be fetched is said at once
        keys = list(feed_list or ())

        def call(*values: Any, **options: Any) -> Any:
            if len(values) > len(keys):
                raise TypeError(
                    f"This callable takes {len(keys)} values to feed; it was given {len(values)}."
                )
            if options and not accept_options:
                raise TypeError(f"This callable takes no options; it was given {', '.join(options)}.")
            return self.run(fetches, dict(zip(keys, values, strict=False)), **options)

        return call

    def list_devices(self) -> list[DeviceAttributes]:
        """The devices of this session (TF1 symbol: `tf.Session.list_devices`)."""
        there = [] if self._device is None else [DeviceAttributes("GPU", 0, gpu_memory(self._device))]
        return [DeviceAttributes("CPU", 0, 0), *there]

    def partial_run_setup(self, fetches: Any, feeds: Any = None) -> Any:
        """Not there: a run evaluates its fetches in one go (TF1 symbol: `tf.Session.partial_run_setup`).

        Raises:
            tf.errors.UnimplementedError: always.
        """
        raise UnimplementedError(
            None,
            None,
            "There are no partial runs here. Fetch what is needed first with Session.run, and feed it to the "
            "next run: any tensor can be fed.",
        )

    def partial_run(self, handle: Any, fetches: Any, feed_dict: Any = None) -> Any:
        """Not there (TF1 symbol: `tf.Session.partial_run`); raises as `partial_run_setup` does."""
        return self.partial_run_setup(fetches)


class DeviceAttributes:
    """A device: `name`, `device_type`, `memory_limit_bytes` (0 where it is not limited)."""

    def __init__(self, device_type: str, index: int, memory_limit_bytes: int) -> None:
        self.name = f"/job:localhost/replica:0/task:0/device:{device_type}:{index}"
        self.device_type = device_type
        self.memory_limit_bytes = memory_limit_bytes

    def __repr__(self) -> str:
        return f"_DeviceAttributes({self.name}, {self.device_type}, {self.memory_limit_bytes})"


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
        if any(isinstance(other, InteractiveSession) for other in _SESSIONS.stack):
            warnings.warn(
                "An interactive session is already active. It keeps its variables until it is closed with "
                "`InteractiveSession.close()`.",
                stacklevel=2,
            )
        self._default_graph = graph
        if graph is not None:
            push_default_graph(graph)
        _SESSIONS.stack.append(self)

    def close(self) -> None:
        super().close()
        if self in _SESSIONS.stack:
            _SESSIONS.stack.remove(self)
        if self._default_graph is not None:
            pop_default_graph(self._default_graph)
            self._default_graph = None

    def __enter__(self) -> InteractiveSession:
        return self

    def __exit__(self, *details: Any) -> None:
        self.close()


@contextlib.contextmanager
def _threads(wanted: int) -> Iterator[None]:
    """Within a run, the number of threads that the session's configuration asks for, if it does."""
    if wanted <= 0 or process_ends.keeps_threads():
        yield
        return
    before = torch.get_num_threads()
    torch.set_num_threads(wanted)
    try:
        yield
    finally:
        torch.set_num_threads(before)
