"""`tf.flags` and `tf.app`: as absl's under TensorFlow 1.15, with what TensorFlow took before 1.5."""

import json
import sys

import pytest

import ostinato.tf1 as tf
from ostinato.tf1 import flags
from ostinato.tf1.flags.values import FLAGS


@pytest.fixture
def values():
    """Flags of a program, apart from the process's own."""
    made = flags.FlagValues()
    made.set_gnu_getopt(True)
    flags.DEFINE_integer("batch_size", 32, "rows", flag_values=made)
    flags.DEFINE_float("rate", "1e-3", "how fast", flag_values=made)
    flags.DEFINE_string("name", None, "a name", flag_values=made)
    flags.DEFINE_boolean("train", True, "whether to", flag_values=made)
    flags.DEFINE_list("sizes", ["1", "2"], "numbers", flag_values=made)
    flags.DEFINE_enum("cell", "lstm", ["lstm", "gru"], "the cell", flag_values=made)
    flags.DEFINE_multi_integer("layer", [3], "widths", flag_values=made)
    return made


@pytest.mark.parametrize(
    ("words", "left", "found"),
    [
        ("", [], {"batch_size": 32, "rate": 0.001, "name": None, "train": True, "sizes": ["1", "2"]}),
        ("--batch_size 5 x -rate=0.5 y", ["x", "y"], {"batch_size": 5, "rate": 0.5}),
        ("--batch_size=0x10 --name=a=b", [], {"batch_size": 16, "name": "a=b"}),
        ("--notrain data", ["data"], {"train": False}),
        ("--train=f", [], {"train": False}),
        ("--train False data", ["data"], {"train": False}),  # as before TensorFlow 1.5
        ("--train data", ["data"], {"train": True}),
        ("--sizes a,b --cell gru", [], {"sizes": ["a", "b"], "cell": "gru"}),
        ("--layer 5 --layer 6", [], {"layer": [5, 6]}),
        ("--name -- --batch_size 5", ["--batch_size", "5"], {"name": "--", "batch_size": 5}),
        ("-- --batch_size 5", ["--batch_size", "5"], {"batch_size": 32}),
        ("--undefok=other --other=3", [], {}),
    ],
)
def test_command_lines(values, words, left, found):
    if words.startswith("--name --"):
        left = []  # the word after --name is its value, whatever it is
    assert values(["train.py", *words.split()]) == ["train.py", *left]
    assert {name: getattr(values, name) for name in found} == found


@pytest.mark.parametrize(
    ("words", "error", "told"),
    [
        ("--batch_size x", flags.IllegalFlagValueError, "flag --batch_size=x: invalid literal for int"),
        ("--rate x", flags.IllegalFlagValueError, "flag --rate=x: could not convert string to float: 'x'"),
        ("--cell rnn", flags.IllegalFlagValueError, r"flag --cell=rnn: value should be one of <lstm\|gru>"),
        ("--train=maybe", flags.IllegalFlagValueError, "Non-boolean argument to boolean flag"),
        ("--notrain=1", ValueError, "--notrain=1 does not take an argument"),
        ("--batch_size", flags.Error, "Missing value for flag --batch_size"),
        (
            "--batchsize 3",
            flags.UnrecognizedFlagError,
            "Unknown command line flag 'batchsize'. Did you mean: b",
        ),
        ("--flagfile=nothing", flags.CantOpenFlagFileError, "Unable to open flagfile"),
    ],
)
def test_what_is_wrong_on_a_command_line(values, words, error, told):
    with pytest.raises(error, match=told):
        values(["train.py", *words.split()])


def test_unknown_flags_are_left_where_that_is_asked_for(values):
    assert values(["train.py", "--other", "3", "--batch_size", "4"], known_only=True) == [
        "train.py",
        "--other",
        "3",
    ]
    assert values.batch_size == 4


