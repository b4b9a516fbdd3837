"""The optimizer of several replicas, of which there is one."""

import numpy as np
import pytest

import ostinato.tf1 as tf


@pytest.fixture(autouse=True)
def _graph():
    with tf.Graph().as_default():
        yield


def made(**options):
    w = tf.get_variable("w", [2], initializer=tf.ones_initializer())
    loss = tf.reduce_sum(tf.square(w))
    inside = tf.train.MomentumOptimizer(0.1, 0.9)
    return w, loss, tf.train.SyncReplicasOptimizer(inside, 1, 1, **options)


def test_a_monitored_session_trains():
    w, loss, optimizer = made()
    step = tf.train.create_global_step()
    train = optimizer.minimize(loss, global_step=step)
    found = []
    with tf.train.MonitoredTrainingSession(hooks=[optimizer.make_session_run_hook(True)]) as session:
        for _ in range(3):
            found.append(int(session.run(train)))
        value = session.run(w)
    assert found == [1, 2, 3]
    weight, momentum = 1.0, 0.0
    for _ in range(3):
        momentum = 0.9 * momentum + 2 * weight
        weight -= 0.1 * momentum
    np.testing.assert_allclose(value, [weight] * 2, rtol=1e-6)
    assert optimizer.get_slot_names() == ["momentum"]
    assert optimizer.get_slot(w, "momentum") is optimizer.variables()[0]


def test_a_supervisor_trains_and_averages():
    averages = tf.train.ExponentialMovingAverage(0.5)
    w, loss, optimizer = made(variable_averages=averages, variables_to_average=tf.trainable_variables())
    with pytest.raises(ValueError, match="should be called after apply_gradients"):
        optimizer.get_init_tokens_op()
    with pytest.raises(ValueError, match="Global step is required"):
        optimizer.minimize(loss)
    optimizer._averaged = [w]
    train = optimizer.minimize(loss, global_step=tf.train.create_global_step())
    tokens = optimizer.get_init_tokens_op()
    supervisor = tf.train.Supervisor(
        local_init_op=optimizer.chief_init_op, ready_for_local_init_op=optimizer.ready_for_local_init_op
    )
    with supervisor.managed_session() as session:
        supervisor.start_queue_runners(session, [optimizer.get_chief_queue_runner()])
        session.run(tokens)
        assert session.run(train) == 1
        np.testing.assert_allclose(session.run([w, averages.average(w)]), [[0.8] * 2, [0.9] * 2], rtol=1e-6)


def test_other_processes_are_not_waited_for():
    with pytest.raises(tf.errors.UnimplementedError, match="replicas_to_aggregate=2, total_num_replicas=4"):
        tf.train.SyncReplicasOptimizer(tf.train.AdamOptimizer(), 2, 4)
