"""Scripts run by `ostinato run`, in processes of their own."""

import textwrap

from tf1.forking import shared


def start(folder, *arguments, **files):
    """Write files (`a_py="..."` is a.py) and run `ostinato run` with the arguments in their folder."""
    for name, text in files.items():
        stem, _, suffix = name.rpartition("_")
        (folder / f"{stem}.{suffix}").write_text(textwrap.dedent(text))
    return shared().run(folder, "run", *arguments)
