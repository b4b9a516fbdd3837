import numpy as np
import tensorflow as tf
from tensorflow.contrib import rnn

num_input, timesteps, num_hidden, num_classes = 12, 820, 64, 2
weights = {"out": tf.Variable(tf.random_normal([num_hidden, num_classes]))}
biases = {"out": tf.Variable(tf.random_normal([num_classes]))}

# --- snippet
def RNN(x, weights, biases):
    x = tf.unstack(x, timesteps, 1)
    lstm_cell = rnn.BasicLSTMCell(num_hidden)
    outputs, states = rnn.static_rnn(lstm_cell, x, dtype=tf.float32)
    return tf.matmul(outputs[-1], weights['out']) + biases['out']
# --- check
X = tf.placeholder(tf.float32, [None, timesteps, num_input])
logits = RNN(X, weights, biases)
for variable in tf.trainable_variables():
    print(variable.name, variable.shape, np.prod(variable.shape.as_list()))
