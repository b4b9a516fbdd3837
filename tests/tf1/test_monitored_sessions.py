"""Sessions with hooks, and the supervisor: what they train, save, write and log."""

import os
import time
from pathlib import Path

import numpy as np
import pytest

import ostinato.tf1 as tf


@pytest.fixture(autouse=True)
def graph():
    level = tf.logging.get_verbosity()
    with tf.Graph().as_default() as graph:
        yield graph
    tf.logging.set_verbosity(level)
    tf.summary.FileWriterCache.clear()


def model():
    """A loss and an operation that lowers it, with the values that TensorFlow gives: 9, 4.41, 2.1609, ..."""
    x = tf.constant(np.ones([4, 3], np.float32))
    weights = tf.get_variable("w", [3, 1], initializer=tf.ones_initializer())
    loss = tf.reduce_mean(tf.square(tf.matmul(x, weights)), name="loss")
    tf.summary.scalar("loss", loss)
    step = tf.train.get_or_create_global_step()
    return loss, tf.train.GradientDescentOptimizer(0.05).minimize(loss, global_step=step)


class Noting(tf.train.SessionRunHook):
    def __init__(self):
        self.seen = []

    def begin(self):
        self.seen.append("begin")

    def after_create_session(self, session, coord):
        self.seen.append(int(session.run(tf.train.get_global_step())))

    def before_run(self, run_context):
        return tf.train.SessionRunArgs({"l": "loss:0"})

    def after_run(self, run_context, run_values):
        self.seen.append(round(float(run_values.results["l"]), 4))

    def end(self, session):
        self.seen.append("end")


def events(folder):
    found = []
    for path in sorted(Path(folder).glob("events*"), key=lambda item: item.stat().st_mtime_ns):
        for event in tf.train.summary_iterator(str(path)):
            found += [(event.step, value.tag) for value in event.summary.value if "sec" not in value.tag]
    return found


def test_training_stops_and_goes_on(tmp_path, caplog):
    folder = str(tmp_path / "run")
    notes = []
    tf.logging.set_verbosity(tf.logging.INFO)
    for last in (5, 8):
        with tf.Graph().as_default() as graph:
            loss, train = model()
            note = Noting()
            hooks = [
                tf.train.StopAtStepHook(last_step=last),
                tf.train.LoggingTensorHook({"loss": loss}, every_n_iter=2),
                tf.train.NanTensorHook(loss),
                note,
            ]
            with tf.train.MonitoredTrainingSession(
                checkpoint_dir=folder, hooks=hooks, save_checkpoint_steps=3, save_summaries_steps=2
            ) as session:
                assert graph.finalized
                assert session.graph is graph
                while not session.should_stop():
                    session.run(train)
                with pytest.raises(RuntimeError, match="Run called even after should_stop requested"):
                    session.run(train)
            assert not graph.finalized
            assert session.should_stop()
            notes.append(note.seen)
    assert notes[0] == ["begin", 0, 9.0, 4.41, 2.1609, 1.0588, 0.5188, "end"]
    assert notes[1] == ["begin", 5, 0.2542, 0.1246, 0.061, "end"]
    saved = [f"model.ckpt-{step}" for step in (0, 3, 5, 8)]
    state = tf.train.get_checkpoint_state(folder)
    assert [os.path.basename(path) for path in state.all_model_checkpoint_paths] == saved
    assert {f"{name}.meta" for name in saved} | {"graph.pbtxt"} <= set(os.listdir(folder))
    assert [step for step, tag in events(folder) if tag == "loss_1"] == [1, 3, 5, 6, 8]
    text = caplog.text
    for words in (
        "Saving checkpoints for 3 into",
        "loss = 9.0",
        "Graph was finalized.",
        "Running local_init_op.",
    ):
        assert words in text


def test_hooks_count_and_stop(caplog):
    loss, train = model()
    final = tf.train.FinalOpsHook(tf.train.get_global_step())
    fed = tf.placeholder(tf.float32, [], name="fed")
    counter = tf.train.StepCounterHook(every_n_steps=2)
    with tf.train.SingularMonitoredSession(
        hooks=[tf.train.StopAtStepHook(num_steps=4), final, tf.train.FeedFnHook(lambda: {fed: 2.0}), counter]
    ) as session:
        assert session.raw_session().run("loss:0") == 9
        with pytest.raises(RuntimeError, match="Same tensor is fed by a SessionRunHook and user"):
            session.run(loss, {fed: 1.0})
        while not session.should_stop():
            assert session.run([train, fed])[1] == 2
        assert session.run_step_fn.__doc__
    assert final.final_ops_values == 4
    assert counter is not None
    with pytest.raises(RuntimeError, match="Session is already closed"):
        session.close()


def test_a_step_may_be_a_function():
    _, train = model()
    with tf.train.MonitoredSession() as session:
        steps = []

        def step(step_context):
            step_context.session.run("loss:0")
            step_context.run_with_hooks(train)
            steps.append(1)
            if len(steps) == 3:
                step_context.request_stop()

        with pytest.raises(ValueError, match="`step_fn` may either have one `step_context` argument"):
            session.run_step_fn(lambda other: None)
        while not session.should_stop():  # what stops the steps ends the block
            session.run_step_fn(step)
    assert len(steps) == 3


