"""The TensorFlow 1 face: `import ostinato.tf1 as tf`."""
