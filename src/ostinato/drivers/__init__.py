"""The drivers: how a cell is stepped through time."""

from ostinato.drivers.bidirectional import bidirectional_dynamic_rnn, static_bidirectional_rnn
from ostinato.drivers.dynamic import dynamic_rnn
from ostinato.drivers.planning import MemoryPrediction, plan_memory
from ostinato.drivers.raw import raw_rnn
from ostinato.drivers.static import static_rnn

__all__ = [
    "MemoryPrediction",
    "bidirectional_dynamic_rnn",
    "dynamic_rnn",
    "plan_memory",
    "raw_rnn",
    "static_bidirectional_rnn",
    "static_rnn",
]
