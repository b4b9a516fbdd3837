"""Clusters and servers: a server of this process, and devices for variables (TF1 symbols:
`tf.train.ClusterSpec`, `tf.train.Server`, `tf.train.replica_device_setter`).
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import torch

from . import options  # noqa: F401  # a server's configuration
from .devices import combined, parsed
from .errors import UnimplementedError
from .messages import Message
from .resources import Resources


class JobDef(Message):
    """The tasks of a job, by number (TF1 symbol: `tf.train.JobDef`)."""

    _fields: ClassVar[dict[str, str]] = {"name": "1 string", "tasks": "2 map<int32, string>"}


class ClusterDef(Message):
    """The jobs of a cluster (TF1 symbol: `tf.train.ClusterDef`)."""

    _fields: ClassVar[dict[str, str]] = {"job": "1 repeated JobDef"}


class ServerDef(Message):
    """A server of a cluster (TF1 symbol: `tf.train.ServerDef`)."""

    _fields: ClassVar[dict[str, str]] = {
        "cluster": "1 ClusterDef",
        "job_name": "2 string",
        "task_index": "3 int32",
        "protocol": "5 string",
    }


class ClusterSpec:
    """The addresses of a cluster's tasks, by job (TF1 symbol: `tf.train.ClusterSpec`).

    Raises:
        TypeError: `cluster` is neither a dict of them, a message, nor another ClusterSpec.

    >>> ClusterSpec({"worker": ["a:1", "b:2"]}).task_address("worker", 1)
    'b:2'
    """

    def __init__(self, cluster: Any) -> None:
        self._tasks: dict[str, dict[int, str]] = {}
        if isinstance(cluster, ClusterSpec):
            self._tasks = {job: dict(tasks) for job, tasks in cluster._tasks.items()}
        elif isinstance(cluster, ClusterDef):
            self._tasks = {job.name: dict(job.tasks) for job in cluster.job}
        elif isinstance(cluster, dict):
            for job, tasks in cluster.items():
                if isinstance(tasks, (list, tuple)):
                    self._tasks[job] = dict(enumerate(tasks))
                elif isinstance(tasks, dict):
                    self._tasks[job] = {int(index): address for index, address in tasks.items()}
                else:
                    raise TypeError(
                        f"The tasks for job {job!r} must be a list or a dictionary from integers to strings."
                    )
        else:
            raise TypeError(
                "`cluster` must be a dictionary mapping one or more job names to lists of network addresses, "
                "or a `ClusterDef` protocol buffer"
            )

    def __bool__(self) -> bool:
        return bool(self._tasks)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ClusterSpec) and self._tasks == other._tasks

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        jobs = ", ".join(f"{job!r}: {self.as_dict()[job]!r}" for job in self.jobs)
        return f"ClusterSpec({{{jobs}}})"

    def as_dict(self) -> dict[str, Any]:
        """The addresses as lists, or as dicts where numbers of tasks are left out."""
        return {
            job: list(tasks.values()) if list(tasks) == list(range(len(tasks))) else dict(tasks)
            for job, tasks in self._tasks.items()
        }

    def as_cluster_def(self) -> ClusterDef:
        """The cluster as a message."""
        made = ClusterDef()
        for job in sorted(self._tasks):
            held = made.job.add(name=job)
            for index, address in sorted(self._tasks[job].items()):
                held.tasks[index] = address
        return made

    @property
    def jobs(self) -> list[str]:
        return sorted(self._tasks)

    def _of(self, job_name: str) -> dict[int, str]:
        if job_name not in self._tasks:
            raise ValueError(f"No such job in cluster: {job_name!r}")
        return self._tasks[job_name]

    def num_tasks(self, job_name: str) -> int:
        return len(self._of(job_name))

    def task_indices(self, job_name: str) -> list[int]:
        return sorted(self._of(job_name))

    def task_address(self, job_name: str, task_index: int) -> str:
        """The address of a task.

        Raises:
            ValueError: there is no such job or task.
        """
        tasks = self._of(job_name)
        if task_index not in tasks:
            raise ValueError(f"No task with index {task_index!r} in job {job_name!r}")
        return tasks[task_index]

    def job_tasks(self, job_name: str) -> list[str | None]:
        """The addresses of a job's tasks; None for numbers that are left out."""
        tasks = self._of(job_name)
        return [tasks.get(index) for index in range(max(tasks, default=-1) + 1)]


class Held:
    """What sessions of one server share: variables, random streams, queues and tables."""

    def __init__(self) -> None:
        self.variables: dict[str, torch.Tensor] = {}
        self.sources: dict[Any, Any] = {}
        self.resources = Resources()


_SERVERS: dict[str, Held] = {}
_PORTS = itertools.count(2222)


