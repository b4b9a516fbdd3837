import tensorflow as tf

n_steps, n_inputs, n_neurons = 2, 3, 5

# --- snippet
X = tf.placeholder(tf.float32, [None, n_steps, n_inputs])
basic_cell = tf.contrib.rnn.BasicRNNCell(num_units=n_neurons)
outputs, states = tf.nn.dynamic_rnn(basic_cell, X, dtype=tf.float32)
# --- check
print(outputs.name, outputs.shape, states.name, states.shape)