def test_a_loss_that_is_no_number_stops():
    model()
    bad = tf.log(tf.constant(-1.0))
    stops = tf.train.MonitoredSession(hooks=[tf.train.NanTensorHook(bad)])
    with (
        pytest.raises(tf.train.NanLossDuringTrainingError, match="NaN loss during training"),
        stops as session,
    ):
        session.run(bad)
    with tf.train.MonitoredSession(hooks=[tf.train.NanTensorHook(bad, fail_on_nan_loss=False)]) as session:
        session.run(bad)
        assert session.should_stop()


def test_the_end_of_the_input_is_the_end_of_training():
    value = tf.train.range_input_producer(3, num_epochs=1, shuffle=False).dequeue()
    found = []
    with tf.train.MonitoredSession() as session:
        while not session.should_stop():
            found.append(int(session.run(value)))
    assert found == [0, 1, 2]
    with pytest.raises(KeyError, match="own"), tf.train.MonitoredSession():
        raise KeyError("own")


def test_a_listener_may_stop(tmp_path):
    _, train = model()
    told = []

    class Listener(tf.train.CheckpointSaverListener):
        def before_save(self, session, global_step_value):
            told.append(("before", int(global_step_value)))

        def after_save(self, session, global_step_value):
            told.append(("after", int(global_step_value)))
            return global_step_value >= 2

        def end(self, session, global_step_value):
            told.append(("end", int(global_step_value)))

    scaffold = tf.train.Scaffold(init_fn=lambda scaffold, session: told.append("init"))
    saver = tf.train.CheckpointSaverHook(
        str(tmp_path), save_steps=2, scaffold=scaffold, listeners=[Listener()]
    )
    creator = tf.train.ChiefSessionCreator(scaffold)
    with tf.train.MonitoredSession(creator, hooks=[saver]) as session:
        while not session.should_stop():
            session.run(train)
    assert told == ["init", ("before", 0), ("after", 0), ("before", 2), ("after", 2), ("end", 2)]


def test_a_supervisor_goes_on_where_it_stopped(tmp_path):
    for begun in (0, 3):
        with tf.Graph().as_default() as graph:
            _, train = model()
            supervisor = tf.train.Supervisor(
                logdir=str(tmp_path), summary_op=None, save_model_secs=60, save_summaries_secs=60
            )
            assert graph.finalized
            with supervisor.managed_session() as session:
                assert tf.train.global_step(session, supervisor.global_step) == begun
                for _ in range(3):
                    session.run(train)
                summary = graph.get_collection(tf.GraphKeys.SUMMARIES)[0]
                supervisor.summary_computed(session, session.run(summary))
                supervisor.saver.save(session, supervisor.save_path, supervisor.global_step)
                assert not supervisor.should_stop()
            assert supervisor.should_stop()
    assert tf.train.latest_checkpoint(str(tmp_path)).endswith("model.ckpt-6")
    assert [step for step, tag in events(tmp_path) if tag == "loss_1"] == [3, 6]


def test_a_supervisor_saves_by_itself(tmp_path):
    _, train = model()
    supervisor = tf.train.Supervisor(logdir=str(tmp_path), save_model_secs=0.05, save_summaries_secs=0.05)
    with supervisor.managed_session() as session:
        session.run(train)
        end = time.monotonic() + 20
        while not (Path(tmp_path, "model.ckpt-1.index").exists() and (1, "loss_1") in events(tmp_path)):
            assert time.monotonic() < end
            time.sleep(0.02)
    with pytest.raises(ValueError, match="own"), supervisor.managed_session():
        raise ValueError("own")


def test_what_is_refused():
    for make, kind, words in (
        (lambda: tf.train.StopAtStepHook(), ValueError, "One of num_steps or last_step must be specified."),
        (lambda: tf.train.StopAtStepHook(1, 2), ValueError, "Only one of num_steps or last_step"),
        (lambda: tf.train.LoggingTensorHook(["a"]), ValueError, "exactly one of every_n_iter"),
        (lambda: tf.train.LoggingTensorHook(["a"], 0), ValueError, "invalid every_n_iter=0."),
        (lambda: tf.train.SecondOrStepTimer(), ValueError, "Either every_secs or every_steps"),
        (lambda: tf.train.SummarySaverHook(1), ValueError, "Exactly one of scaffold or summary_op"),
        (lambda: tf.train.Scaffold(copy_from_scaffold=3), TypeError, "is not a Scaffold instance"),
        (
            lambda: tf.train.SessionManager(ready_for_local_init_op=3),
            ValueError,
            "If you pass a ready_for_local_init_op you must also pass a local_init_op",
        ),
        (
            lambda: tf.train.SessionManager().prepare_session(""),
            RuntimeError,
            "no init_op or init_fn or local_init_op was given",
        ),
        (
            lambda: tf.train.MonitoredSession(hooks=[tf.train.StopAtStepHook(1)]),
            RuntimeError,
            "Global step should be created to use StopAtStepHook.",
        ),
    ):
        with pytest.raises(kind) as problem:
            make()
        assert words in str(problem.value)
    tf.Variable(1.0, name="v")
    manager = tf.train.SessionManager(ready_op=tf.report_uninitialized_variables())
    with pytest.raises(RuntimeError, match="Variables not initialized: v"):
        manager.prepare_session("", init_op=tf.no_op())
