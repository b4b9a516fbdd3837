"""Peers that need a process, or an environment, of their own. This package runs under Python 3.7 too."""