def test_files_of_flags(values, tmp_path):
    (tmp_path / "inner").write_text("--rate=0.25\n")
    (tmp_path / "outer").write_text(f"# sizes\n--batch_size=7\n\n--flagfile={tmp_path / 'inner'}\n")
    values(["train.py", f"--flagfile={tmp_path / 'outer'}", "--name", "n"])
    assert (values.batch_size, values.rate, values.name) == (7, 0.25, "n")
    text = values.flags_into_string()
    assert "--batch_size=7\n" in text
    assert "--name=n\n" in text
    again = tmp_path / "again"
    again.write_text(text)
    values.unparse_flags()
    values(["train.py", f"--flagfile={again}"])
    assert values.batch_size == 7


def test_definitions_that_are_refused(values):
    with pytest.raises(flags.DuplicateFlagError, match="The flag 'rate' is defined twice"):
        flags.DEFINE_float("rate", 1.0, "again", flag_values=values)
    with pytest.raises(flags.IllegalFlagValueError, match="flag --x=y: invalid literal"):
        flags.DEFINE_integer("x", "y", "no number", flag_values=values)
    with pytest.raises(flags.Error, match="cannot contain a space"):
        flags.DEFINE_string("a b", None, "", flag_values=values)
    with pytest.raises(flags.FlagNameConflictsWithMethodError, match="flag_values_dict"):
        flags.DEFINE_string("flag_values_dict", None, "", flag_values=values)
    with pytest.raises(TypeError, match="missing 1 required positional argument: 'help'"):
        flags.DEFINE_string("z", None, flag_values=values)
    with pytest.raises(flags.UnparsedFlagAccessError, match="before flags were parsed"):
        values.rate  # noqa: B018


def test_bounds_and_required_flags(values):
    flags.DEFINE_integer("depth", 2, "layers", lower_bound=1, upper_bound=4, flag_values=values)
    flags.mark_flag_as_required("name", values)
    with pytest.raises(flags.IllegalFlagValueError, match="flag --name=None: Flag --name must have a value"):
        values(["train.py"])
    values(["train.py", "--name=x"])
    with pytest.raises(flags.IllegalFlagValueError, match=r"50 is not an integer in the range \[1, 4\]"):
        values.depth = 50
    assert values.depth == 2
    with pytest.warns(UserWarning, match="non-None default"):
        flags.mark_flag_as_required("rate", values)


def test_names_of_before_1_5(values):
    flags.DEFINE_string(flag_name="old", default_value="x", docstring="an old one", flag_values=values)
    flags.DEFINE_integer("steps", 1e4, "a default that is a float", flag_values=values)
    assert values._parse_flags(["--batch_size", "8", "--other"]) == ["--other"]
    assert "{}".format(values.__flags["batch_size"]) == "8"
    assert repr(values.__flags["old"]) == "'x'"
    assert values.__flags["batch_size"].value == 8
    assert values.steps == 1e4
    values.vocabulary_size = 99  # nobody defined it
    assert values.vocabulary_size == 99
    assert json.loads(json.dumps(values.flag_values_dict()))["vocabulary_size"] == 99
    for name in list(values):
        delattr(values, name)
    assert not len(values)


def test_help(values):
    text = values.get_help()
    assert "  --batch_size: rows\n    (default: '32')\n    (an integer)" in text
    assert "  --[no]train: whether to\n    (default: 'true')" in text
    assert "  --cell: <lstm|gru>: the cell" in text
    assert "  --layer: widths;\n    repeat this option to specify a list of values" in text


def test_app_run_reads_flags_and_exits_with_what_main_returns(monkeypatch):
    names = set(FLAGS)
    monkeypatch.setattr(sys, "argv", ["train.py", "--app_size", "4", "data", "--other"])
    tf.app.flags.DEFINE_integer("app_size", 3, "a size")
    seen = []
    try:
        with pytest.raises(SystemExit) as left:
            tf.app.run(lambda argv: seen.append((argv, tf.app.flags.FLAGS.app_size)) or 5)
    finally:
        for name in set(FLAGS) - names:
            delattr(FLAGS, name)
        FLAGS.unparse_flags()
    assert left.value.code == 5
    assert seen == [(["train.py", "data", "--other"], 4)]


def test_app_run_shows_help(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["train.py", "--help"])
    with pytest.raises(SystemExit) as left:
        tf.app.run(lambda argv: None)
    assert left.value.code == 1
    assert "Try --helpfull to get a list of all flags." in capsys.readouterr().out
