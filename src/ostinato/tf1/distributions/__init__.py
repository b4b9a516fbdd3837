"""The module `tf.distributions`."""

from ..names import absent
from .base import FULLY_REPARAMETERIZED, NOT_REPARAMETERIZED, Distribution, ReparameterizationType
from .discrete import Bernoulli, Categorical
from .divergence import RegisterKL, kl_divergence
from .multivariate import Dirichlet
from .real import Beta, Exponential, Gamma, Laplace, Normal, Uniform

__all__ = [
    "FULLY_REPARAMETERIZED",
    "NOT_REPARAMETERIZED",
    "Bernoulli",
    "Beta",
    "Categorical",
    "Dirichlet",
    "Distribution",
    "Exponential",
    "Gamma",
    "Laplace",
    "Normal",
    "RegisterKL",
    "ReparameterizationType",
    "Uniform",
    "kl_divergence",
]

__getattr__ = absent("tf.distributions", __all__)
