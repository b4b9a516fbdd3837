"""The modules below `tensorflow.contrib.seq2seq.python` and `tensorflow.contrib.legacy_seq2seq.python`, for
code that imports from them or derives from what they keep to themselves.
"""

from __future__ import annotations

from types import ModuleType
from typing import Any

from .. import rnn_arguments
from ..names import absent
from ..served import served_module
from . import legacy_seq2seq
from .seq2seq import (
    attention,
    attention_wrapper,
    basic_decoder,
    beam_search_decoder,
    decoder,
    helpers,
    loss,
    older_decoders,
    sampling,
    scheduled_helpers,
    scores,
)

_PREFIX = "tensorflow.contrib.seq2seq.python"
_LEGACY = "tensorflow.contrib.legacy_seq2seq.python"
_TABLE: dict[str, tuple[ModuleType, ...]] = {
    "attention_decoder_fn": (older_decoders,),
    "attention_wrapper": (attention_wrapper, attention, scores),
    "basic_decoder": (basic_decoder,),
    "beam_search_decoder": (beam_search_decoder,),
    "beam_search_ops": (beam_search_decoder,),
    "decoder": (decoder,),
    "decoder_fn": (older_decoders,),
    "helper": (helpers, scheduled_helpers, sampling),
    "loss": (loss,),
    "seq2seq": (older_decoders,),
}
"""Of each module below `seq2seq.python.ops`, the modules here whose public names it shows."""

_UNDERSCORED: dict[str, dict[str, Any]] = {
    "attention_decoder_fn": {"_init_attention": older_decoders.no_attention},
    "attention_wrapper": {
        "_BaseAttentionMechanism": attention.BaseAttentionMechanism,
        "_BaseMonotonicAttentionMechanism": attention.BaseMonotonicAttentionMechanism,
        "_bahdanau_score": scores.bahdanau_score,
        "_compute_attention": attention_wrapper.compute_attention,
        "_luong_score": scores.luong_score,
        "_maybe_mask_score": scores.maybe_mask_score,
        "_monotonic_probability_fn": scores.monotonic_probability_fn,
        "_prepare_memory": scores.prepare_memory,
        "_zero_state_tensors": scores.zeros_of,
    },
    "beam_search_decoder": {
        "_beam_search_step": beam_search_decoder.beam_search_step,
        "get_attention_probs": beam_search_decoder.attention_probs,
    },
    "decoder": {
        "_create_zero_outputs": decoder.zero_outputs,
        "_transpose_batch_time": rnn_arguments.transpose_batch_time,
        "_zero_state_tensors": scores.zeros_of,
    },
    "helper": {
        "_transpose_batch_time": rnn_arguments.transpose_batch_time,
        "_unstack_ta": helpers.unstack_ta,
    },
}


def _package(name: str, modules: dict[str, ModuleType]) -> ModuleType:
    modules[name] = ModuleType(name)
    vars(modules[name])["__path__"] = []
    return modules[name]


def _build() -> dict[str, ModuleType]:
    modules: dict[str, ModuleType] = {}
    for prefix in (_PREFIX, _LEGACY):
        vars(_package(prefix, modules))["ops"] = _package(f"{prefix}.ops", modules)
    for name, sources in _TABLE.items():
        full = f"{_PREFIX}.ops.{name}"
        modules[full] = served_module(full, sources, _UNDERSCORED.get(name))
        setattr(modules[f"{_PREFIX}.ops"], name, modules[full])
    old = f"{_LEGACY}.ops.seq2seq"
    modules[old] = served_module(old, [legacy_seq2seq], legacy_seq2seq.UNDERSCORED)
    vars(modules[f"{_LEGACY}.ops"])["seq2seq"] = modules[old]
    for name, module in modules.items():
        names = [key for key in vars(module) if not key.startswith("__")]
        vars(module)["__getattr__"] = absent(name, names)
    return modules


MODULES = _build()
PACKAGE, LEGACY_PACKAGE = MODULES[_PREFIX], MODULES[_LEGACY]
