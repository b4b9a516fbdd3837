"""Summaries that are written when their nodes run; what is in the files is what TensorFlow 1.15 writes."""

import glob

import pytest

import ostinato.tf1 as tf

S = tf.contrib.summary


@pytest.fixture
def graph():
    with tf.Graph().as_default() as made:
        yield made


def events(folder):
    return [event for path in sorted(glob.glob(f"{folder}/*")) for event in tf.train.summary_iterator(path)]


def test_each_kind_is_written_with_its_step_and_tag(graph, tmp_path):
    x = tf.placeholder(tf.float32, [None], name="x")
    step = tf.train.create_global_step()
    text = tf.SummaryMetadata(plugin_data=tf.SummaryMetadata.PluginData(plugin_name="text"))
    writer = S.create_file_writer(tmp_path)
    with writer.as_default(), S.always_record_summaries():
        made = [S.scalar("loss", tf.reduce_sum(x))]
        with tf.name_scope("in"):
            made.append(S.histogram("h", x, family="fam"))
        made += [
            S.generic("g", tf.constant([1, 2]), step=7),
            S.generic("t", tf.constant("text"), metadata=text),
            S.image("im", tf.zeros([1, 2, 2, 3])),
            S.audio("au", tf.zeros([1, 8, 1]), 8.0, 1),
        ]
        with S.record_summaries_every_n_global_steps(2):
            made.append(S.scalar("second", step))
        with S.never_record_summaries():
            made.append(S.scalar("never", 1.0))
        flush, close = S.flush(), writer.close()
    assert [tensor.name for tensor in made] == [
        "loss/Const:0",
        "in/fam/h/Const:0",
        "g/Const_2:0",
        "t/Const_1:0",
        "im/Const_1:0",
        "au/Const:0",
        "Merge:0",
        "Const_7:0",
    ]
    assert S.all_summary_ops() == made == tf.summary.all_v2_summary_ops()
    assert [op.type for op in S.summary_writer_initializer_op()] == ["CreateSummaryFileWriter"]
    more = tf.assign_add(step, 1)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        with pytest.raises(tf.errors.NotFoundError, match="SummaryWriterInterfaceE does not exist"):
            session.run(made[0], {x: [1.0]})
        session.run(S.summary_writer_initializer_op())
        session.run(S.summary_writer_initializer_op())  # goes on with the file that there is
        for number in range(4):
            even = number % 2 == 0
            assert session.run(made, {x: [1.0, number]}) == [True] * 6 + [even, False]
            session.run(more)
        session.run(flush)
        session.run(close)
        with pytest.raises(tf.errors.NotFoundError, match="does not exist"):
            session.run(made[0], {x: [1.0]})
    found = events(tmp_path)
    assert found[0].file_version == "brain.Event:2"
    assert glob.glob(f"{tmp_path}/events.out.tfevents.*.v2")
    values = [(event.step, value) for event in found[1:] for value in event.summary.value]
    assert sorted((step, value.tag, value.WhichOneof("value")) for step, value in values) == sorted(
        [(7, "g", "tensor")] * 4
        + [(step, "second", "simple_value") for step in (0, 2)]
        + [
            (step, tag, kind)
            for step in range(4)
            for tag, kind in (
                ("loss", "simple_value"),
                ("fam/in/fam/h", "histo"),
                ("t", "tensor"),
                ("im/image/0", "image"),
                ("au/audio", "audio"),
            )
        ]
    )
    assert [value.simple_value for _, value in values if value.tag == "loss"] == [1, 2, 3, 4]
    assert {value.metadata.plugin_data.plugin_name for _, value in values if value.tag == "t"} == {"text"}


def test_graphs_and_events_are_written(graph, tmp_path):
    event = tf.Event(
        step=9, wall_time=3.0, summary=tf.Summary(value=[tf.Summary.Value(tag="a", simple_value=4.0)])
    )
    with tf.Session() as session, S.create_file_writer(str(tmp_path), name="one").as_default():
        taken = S.import_event(event.SerializeToString())
        broken = S.import_event(b"abc")
        tf.summary.initialize(graph=graph)
        session.run(taken)
        with pytest.raises(tf.errors.DataLossError, match=r"Bad tf\.Event"):
            session.run(broken)
    found = events(tmp_path)
    assert [each.WhichOneof("what") for each in found] == ["file_version", "graph_def", "summary"]
    assert "ImportEvent" in [node.op for node in tf.GraphDef.FromString(found[1].graph_def).node]
    assert found[2] == event


def test_without_a_writer_nothing_is_written(graph, tmp_path):
    assert S.scalar("early", 1.0).type == "NoOp"
    assert S.flush().type == "NoOp"
    assert not S.all_summary_ops()
    writer = S.create_file_writer(None)
    writer.set_as_default()
    with writer.as_default(), S.always_record_summaries():
        assert S.histogram("early", [1.0]).type == "NoOp"
    assert writer.init() is writer.flush() is writer.close() is None
    with pytest.raises(RuntimeError, match=r"No default tf.contrib.summary.SummaryWriter found"):
        S.initialize()
    with S.create_file_writer(str(tmp_path)).as_default():
        with pytest.raises(ValueError, match="session must be passed if no default session exists"):
            S.initialize()
        with pytest.raises(TypeError, match=r"graph\(\) needs a tf.Tensor"):
            S.graph(graph)
    assert S.eval_dir("a") == "a/eval"
    assert S.eval_dir("a", "b") == "a/eval_b"
