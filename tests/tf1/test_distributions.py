"""What distributions say and refuse; their values are compared in op_cases/distributions.py."""

import numpy as np
import pytest

from ostinato import tf1 as tf

D = tf.distributions


def test_what_they_show() -> None:
    normal = D.Normal(np.zeros([2, 3], np.float32), 1.0)
    shown = "batch_shape=(2, 3), event_shape=(), dtype=float32"
    assert str(normal) == f'tfp.distributions.Normal("Normal/", {shown})'
    assert (
        repr(normal) == "<tfp.distributions.Normal 'Normal/' batch_shape=(2, 3) event_shape=() dtype=float32>"
    )
    assert normal.reparameterization_type is D.FULLY_REPARAMETERIZED
    wider = normal.copy(scale=2.0)
    assert wider.parameters["scale"] == 2.0
    with tf.Session() as session:
        assert session.run(wider.stddev()).tolist() == [[2.0] * 3] * 2
        assert session.run([normal.is_scalar_batch(), normal.is_scalar_event()]) == [False, True]


def test_samples_of_shapes_that_are_not_known() -> None:
    count = tf.placeholder(tf.int32, [])
    logits = tf.placeholder(tf.float32, [None, 3])
    drawn = D.Categorical(logits=logits).sample(count)
    vector = tf.contrib.distributions.MultivariateNormalDiag([0.0, 5.0], [1.0, 1e-6]).sample(count)
    with tf.Session() as session:
        values, points = session.run([drawn, vector], {count: 5, logits: [[0, 99, 0], [0, 0, 99]]})
    assert values.tolist() == [[1, 2]] * 5
    assert np.allclose(points[:, 1], 5.0, atol=1e-4)


def test_samples_follow_the_distribution_and_pass_gradients() -> None:
    mean = tf.constant([1.0, -1.0])
    diagonal = tf.contrib.distributions.MultivariateNormalDiag(mean, [0.5, 2.0])
    mixture = tf.contrib.distributions.MixtureSameFamily(
        D.Categorical(probs=[0.25, 0.75]), D.Normal([0.0, 10.0], [1.0, 1.0])
    )
    shares = D.Dirichlet([1.0, 3.0])
    beta = D.Beta(2.0, 6.0)
    vectors = diagonal.sample(4000, seed=1)
    drawn = [vectors, mixture.sample(4000, seed=2), shares.sample(4000, seed=3), beta.sample(4000, seed=4)]
    slope = tf.gradients(tf.reduce_sum(vectors), mean)[0]
    with tf.Session() as session:
        (vector, mixed, share, part), gradient = session.run([drawn, slope])
    assert np.allclose(vector.mean(0), [1.0, -1.0], atol=0.1)
    assert np.allclose(vector.std(0), [0.5, 2.0], atol=0.1)
    assert abs((mixed > 5).mean() - 0.75) < 0.03
    assert np.allclose(share.mean(0), [0.25, 0.75], atol=0.02)
    assert abs(part.mean() - 0.25) < 0.02
    assert gradient.tolist() == [4000.0, 4000.0]


def test_a_class_and_a_divergence_of_ones_own() -> None:
    class Point(D.Distribution):
        def __init__(self, at: float) -> None:
            self.at = at
            super().__init__(tf.float32, D.NOT_REPARAMETERIZED, False, True, {"at": at})

        def _prob(self, x):
            return tf.cast(tf.equal(x, self.at), tf.float32)

    @D.RegisterKL(Point, Point)
    def between(a, b, name=None):
        return tf.abs(tf.constant(a.at) - b.at, name=name)

    with pytest.raises(ValueError, match=r"KL\(Point \|\| Point\) has already been registered"):
        D.RegisterKL(Point, Point)(between)
    point = Point(1.0)
    with tf.Session() as session:
        assert session.run(point.log_prob([1.0, 2.0])).tolist() == [0.0, -np.inf]
        assert session.run(point.kl_divergence(Point(3.0))) == 2.0
    with pytest.raises(NotImplementedError, match="mean is not implemented: Point"):
        point.mean()
    with pytest.raises(AttributeError, match="no attribute 'loc'"):
        _ = point.loc


def test_what_they_refuse() -> None:
    with pytest.raises(ValueError, match="Must pass probs or logits, but not both"):
        D.Bernoulli()
    with pytest.raises(TypeError, match="probs must having floating type"):
        D.Categorical(probs=[0, 1])
    with pytest.raises(NotImplementedError, match="No KL"):
        D.kl_divergence(D.Normal(0.0, 1.0), D.Bernoulli(probs=0.5))
    with pytest.raises(NotImplementedError, match="quantile is not implemented: Bernoulli"):
        D.Bernoulli(probs=0.5).quantile(0.5)
    with pytest.raises(ValueError, match="Must specify one or both"):
        tf.contrib.distributions.MultivariateNormalTriL()
    with pytest.raises(ValueError, match="differ in an event's size"):
        tf.contrib.distributions.MultivariateNormalDiag([0.0, 1.0], [1.0, 1.0, 1.0])
    with pytest.raises(ValueError, match="does not equal"):
        tf.contrib.distributions.MixtureSameFamily(D.Categorical(probs=[0.5, 0.5]), D.Normal([0.0] * 3, 1.0))
    with pytest.raises(ValueError, match=r"cannot exceed distribution.batch_ndims\(1\)"):
        tf.contrib.distributions.Independent(D.Normal([0.0], 1.0), 2)
    with pytest.raises(AttributeError, match=r"write the density with tf\.log"):
        _ = tf.contrib.distributions.Cauchy
    with tf.Session() as session, pytest.raises(tf.errors.InvalidArgumentError):
        session.run(D.Normal(0.0, -1.0, validate_args=True).log_prob(0.0))
