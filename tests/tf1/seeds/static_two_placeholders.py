import tensorflow as tf

n_inputs, n_neurons = 3, 5

# --- snippet
X0 = tf.placeholder(tf.float32, [None, n_inputs])
X1 = tf.placeholder(tf.float32, [None, n_inputs])
basic_cell = tf.contrib.rnn.BasicRNNCell(num_units=n_neurons)
output_seqs, states = tf.contrib.rnn.static_rnn(
                       basic_cell, [X0, X1], dtype=tf.float32)
Y0, Y1 = output_seqs
# --- check
print(Y0.shape, Y1.shape, states is Y1)
