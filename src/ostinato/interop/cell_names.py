"""What names of scopes and variables say, and their order."""

from __future__ import annotations

import re
from functools import lru_cache

# "encoder_lstm", "lstm_cell_2", "LSTM1", "fw_lstm_layer", but not "lstm_output", which is a dense layer.
_PLACES = "cell|layer|fw|bw|forward|backward|enc|dec|encoder|decoder"
# One digit at a time: whole numbers could be matched in many ways, and a long one would take for ever.
_LSTM = re.compile(rf".*lstm([_\-]?({_PLACES}|\d))*")
_RNN = re.compile(r"(.*[_\-.])?(basic|simple|vanilla|plain|elman)_?rnn(_?cell)?([_\-]?\d+)?")
# What drivers and stacks put around a cell's own scope, from TensorFlow 0 to object-based checkpoints.
_DRIVERS = re.compile(r"rnn(_\d+)?|fw|bw|birnn_[fb]w|cell[_-]?\d+")
_NO_CELL = re.compile(
    "att|conv|dense|embed|fc|full|hidden|input|layer|linear|logit|loss|memory|mlp|norm|out|pred|proj|query|"
    "softmax|wrapper"
)


def checked_scope(scope: str) -> str:
    """A scope as a caller gives it, without slashes around it.

    Raises:
        TypeError: it is no text.
    """
    if not isinstance(scope, str):
        raise TypeError(f"A scope is a text such as 'rnn/basic_lstm_cell'; got {scope!r}.")
    return scope.strip("/")


@lru_cache(maxsize=1024)
def class_name(last: str) -> str:
    """The last part of a scope as one word, without the number that TensorFlow gives a second one.

    >>> class_name("basic_lstm_cell_1"), class_name("BasicLSTMCell")
    ('basiclstmcell', 'basiclstmcell')
    """
    return re.sub(r"_\d+$", "", last).replace("_", "").lower()


def is_lstm_name(last: str) -> bool:
    """Whether a person who calls a scope so has an LSTM in it.

    >>> [name for name in ("encoder_lstm", "BiLSTM2", "lstm_output", "lstm_fc") if is_lstm_name(name)]
    ['encoder_lstm', 'BiLSTM2']
    """
    return _LSTM.fullmatch(last.lower()) is not None


def is_rnn_name(last: str) -> bool:
    """Whether a person who calls a scope so has a plain recurrent cell in it.

    >>> [name for name in ("simple_rnn", "my_basic_rnn_cell", "rnn_cell", "rnn") if is_rnn_name(name)]
    ['simple_rnn', 'my_basic_rnn_cell']

    An LSTM can be somebody's "rnn_cell", too.
    """
    return _RNN.fullmatch(last.lower()) is not None


def is_in_driver(above: str, last: str) -> bool:
    """Whether the scope `last`, directly inside `above`, is where a driver or a stack has its cell.

    >>> is_in_driver("model/rnn", "foo"), is_in_driver("model", "foo"), is_in_driver("rnn", "output_layer")
    (True, False, False)
    """
    name = last.lower()
    if re.fullmatch(r"cell([_-]\d+)?", name):  # an object's attribute: what a Keras or a stacked layer steps
        return True
    return _DRIVERS.fullmatch(above.rpartition("/")[2].lower()) is not None and not _NO_CELL.search(name)


def natural_order(name: str) -> list[tuple[int, str]]:
    """A key for sorting by name, numbers by their value.

    >>> sorted(["cell_10", "cell_2"], key=natural_order)
    ['cell_2', 'cell_10']
    """
    key = []
    for part in re.split(r"(\d+)", name):
        digits = part.lstrip("0") if part.isdecimal() else None
        # Of two numbers, the one of more digits is greater. Python refuses to read a very long one.
        key.append((-1, part) if digits is None else (len(digits), digits))
    return key
