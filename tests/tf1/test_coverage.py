"""docs/tf1-coverage.md says what there is: it is what the tool writes now."""

import importlib.util
from pathlib import Path

import pytest

TOOL = Path(__file__).parents[2] / "tools" / "tf1_coverage.py"


@pytest.fixture(scope="module")
def tool():
    spec = importlib.util.spec_from_file_location("tf1_coverage", TOOL)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_page_is_up_to_date(tool):
    assert tool.PAGE.read_text() == tool.page(), f"run python {TOOL.name} in tools/"


def test_all_cells_and_drivers_are_there_with_tensorflows_arguments(tool):
    for group in tool.groups():
        if group["module"] in ("tf.nn.rnn_cell", "tf.contrib.rnn") or group["title"] == "Drivers":
            module = tool.module_here(group["module"])
            for name, _, theirs in group["symbols"]:
                there, remark = tool.state(module, name, theirs)
                assert there, name
                assert remark == "" or remark.startswith("by keyword only"), (name, remark)


@pytest.mark.parametrize(
    ("ours", "theirs", "remarks"),
    [
        (["x", "y=1"], ["x", "y=1.0"], []),
        (["x"], ["x", "y=1"], ["without `y`"]),
        (["x", "**options"], ["x", "y=1"], ["by keyword only: `y`"]),
        (["x", "y=2"], ["x", "y=1"], ["`y` is `2`, not `1`"]),
        (["x", "y"], ["x", "y=1"], ["`y` is required, not `1`"]),
        (["y", "x"], ["x", "y"], ["arguments in another order"]),
        (["x", "z=None"], ["x"], ["also `z`"]),
        (["x"], ["x", "**kwargs"], ["no further keywords"]),
    ],
)
def test_what_differs_is_said(tool, ours, theirs, remarks):
    assert tool.differences(ours, theirs) == remarks


def test_what_is_not_there_is_said_with_the_nearest(tool):
    module = tool.module_here("tf.nn")
    assert tool.state(module, "dynamic_rnm", []) == (False, "nearest: `dynamic_rnn`")
    assert tool.state(tool.module_here("tf.no.such"), "x", []) == (False, "no such module")
