"""`make bench`: Ostinato beside its peers, measured. docs/benchmarks.md says how, and how to read it."""
