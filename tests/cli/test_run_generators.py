"""A StopIteration ends a generator again, as it did before Python 3.7, in scripts and in what they import."""

import ast

from ostinato.cli.removed_generators import as_of_then, compiled

from .run_scripts import start

SCRIPT = '''
    """A script."""
    from __future__ import annotations
    import readers

    def pairs(numbers):
        """Two at a time."""
        numbers = iter(numbers)
        while True:
            yield next(numbers), next(numbers)

    def first(numbers, count):
        def ask(left):
            if not left:
                raise StopIteration
        for number in numbers:
            ask(count)
            count -= 1
            yield number

    print(list(pairs(range(5))), list(first(range(9), 2)), pairs.__doc__)
    print(list(readers.batches([1, 2, 3])), readers.plain())
    try:
        next(iter([]))
    except StopIteration:
        print("a function's own goes on")
    def failing():
        yield 1
        raise ValueError("line 28")
    list(failing())
'''
READERS = """
    def batches(rows):
        rows = iter(rows)
        while True:
            yield [next(rows)]

    def plain():
        return [x for x in (y for y in [7])]
"""


def test_generators_end_as_they_did(tmp_path):
    done = start(tmp_path, "script.py", script_py=SCRIPT, readers_py=READERS)
    assert done.stdout.splitlines() == [
        "[(0, 1), (2, 3)] [0, 1] Two at a time.",
        "[[1], [2], [3]] [7]",
        "a function's own goes on",
    ], done.stderr
    assert "line 28" in done.stderr
    assert "list(failing())" in done.stderr
    assert not list(tmp_path.rglob("readers*.pyc"))


def held(source):
    return [type(node.body[-1]).__name__ for node in as_of_then(ast.parse(source)).body]


def test_only_generators_are_altered():
    assert held("def f():\n    return (yield)\n") == ["Try"]
    assert held("def f():\n    def g():\n        yield 1\n    return g\n") == ["Return"]
    assert held("def f():\n    return (x for x in [1])\n") == ["Return"]
    assert held("def f():\n    return lambda: (yield)\n") == ["Return"]


def test_code_says_where_it_came_from():
    code = compiled(b"# coding: latin-1\nname = '\xe9'\n", "some.py")
    variables = {}
    exec(code, variables)
    assert (code.co_filename, variables["name"]) == ("some.py", "é")
