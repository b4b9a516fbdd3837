"""What the processes that a script under `ostinato run` starts find first: it makes room for this face."""

from ostinato.cli.prepare import a_process_that_was_started

a_process_that_was_started()
