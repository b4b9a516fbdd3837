"""Evaluations of checkpoints by tf.contrib.training and slim; figures and logs are TensorFlow 1.15's."""

import logging
import re

import pytest

import ostinato.tf1 as tf

training, slim = tf.contrib.training, tf.contrib.slim


def model():
    w = tf.get_variable("w", initializer=3.0)
    return w, tf.train.get_or_create_global_step()


@pytest.fixture
def folder(tmp_path):
    with tf.Graph().as_default(), tf.Session() as session:
        _, step = model()
        session.run(tf.global_variables_initializer())
        session.run(step.assign(7))
        tf.train.Saver().save(session, str(tmp_path / "m"), step)
    return str(tmp_path)


@pytest.fixture
def metric():
    with tf.Graph().as_default():
        w, _ = model()
        x = tf.placeholder_with_default(2.0, [])
        value, update = tf.metrics.mean(w * x)
        tf.summary.scalar("v", value)
        yield x, value, update


@pytest.fixture
def logged(caplog):
    tf.logging.set_verbosity(tf.logging.INFO)
    caplog.set_level(logging.INFO, logger="tensorflow")

    def lines():
        texts = [re.sub(r"\d{4}-\S+", "DATE", record.getMessage()) for record in caplog.records]
        return [text for text in texts if "valuation" in text or "Timed" in text]

    yield lines
    tf.logging.set_verbosity(tf.logging.WARN)


def summaries(folder):
    return [
        (event.step, value.tag, value.simple_value)
        for file in tf.gfile.Glob(f"{folder}/*tfevents*")
        for event in tf.train.summary_iterator(file)
        for value in event.summary.value
    ]


def test_once(folder, metric, logged, tmp_path):
    _, value, update = metric
    hooks = [training.StopAfterNEvalsHook(3), training.SummaryAtEndHook(str(tmp_path / "events"))]
    path = tf.train.latest_checkpoint(folder)
    assert training.evaluate_once(path, eval_ops=update, final_ops=value, hooks=hooks) == 6.0
    assert summaries(tmp_path / "events") == [(7, "v", 6.0)]
    counts = [f"Evaluation [{number}/3]" for number in (1, 2, 3)]
    assert logged() == ["Starting evaluation at DATE", *counts, "Finished evaluation at DATE"]
    assert [v.op.name for v in tf.local_variables()][-1] == "eval_step"
    step = training.get_or_create_eval_step()
    assert step is training.get_or_create_eval_step()
    assert step.dtype.base_dtype == tf.int64


def test_many_batches_are_logged_by_tenths(folder, metric, logged):
    x, value, update = metric
    ops = {"a": update}
    found = training.evaluate_once(
        tf.train.latest_checkpoint(folder),
        eval_ops=ops,
        feed_dict={x: 5.0},
        final_ops={"q": value},
        hooks=[training.StopAfterNEvalsHook(25)],
    )
    assert found == {"q": 15.0}
    assert list(ops) == ["a"]
    done = [*range(2, 25, 2), 25]
    assert logged()[1:-1] == [f"Evaluation [{number}/25]" for number in done]


def test_repeatedly(folder, metric, logged):
    _, value, update = metric
    hooks = [training.StopAfterNEvalsHook(2, log_progress=False)]
    found = training.evaluate_repeatedly(
        folder, eval_ops=[update], final_ops=value, hooks=hooks, timeout=0.05, eval_interval_secs=0
    )
    assert found == 6.0
    assert len(hooks) == 1
    assert logged() == [
        "Starting evaluation at DATE",
        "Finished evaluation at DATE",
        "Timed-out waiting for a checkpoint.",
    ]


def test_slims(folder, metric, tmp_path):
    _, value, update = metric
    events = str(tmp_path / "events")
    path, variables = tf.train.latest_checkpoint(folder), slim.get_variables_to_restore()
    once = slim.evaluation.evaluate_once(
        "", path, events, 2, eval_op=update, final_op=value, variables_to_restore=variables
    )
    assert once == 6.0
    assert summaries(events) == [(7, "v", 6.0)]
    loop = slim.evaluation.evaluation_loop(
        "",
        folder,
        str(tmp_path / "none"),
        num_evals=2,
        eval_op=update,
        final_op=value,
        summary_op=None,
        max_number_of_evaluations=1,
    )
    assert loop == 6.0
    assert not (tmp_path / "none").exists()


def test_a_summary_needs_a_place():
    with pytest.raises(ValueError, match="One of log_dir or summary_writer should be used"):
        training.SummaryAtEndHook()
