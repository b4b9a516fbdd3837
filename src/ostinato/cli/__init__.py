"""The commands. A module a command: `add_parser(subparsers)` declares its arguments, `main(arguments)`
returns its exit code.

No module here imports torch before its `main` runs, so that `--help` answers at once.
"""
