"""What optimisers, moving averages and learning rates do; more cases of the kind of variable_cases.py."""

import numpy as np

from tf1.variable_cases import CASES, case, names, raised, values


def optimizers(tf):
    train = tf.train
    return {
        "descent": train.GradientDescentOptimizer(0.3),
        "momentum": train.MomentumOptimizer(0.1, 0.9),
        "nesterov": train.MomentumOptimizer(0.1, 0.9, use_nesterov=True),
        "adam": train.AdamOptimizer(0.05, 0.8, 0.95, 1e-6),
        "adagrad": train.AdagradOptimizer(0.3),
        "adadelta": train.AdadeltaOptimizer(1.0, 0.9, 1e-4),
        "rmsprop": train.RMSPropOptimizer(0.05, 0.8, 0.5, 1e-6),
        "centered": train.RMSPropOptimizer(0.05, 0.8, 0.5, 1e-6, centered=True),
        "ftrl": train.FtrlOptimizer(0.5, -0.6, 0.2, 0.01, 0.02, l2_shrinkage_regularization_strength=0.03),
        "ftrl_plain": train.FtrlOptimizer(0.5, l1_regularization_strength=0.01),
        "proximal": train.ProximalGradientDescentOptimizer(0.3, 0.05, 0.02),
        "averaged": train.AdagradDAOptimizer(0.3, train.get_or_create_global_step(), 0.1, 0.05, 0.02),
        "proximal_adagrad": train.ProximalAdagradOptimizer(0.3, 0.1, 0.05, 0.02),
    }


def trained(tf, name, dtype):
    """Names of all variables, and values of the model's after four steps."""
    with tf.variable_scope("net", dtype=dtype):
        start = np.linspace(-1.0, 1.0, 10).reshape(5, 2)
        w = tf.get_variable(
            "w", initializer=tf.constant(start, dtype), partitioner=tf.fixed_size_partitioner(2)
        )
        b = tf.get_variable(
            "b", [2], initializer=tf.ones_initializer(), constraint=lambda v: tf.clip_by_value(v, 0.2, 0.9)
        )
        inputs = tf.constant(np.cos(np.arange(15.0)).reshape(3, 5), dtype)
        loss = tf.reduce_mean(tf.square(tf.tanh(tf.matmul(inputs, w) + b) - 0.5))
    step = tf.train.get_or_create_global_step()
    optimizer = optimizers(tf)[name]
    with tf.name_scope("training"):
        train = optimizer.minimize(loss, global_step=step)
    lists = [
        names(tf.global_variables()),
        optimizer.get_slot_names(),
        names(optimizer.variables()),
        train.name,
    ]
    slots = [optimizer.get_slot(list(w)[1], slot).name for slot in optimizer.get_slot_names()]
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        for _ in range(4):
            session.run(train)
        return lists, slots, session.run([list(w), b, step])


def add_optimizers():
    for name in ("descent", "momentum", "nesterov", "adam", "adagrad", "adadelta", "rmsprop", "centered",
                 "ftrl", "ftrl_plain", "proximal", "proximal_adagrad", "averaged"):  # fmt: skip
        for dtype in ("float32", "float64"):
            if name.startswith("proximal") and dtype == "float64":
                continue  # TensorFlow's do not take variables of that type
            CASES[f"{name} in {dtype}"] = lambda tf, name=name, dtype=dtype: trained(tf, name, dtype)


add_optimizers()


@case
def nodes_of_optimizers(tf):
    w, b = tf.get_variable("net/w", [2]), tf.get_variable("net/b", [2], tf.float64)
    loss = tf.reduce_sum(w.value()) + tf.cast(tf.reduce_sum(b.value()), tf.float32)
    step = tf.train.get_or_create_global_step()
    for name, optimizer in sorted(optimizers(tf).items()):
        if not name.startswith("proximal"):
            optimizer.minimize(loss, global_step=step)
    made = names(tf.get_default_graph().get_operations())
    return [name for name in made if not name.startswith("gradients")]


@case
def two_optimizers_and_reused_scopes(tf):
    found = []
    for index in range(2):
        with tf.variable_scope("m", reuse=tf.AUTO_REUSE):
            w = tf.get_variable("w", [2])
            with tf.variable_scope(f"opt{index}"):
                tf.train.AdamOptimizer(name="Adam").minimize(tf.reduce_sum(w * w), var_list=[w])
    found.append(names(tf.global_variables()))
    optimizer = tf.train.MomentumOptimizer(0.1, 0.9, name="M")
    pairs = optimizer.compute_gradients(tf.reduce_sum(w * w), w)
    found += [len(pairs), optimizer.apply_gradients(pairs, name="apply").name]
    found += [raised(optimizer.minimize, tf.constant(1.0)), raised(optimizer.apply_gradients, [])]
    found += [raised(optimizer.apply_gradients, [(None, w)]), raised(tf.train.Optimizer, False, "")]
    found += [raised(optimizer.compute_gradients, tf.constant(1))[0], names(tf.get_collection("train_op"))]
    return found


@case
def moving_averages(tf):
    with tf.variable_scope("s"):
        v = tf.get_variable("v", initializer=[1.0, 3.0])
    step = tf.Variable(4, name="step", trainable=False)
    average = tf.train.ExponentialMovingAverage(0.9, step, zero_debias=True)
    doubled = v * 2.0
    before = average.average_name(v)
    maintain = average.apply([v, doubled])
    restored = sorted([key, item.name] for key, item in average.variables_to_restore().items())
    found = [before, average.average_name(v), names(tf.global_variables()), maintain.name, restored]
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        for value in ([5.0, 1.0], [2.0, 2.0]):
            session.run(v.assign(value))
            session.run(maintain)
            found.append(session.run([average.average(v), average.average(doubled)]))
    return found, names(tf.moving_average_variables()), raised(average.apply, [tf.constant(1)])


@case
def learning_rates(tf):
    found = []
    train = tf.train
    for number in (0, 1, 7, 10, 13, 25):
        step = tf.constant(number)
        found.append(values(tf, [
            train.exponential_decay(0.5, step, 10, 0.9), train.exponential_decay(0.5, step, 10, 0.9, True),
            train.natural_exp_decay(0.5, step, 10, 0.9), train.inverse_time_decay(0.5, step, 10, 0.9),
            train.inverse_time_decay(0.5, step, 10, 0.9, True), train.cosine_decay(0.5, step, 10, 0.1),
            train.polynomial_decay(0.5, step, 10, 0.01, 0.5),
            train.polynomial_decay(0.5, step, 10, cycle=True),
            train.piecewise_constant(step, [1, 10], [1.0, 0.5, 0.1]),
        ]))  # fmt: skip
    found.append(train.exponential_decay(0.5, 3, 10, 0.9).name)
    return [*found, raised(train.piecewise_constant, step, [1], [1.0])[0]]
