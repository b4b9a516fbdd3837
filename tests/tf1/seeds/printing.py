import numpy as np
import tensorflow as tf

X = tf.placeholder(tf.float32, [None, 2, 3])
outputs, _ = tf.nn.dynamic_rnn(tf.contrib.rnn.BasicRNNCell(5), X, dtype=tf.float32)
with tf.Session() as session:
    tf.global_variables_initializer().run()
    outputs_val = outputs.eval({X: np.zeros([1, 2, 3])})

# --- snippet
print(outputs_val)
