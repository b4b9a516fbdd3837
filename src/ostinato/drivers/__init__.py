"""The drivers: how a cell is stepped through time."""

from ostinato.drivers.beam_search import BeamSearchDecoder, gather_tree, tile_batch
from ostinato.drivers.bidirectional import bidirectional_dynamic_rnn, static_bidirectional_rnn
from ostinato.drivers.decoding import BasicDecoder, BasicDecoderOutput, Decoder, dynamic_decode
from ostinato.drivers.dynamic import dynamic_rnn
from ostinato.drivers.helpers import (
    GreedyEmbeddingHelper,
    Helper,
    SampleEmbeddingHelper,
    ScheduledEmbeddingTrainingHelper,
    TrainingHelper,
)
from ostinato.drivers.planning import MemoryPrediction, plan_memory
from ostinato.drivers.raw import raw_rnn
from ostinato.drivers.static import static_rnn

__all__ = [
    "BasicDecoder",
    "BasicDecoderOutput",
    "BeamSearchDecoder",
    "Decoder",
    "GreedyEmbeddingHelper",
    "Helper",
    "MemoryPrediction",
    "SampleEmbeddingHelper",
    "ScheduledEmbeddingTrainingHelper",
    "TrainingHelper",
    "bidirectional_dynamic_rnn",
    "dynamic_decode",
    "dynamic_rnn",
    "gather_tree",
    "plan_memory",
    "raw_rnn",
    "static_bidirectional_rnn",
    "static_rnn",
    "tile_batch",
]
