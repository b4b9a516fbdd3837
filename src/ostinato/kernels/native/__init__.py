"""Native kernels for processors, in C++ without torch."""
