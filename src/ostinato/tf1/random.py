"""The module `tf.random`."""

from .graph import set_random_seed
from .names import absent
from .ops.candidate_sampling import (
    all_candidate_sampler,
    fixed_unigram_candidate_sampler,
    learned_unigram_candidate_sampler,
    log_uniform_candidate_sampler,
    uniform_candidate_sampler,
)
from .ops.random import random_normal as normal
from .ops.random import random_shuffle as shuffle
from .ops.random import random_uniform as uniform
from .ops.random import truncated_normal
from .ops.sampling import categorical, multinomial
from .ops.sampling import random_gamma as gamma
from .ops.sampling import random_poisson as poisson
from .ops.stateless_random import (
    stateless_categorical,
    stateless_multinomial,
    stateless_truncated_normal,
)
from .ops.stateless_random import stateless_random_normal as stateless_normal
from .ops.stateless_random import stateless_random_uniform as stateless_uniform
from .random_source import get_seed

__all__ = [
    "all_candidate_sampler",
    "fixed_unigram_candidate_sampler",
    "learned_unigram_candidate_sampler",
    "log_uniform_candidate_sampler",
    "uniform_candidate_sampler",
    "categorical",
    "gamma",
    "get_seed",
    "multinomial",
    "normal",
    "poisson",
    "set_random_seed",
    "shuffle",
    "stateless_categorical",
    "stateless_multinomial",
    "stateless_normal",
    "stateless_truncated_normal",
    "stateless_uniform",
    "truncated_normal",
    "uniform",
]

__getattr__ = absent("tf.random", __all__)
