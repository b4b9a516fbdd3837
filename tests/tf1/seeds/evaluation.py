import numpy as np
import tensorflow as tf

X = tf.placeholder(tf.float32, [None, 2, 3])
outputs, states = tf.nn.dynamic_rnn(tf.contrib.rnn.BasicRNNCell(5), X, dtype=tf.float32)
init = tf.global_variables_initializer()

# --- snippet
X_batch = np.array([
       # t = 0 t = 1
       [[0, 1, 2], [9, 8, 7]], # instance 0
       [[3, 4, 5], [0, 0, 0]], # instance 1
       [[6, 7, 8], [6, 5, 4]], # instance 2
       [[9, 0, 1], [3, 2, 1]], # instance 3
   ])
with tf.Session() as sess:
   init.run()
   outputs_val = outputs.eval(feed_dict={X: X_batch})
# --- check
print(outputs_val.shape, outputs_val.dtype, bool((abs(outputs_val) <= 1).all()))
