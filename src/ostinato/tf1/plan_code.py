"""A plan as a Python function: what is run often is run without going through a list of instructions.

Each instruction becomes one line, the slots local variables. In a loop's body of small operations, going
through the list costs as much as they do. The list (`Plan.interpret`) says what the lines mean.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import TracebackType
from typing import TYPE_CHECKING, Any

from .plan_units import as_leaf

if TYPE_CHECKING:
    from .plan import Plan
    from .plan_units import Instruction

DROPPED = -1
"""The slot of a value that nobody needs, and of an input that is not read."""


class PlanCode:
    """`plan` as a function of a run and the fed values."""

    def __init__(self, plan: Plan) -> None:
        self._instructions: list[Instruction | None] = []  # for each line of the function
        names: dict[str, Any] = {"as_leaf": as_leaf, "SEQUENCES": (tuple, list)}
        names.update((f"v{slot}", value) for slot, value in enumerate(plan.template) if value is not None)
        lines = list(self._lines(plan, names))
        source = "def execute(run, fed):\n" + "\n".join(f"    {line}" for line in lines)
        exec(compile(source, "<plan>", "exec"), names)
        self.execute: Callable[..., list[Any]] = names["execute"]

    def _lines(self, plan: Plan, names: dict[str, Any]) -> Iterator[str]:
        def line(text: str, instruction: Instruction | None = None) -> str:
            self._instructions.append(instruction)
            return text

        if plan.feed_slots:
            yield line("(" + "".join(f"v{slot}, " for slot in plan.feed_slots) + ") = fed")
        for slot, is_leaf in zip(plan.feed_slots, plan.fed_leaves, strict=True):
            if is_leaf:
                yield line(f"v{slot} = as_leaf(v{slot})")
        for index, instruction in enumerate(plan.instructions):
            inputs = ["None" if slot == DROPPED else f"v{slot}" for slot in instruction.inputs]
            outputs = ["_" if slot == DROPPED else f"v{slot}" for slot in instruction.outputs]
            function = f"f{index}"
            if instruction.plain is None:
                names[function] = instruction.evaluate
                inputs.insert(0, "run")
            else:
                names[function] = instruction.plain
            call = f"{function}({', '.join(inputs)})"
            if instruction.plain is not None and len(outputs) == 1:
                yield line(f"{outputs[0]} = {call}", instruction)
                yield line(
                    f"if isinstance({outputs[0]}, SEQUENCES): ({outputs[0]},) = {outputs[0]}", instruction
                )
            elif outputs:
                yield line(f"({', '.join(outputs)},) = {call}", instruction)
            else:
                yield line(call, instruction)
            for place in instruction.leaves:
                if instruction.outputs[place] != DROPPED:
                    yield line(f"{outputs[place]} = as_leaf({outputs[place]})", instruction)
            # What only the template holds is a global here, and stays.
            if instruction.frees:
                yield line(" = ".join(f"v{slot}" for slot in instruction.frees) + " = None")
        fetched = ["None" if slot == DROPPED else f"v{slot}" for slot in plan.fetch_slots]
        yield line(f"return [{', '.join(fetched)}]")

    def instruction_at(self, traceback: TracebackType | None) -> Instruction | None:
        """The instruction that an exception came out of."""
        while traceback is not None:
            if traceback.tb_frame.f_code is self.execute.__code__:
                return self._instructions[traceback.tb_lineno - 2]
            traceback = traceback.tb_next
        return None