def held_by(target: str) -> Held | None:
    """What the server of a target holds; None where no server of this process has it."""
    return _SERVERS.get(target)


class Server:
    """A server of this process, whose sessions share their variables (TF1 symbol: `tf.train.Server`).

    Args:
        server_or_cluster_def: a cluster with one task, or a ServerDef or ClusterDef of one.
        job_name, task_index: which of its tasks this is; None is the only one.
        protocol, config, start: taken; nothing is sent anywhere.

    Raises:
        tf.errors.UnimplementedError: the cluster has several tasks.
        ValueError: there is no such task.

    >>> import ostinato.tf1 as tf
    >>> server = tf.train.Server.create_local_server()
    >>> with tf.Graph().as_default(), tf.Session(server.target) as session:
    ...     session.run(tf.constant(3)).item()
    3
    """

    def __init__(
        self,
        server_or_cluster_def: Any,
        job_name: str | None = None,
        task_index: int | None = None,
        protocol: str | None = None,
        config: Any = None,
        start: bool = True,
    ) -> None:
        given = server_or_cluster_def
        if isinstance(given, ServerDef):
            job_name = given.job_name if job_name is None else job_name
            task_index = given.task_index if task_index is None else task_index
            given = given.cluster
        cluster = ClusterSpec(given)
        tasks = [(job, index) for job in cluster.jobs for index in cluster.task_indices(job)]
        if len(tasks) != 1:
            raise UnimplementedError(
                None,
                None,
                f"The cluster has {len(tasks)} tasks, and there is one process here. Run the script as one "
                "that is not distributed: without --job_name, with tf.train.Server.create_local_server() or "
                "no server at all.",
            )
        ((job, index),) = tasks
        if job_name not in (None, job) or task_index not in (None, index):
            raise ValueError(f"Could not infer the task: the cluster has {job!r} task {index} alone.")
        self._server_def = ServerDef(job_name=job, task_index=index, protocol=protocol or "grpc")
        self._server_def.cluster.CopyFrom(cluster.as_cluster_def())
        self._target = f"grpc://localhost:{next(_PORTS)}"
        _SERVERS[self._target] = Held()

    @staticmethod
    def create_local_server(config: Any = None, start: bool = True) -> Server:
        """A server of a cluster of this process alone."""
        return Server({"local": ["localhost:0"]}, protocol="grpc", config=config, start=start)

    def start(self) -> None:
        """Nothing to do: sessions of the target can be made at once."""

    def join(self) -> None:
        """Wait for others, of whom there are none.

        Raises:
            tf.errors.UnimplementedError: always, as it would wait for ever.
        """
        raise UnimplementedError(
            None, None, "A server of this process has nobody to serve: Server.join would wait for ever."
        )

    @property
    def server_def(self) -> ServerDef:
        return self._server_def

    @property
    def target(self) -> str:
        """What `tf.Session(target)` takes."""
        return self._target


_PS_OPS = ("Variable", "VariableV2", "AutoReloadVariable", "MutableHashTable", "MutableHashTableV2")


def replica_device_setter(
    ps_tasks: int = 0,
    ps_device: str = "/job:ps",
    worker_device: str = "/job:worker",
    merge_devices: bool = True,
    cluster: Any = None,
    ps_ops: Sequence[str] | None = None,
    ps_strategy: Callable[[Any], int] | None = None,
) -> Callable[[Any], str] | None:
    """A function for `tf.device` that spreads variables over servers (TF1 symbol:
    `tf.train.replica_device_setter`). The names are recorded; values stay where torch puts them.

    Raises:
        TypeError: `ps_strategy` is no function.
    """
    if cluster is not None:
        jobs = ClusterSpec(cluster).as_dict()
        ps_job = parsed(ps_device).get("job")
        if ps_job not in jobs or jobs[ps_job] is None:
            return None
        ps_tasks = len(jobs[ps_job])
    if ps_tasks == 0:
        return None
    kinds = list(_PS_OPS) if ps_ops is None else list(ps_ops)
    counter = itertools.count()
    strategy = ps_strategy or (lambda operation: next(counter) % ps_tasks)
    if not callable(strategy):
        raise TypeError("ps_strategy must be callable")

    def device(operation: Any) -> str:
        current = operation.device or ""
        if not merge_devices and current:
            return current
        if ps_device and operation.type in kinds:
            ps = parsed(ps_device)
            own = parsed(current).get("job")
            if ps.get("job") and own in (None, ps["job"]):
                ps["task"] = str(strategy(operation))
            named = "".join(f"/{kind}:{value}" for kind, value in ps.items())
            return combined([named, current], operation)
        return combined([worker_device or "", current], operation)

    return device
