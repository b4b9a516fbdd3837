"""Distributions: densities, functions of the distribution, statistics, divergences and samples."""


def _functions(distribution, value, entropy=True, cdf=True):
    found = [
        distribution.log_prob(value),
        distribution.prob(value),
        distribution.mean(),
        distribution.variance(),
    ]
    found += [distribution.stddev(), distribution.batch_shape_tensor(), distribution.event_shape_tensor()]
    if entropy:
        found.append(distribution.entropy())
    if cdf:
        found += [distribution.cdf(value), distribution.survival_function(value)]
    return found


def _normals(tf, x):
    D = tf.distributions
    return D.Normal(x.floats([3], 1), x.positive([2, 1], 2)), D.Normal(0.5, x.positive([3], 3))


def _vectors(tf, x):
    D = tf.contrib.distributions
    matrix = x.floats([2, 3, 3], 4)
    covariance = tf.matmul(matrix, matrix, transpose_b=True) + 2.0 * tf.eye(3)
    return (
        D.MultivariateNormalDiag(x.floats([3], 1), x.positive([2, 3], 2)),
        D.MultivariateNormalTriL(x.floats([2, 3], 1), tf.cholesky(covariance)),
        D.MultivariateNormalFullCovariance(x.floats([3], 3), covariance),
    )


def _mixture(tf, x):
    D = tf.contrib.distributions
    return D.MixtureSameFamily(
        D.Categorical(logits=x.floats([2, 3], 1)), D.Normal(x.floats([2, 3], 2), x.positive([2, 3], 3))
    )


def _weights(tf, x, seed):
    return tf.nn.softmax(x.floats([2, 4], seed))


