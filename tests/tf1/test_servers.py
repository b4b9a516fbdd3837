"""Clusters, servers of this process, and what TensorBoard's projector is told."""

import pytest

import ostinato.tf1 as tf
from ostinato.tf1.contrib.tensorboard import projector


def test_clusters():
    cluster = tf.train.ClusterSpec({"ps": ["a:1"], "worker": {0: "b:2", 2: "c:3"}})
    assert (cluster.jobs, cluster.num_tasks("worker"), cluster.task_indices("worker")) == (
        ["ps", "worker"],
        2,
        [0, 2],
    )
    assert cluster.job_tasks("worker") == ["b:2", None, "c:3"]
    assert cluster.as_dict() == {"ps": ["a:1"], "worker": {0: "b:2", 2: "c:3"}}
    assert tf.train.ClusterSpec(cluster.as_cluster_def()) == cluster
    with pytest.raises(ValueError, match="No such job in cluster: 'x'"):
        cluster.num_tasks("x")
    with pytest.raises(ValueError, match="No task with index 1 in job 'worker'"):
        cluster.task_address("worker", 1)
    with pytest.raises(TypeError, match="`cluster` must be a dictionary"):
        tf.train.ClusterSpec(3)


def test_sessions_of_a_server_share_variables():
    server = tf.train.Server.create_local_server()
    assert server.server_def.job_name == "local"
    with tf.Graph().as_default():
        variable = tf.Variable(1.0)
        queue = tf.FIFOQueue(2, tf.int32, [[]])
        with tf.Session(server.target) as session:
            session.run(variable.initializer)
            session.run([variable.assign(7.0), queue.enqueue(3)])
        with tf.Session(server.target) as session:
            assert session.run(variable) == 7
            assert session.run(queue.dequeue()) == 3
        with tf.Session() as session, pytest.raises(tf.errors.FailedPreconditionError):
            session.run(variable)
        with pytest.raises(tf.errors.NotFoundError, match="there is no remote session"):
            tf.Session("grpc://elsewhere:1")
    with pytest.raises(
        tf.errors.UnimplementedError, match="The cluster has 2 tasks, and there is one process"
    ):
        tf.train.Server({"ps": ["a:1"], "worker": ["b:2"]}, "ps", 0)
    with pytest.raises(tf.errors.UnimplementedError, match="would wait for ever"):
        server.join()


def test_variables_are_spread_over_servers():
    with tf.Graph().as_default():
        with tf.device(tf.train.replica_device_setter(ps_tasks=2)):
            first, second = tf.Variable(1.0), tf.Variable(1.0)
            total = first + second
        assert [first.device, second.device, total.device] == [
            "/job:ps/task:0",
            "/job:ps/task:1",
            "/job:worker",
        ]
    assert tf.train.replica_device_setter() is None
    with pytest.raises(TypeError, match="ps_strategy must be callable"):
        tf.train.replica_device_setter(1, ps_strategy=3)


def test_the_projector(tmp_path):
    config = projector.ProjectorConfig()
    embedding = config.embeddings.add(tensor_name="table", metadata_path="words.tsv")
    embedding.sprite.single_image_dim.extend([2, 3])
    projector.visualize_embeddings(tf.summary.FileWriter(str(tmp_path)), config)
    assert (tmp_path / "projector_config.pbtxt").read_text() == (
        'embeddings {\n  tensor_name: "table"\n  metadata_path: "words.tsv"\n  sprite {\n'
        "    single_image_dim: 2\n    single_image_dim: 3\n  }\n}\n"
    )
