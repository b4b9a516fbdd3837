"""The run that is written down: it tells the recorder what is read of the session, and what is drawn."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import torch

from .recorded_entries import is_stateful
from .run import CellLoop, Run

if TYPE_CHECKING:
    from .philox import Philox
    from .plan import Plan
    from .random_source import StepSource
    from .recording import Recorder
    from .tensor import Operation


class RecordedRun(Run):
    """A run that tells the recorder what it is asked for."""

    recorder: Recorder

    def current(self, name: str) -> torch.Tensor:
        value = super().current(name)
        self.recorder.read(name, value)
        return value

    def execute(self, plan: Plan, values: Sequence[Any]) -> list[Any]:
        for instruction in plan.instructions:
            if is_stateful(instruction):
                self.recorder.refuse(f"{instruction.operation.type} is in a loop or a branch")
        return super().execute(plan, values)

    def write(self, name: str, value: torch.Tensor) -> torch.Tensor:
        self.recorder.refuse("a variable is written")
        return super().write(name, value)

    def random(self, operation: Operation) -> Any:
        source = super().random(operation)
        if self._position is None:
            return _Draws(self.recorder, lambda run: run.random(operation), source)
        return source

    def _of_position(self, name: str) -> Any:
        assert self._position is not None
        seed, *place = self._position

        def again(run: Run, *seeds: torch.Tensor) -> Philox:
            return run.at(*seeds or [seed], *place)._of_position(name)

        given = seed if isinstance(seed, torch.Tensor) else None
        self.recorder.paused += 1
        try:
            return _Draws(self.recorder, again, super()._of_position(name), given)
        finally:
            self.recorder.paused -= 1

    def within(self, operation: Operation, lengths: torch.Tensor | None = None) -> Run:
        inner = super().within(operation, lengths)
        if inner is not self:
            inner._loop = _RecordedLoop(self.recorder, self._sources, operation, lengths)
        return inner

    @property
    def resources(self) -> Any:
        self.recorder.refuse("the session's queues or tables are used")
        return vars(self)["resources"]

    @resources.setter
    def resources(self, value: Any) -> None:
        vars(self)["resources"] = value


class _RecordedLoop(CellLoop):
    """A loop whose cell draws random numbers: a replay has one like it, with the replay's streams."""

    def __init__(
        self, recorder: Recorder, sources: Any, operation: Operation, lengths: torch.Tensor | None
    ) -> None:
        super().__init__(sources, operation, lengths)
        self._recorder, self._given = recorder, (operation, lengths)

    def source(self, key: tuple[Any, ...], seeds: tuple[int, int], step: int) -> Any:
        def again(run: Run, *lengths: torch.Tensor) -> StepSource:
            loop = run.replayed_loops.get(self)
            if loop is None:
                loop = CellLoop(run._sources, self._given[0], *lengths or [None])
                run.replayed_loops[self] = loop
            return loop.source(key, seeds, step)

        return _Draws(self._recorder, again, super().source(key, seeds, step), self._given[1])


class _Draws:
    """A stream of random numbers; a draw from it is a call of its own.

    again: gives the stream in another run, of the tensor that it comes of.
    """

    def __init__(
        self,
        recorder: Recorder,
        again: Callable[..., Any],
        source: Any,
        given: torch.Tensor | None = None,
    ) -> None:
        self._recorder, self._again, self._source = recorder, again, source
        self._given = () if given is None else (given,)  # what the stream comes of

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._source, name)
        if name not in ("uniform", "uniforms", "normal", "truncated_normal", "integers"):
            self._recorder.refuse(f"random numbers are drawn by {name}")
            return method

        def draw(*arguments: Any) -> torch.Tensor:
            def evaluate(run: Run, *given: torch.Tensor) -> Sequence[torch.Tensor]:
                return [getattr(self._again(run, *given), name)(*arguments)]

            evaluate.draw = self._again, name, arguments  # type: ignore[attr-defined]
            return self._recorder.drawn(evaluate, self._given, method, arguments)

        return draw