CASES = {
    "Normal": lambda tf, x: _functions(_normals(tf, x)[0], x.floats([2, 3], 5)),
    "Normal far out": lambda tf, x: [
        tf.distributions.Normal(0.0, 1.0).cdf(x.constant([-8.0, -1.0, 0.0, 3.0, 7.0], "float32")),
        tf.distributions.Normal(0.0, 1.0).survival_function(x.constant([-8.0, 0.5, 7.0], "float32")),
    ],
    "Normal of doubles": lambda tf, x: [
        tf.distributions.Normal(x.constant([0.0, 1.0], "float64"), tf.constant(2.0, tf.float64)).log_prob(0.5)
    ],
    "softplus of the scale": lambda tf, x: [
        tf.contrib.distributions.NormalWithSoftplusScale(x.floats([3]), x.floats([3], 2)).log_prob(0.25)
    ],
    "Laplace": lambda tf, x: _functions(
        tf.distributions.Laplace(x.floats([3]), x.positive([3], 2)), x.floats([2, 3], 5)
    ),
    "Uniform": lambda tf, x: _functions(
        tf.distributions.Uniform([0.0, -1.0], 2.0), x.constant([[-0.5, 1.5], [3.0, 1.0]], "float32")
    ),
    "Gamma": lambda tf, x: _functions(
        tf.distributions.Gamma(x.constant([0.5, 1.0, 3.0], "float32"), x.positive([3], 2)), x.positive([3], 5)
    )[:7],
    "entropy of Gamma": lambda tf, x: [tf.distributions.Gamma(x.positive([3]), x.positive([3], 2)).entropy()],
    "Exponential": lambda tf, x: _functions(
        tf.distributions.Exponential(x.positive([3], 2)), x.positive([3], 5), cdf=False
    ),
    "Beta": lambda tf, x: _functions(
        tf.distributions.Beta(x.positive([2]), x.positive([2], 3)),
        x.constant([0.25, 0.75], "float32"),
        cdf=False,
    ),
    "Bernoulli": lambda tf, x: _functions(
        tf.distributions.Bernoulli(logits=x.floats([3])), tf.constant([[1, 0, 1], [0, 1, 1]]), cdf=False
    ),
    "Bernoulli of probabilities": lambda tf, x: [
        tf.distributions.Bernoulli(probs=tf.sigmoid(x.floats([3]))).log_prob([1.0, 0.0, 1.0]),
        tf.distributions.Bernoulli(probs=[0.25, 0.75]).mode(),
    ],
    "Categorical": lambda tf, x: [
        tf.distributions.Categorical(logits=x.floats([2, 4])).log_prob([1, 3]),
        tf.distributions.Categorical(logits=x.floats([2, 4])).prob([[1, 3], [0, 2], [3, 3]]),
        tf.distributions.Categorical(logits=x.floats([2, 4])).entropy(),
        tf.distributions.Categorical(logits=x.floats([2, 4])).mode(),
        tf.distributions.Categorical(probs=_weights(tf, x, 2)).log_prob(2),
    ],
    "OneHotCategorical": lambda tf, x: [
        tf.contrib.distributions.OneHotCategorical(logits=x.floats([2, 3])).log_prob([[0, 1, 0], [1, 0, 0]]),
        tf.contrib.distributions.OneHotCategorical(logits=x.floats([2, 3])).entropy(),
        tf.contrib.distributions.OneHotCategorical(logits=x.floats([2, 3])).mode(),
    ],
    "Dirichlet": lambda tf, x: _functions(
        tf.distributions.Dirichlet(x.positive([2, 4])), _weights(tf, x, 3), cdf=False
    ),
    "divergences": lambda tf, x: [
        tf.distributions.kl_divergence(*_normals(tf, x)),
        _normals(tf, x)[0].cross_entropy(_normals(tf, x)[1]),
        tf.distributions.kl_divergence(
            tf.distributions.Bernoulli(logits=x.floats([3])),
            tf.distributions.Bernoulli(logits=x.floats([3], 2)),
        ),
        tf.distributions.kl_divergence(
            tf.distributions.Categorical(logits=x.floats([2, 4])),
            tf.distributions.Categorical(logits=x.floats([2, 4], 2)),
        ),
        tf.distributions.kl_divergence(
            tf.distributions.Gamma(x.positive([2]), x.positive([2], 2)), tf.distributions.Gamma(1.5, 2.0)
        ),
        tf.distributions.kl_divergence(
            tf.distributions.Beta(x.positive([2]), x.positive([2], 2)), tf.distributions.Beta(1.5, 2.0)
        ),
        tf.distributions.kl_divergence(
            tf.distributions.Dirichlet(x.positive([2, 3])), tf.distributions.Dirichlet(x.positive([2, 3], 2))
        ),
        tf.distributions.kl_divergence(_vectors(tf, x)[1], _vectors(tf, x)[2]),
    ],
    "vectors": lambda tf, x: [
        found
        for distribution in _vectors(tf, x)
        for found in (
            distribution.log_prob(x.floats([2, 3], 6)),
            distribution.prob(x.floats([5, 2, 3], 7)),
            distribution.entropy(),
            distribution.mean(),
            distribution.covariance(),
            distribution.variance(),
            distribution.stddev(),
        )
    ],
    "Independent": lambda tf, x: [
        tf.contrib.distributions.Independent(_normals(tf, x)[0], 1).log_prob(x.floats([2, 3], 6)),
        tf.contrib.distributions.Independent(_normals(tf, x)[0], 2).log_prob(x.floats([4, 2, 3], 6)),
        tf.contrib.distributions.Independent(_normals(tf, x)[0]).entropy(),
    ],
    "MixtureSameFamily": lambda tf, x: [
        _mixture(tf, x).log_prob(x.floats([2], 6)),
        _mixture(tf, x).mean(),
        _mixture(tf, x).variance(),
    ],
    "samples": lambda tf, x: [
        tf.distributions.Normal(tf.constant([0.0, 1.0]), [1.0, 2.0]).sample([3, 2], seed=4),
        tf.distributions.Normal(tf.constant([0.0, 1.0]), [1.0, 2.0]).sample(seed=5),
        tf.distributions.Bernoulli(probs=tf.constant([0.3, 0.6])).sample(4, seed=4),
        tf.distributions.Categorical(logits=tf.zeros([2, 3])).sample(4, seed=4),
        tf.distributions.Categorical(logits=tf.zeros([2, 2, 3])).sample(seed=4),
        tf.distributions.Uniform(tf.constant([0.0, -1.0]), 2.0).sample(3, seed=4),
        tf.distributions.Laplace(tf.constant([0.0, -1.0]), 2.0).sample(3, seed=4),
        tf.distributions.Exponential(tf.constant([1.0, 2.0])).sample(3, seed=4),
        tf.distributions.Gamma(tf.constant([1.5, 2.0]), 2.0).sample(3, seed=4),
        tf.contrib.distributions.OneHotCategorical(logits=tf.zeros([2, 3])).sample(4, seed=4),
    ],
}
OTHER_NAMES = dict.fromkeys(CASES, "composed of fewer operations, or in another order")
