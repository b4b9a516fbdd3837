"""A forecast of the Mackey-Glass series, a delay equation whose solution is chaotic, by a GRU.

    python time_series.py --steps 400

The series is made here by integrating the equation (Mackey and Glass, 1977; delay 17). The network sees 50
values and forecasts the one 6 steps ahead; the error is told beside that of repeating the last value. Runs
under TensorFlow 1.x and, unmodified, by `ostinato run`.
"""

import argparse

import numpy as np
import tensorflow as tf


def mackey_glass(count, delay=17, beta=0.2, gamma=0.1, power=10, substeps=10):
    """The series at unit times, by Euler's method with `substeps` steps a unit, after a run-in of 500."""
    history = [1.2] * (delay * substeps + 1)
    for _ in range((count + 500) * substeps):
        delayed = history[-delay * substeps - 1]
        history.append(history[-1] + (beta * delayed / (1 + delayed**power) - gamma * history[-1]) / substeps)
    return np.array(history[-count * substeps :: substeps], np.float32)


def windows(series, length, ahead):
    count = len(series) - length - ahead + 1
    x = np.stack([series[start : start + length] for start in range(count)])[:, :, None]
    y = series[length + ahead - 1 : length + ahead - 1 + count][:, None]
    return x, y


def main():
    parser = argparse.ArgumentParser(description="Forecast a chaotic series.")
    parser.add_argument("--steps", type=int, default=400)
    parser.add_argument("--hidden", type=int, default=32)
    parser.add_argument("--window", type=int, default=50)
    parser.add_argument("--ahead", type=int, default=6)
    parser.add_argument("--batch_size", type=int, default=64)
    args = parser.parse_args()

    series = mackey_glass(2000)
    mean, scale = series[:1500].mean(), series[:1500].std()
    x, y = windows((series - mean) / scale, args.window, args.ahead)
    x_train, y_train, x_test, y_test = x[:1400], y[:1400], x[1500:], y[1500:]

    tf.set_random_seed(777)
    X = tf.placeholder(tf.float32, [None, args.window, 1], name="X")
    Y = tf.placeholder(tf.float32, [None, 1], name="Y")
    cell = tf.nn.rnn_cell.GRUCell(args.hidden, activation=tf.tanh)
    outputs, _ = tf.nn.dynamic_rnn(cell, X, dtype=tf.float32)
    prediction = tf.contrib.layers.fully_connected(outputs[:, -1], 1, activation_fn=None)
    loss = tf.losses.mean_squared_error(Y, prediction)
    global_step = tf.train.get_or_create_global_step()
    rate = tf.train.exponential_decay(0.01, global_step, 100, 0.8, staircase=True)
    train = tf.train.AdamOptimizer(rate).minimize(loss, global_step=global_step)
    rmse = tf.sqrt(tf.reduce_mean(tf.square(prediction - Y)))

    random = np.random.RandomState(1)
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        for step in range(args.steps):
            rows = random.randint(0, len(x_train), args.batch_size)
            _, step_loss = sess.run([train, loss], feed_dict={X: x_train[rows], Y: y_train[rows]})
            if step % 50 == 0 or step == args.steps - 1:
                print(f"[step: {step}] loss: {step_loss:.5f}")
        error = sess.run(rmse, feed_dict={X: x_test, Y: y_test})
        naive = np.sqrt(np.mean((x_test[:, -1] - y_test) ** 2))
        print(f"RMSE of the forecast: {error:.4f}; of repeating the last value: {naive:.4f}")


if __name__ == "__main__":
    main()
