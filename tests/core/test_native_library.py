"""Which build of the native kernels is loaded, and what is never called."""

from __future__ import annotations

import ctypes
import os
import re
import shutil
import subprocess
import sys
import threading
import types
import warnings
from pathlib import Path

import pytest
import torch

import ostinato
from ostinato import BasicLSTMCell, dynamic_rnn, kernels
from ostinato.kernels.native import library
from ostinato.kernels.native.build import BUILDS, library_name
from ostinato.kernels.native.choice import INSTRUCTION_SETS, BrokenError, UnusableError, choose

VARIABLES = ("OSTINATO_KERNELS", "OSTINATO_INSTRUCTION_SET")


@pytest.fixture
def undecided(monkeypatch):
    """As in a new process, in an environment that forces nothing."""
    for variable in VARIABLES:
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setattr(library, "_chosen", None)
    monkeypatch.setattr(library, "_loaded", None)
    return monkeypatch


@pytest.fixture
def folder(undecided, tmp_path):
    """A folder of libraries to spoil, in place of the package's."""
    for build in ("portable", *this_machine()[1:][-1:]):
        shutil.copy(library.FOLDER / library_name(build), tmp_path)
    undecided.setattr(library, "FOLDER", tmp_path)
    return tmp_path


def this_machine():
    """The instruction sets that this processor runs, as the operating system reports them."""
    found = library.open_build("portable").ostinato_instruction_sets()
    return [name for bit, name in enumerate(INSTRUCTION_SETS) if found & 1 << bit]


def run_lstm():
    torch.manual_seed(1)
    cell, inputs = BasicLSTMCell(3, input_size=2), torch.randn(2, 4, 2)
    return dynamic_rnn(cell, inputs)[0]


def python(script, **environment):
    clean = {key: value for key, value in os.environ.items() if key not in VARIABLES}
    environment = clean | {"PYTHONPATH": str(Path(ostinato.__file__).parents[1])} | environment
    return subprocess.run(
        [sys.executable, "-c", script], env=environment, capture_output=True, text=True, timeout=60
    )


# The choice.


def test_the_processor_is_what_the_system_says_it_is():
    flags = {"avx2": "avx2", "avx512": "avx512bw", "avx512_bf16": "avx512_bf16", "amx": "amx_bf16"}
    try:
        with open("/proc/cpuinfo") as file:
            known = set(re.findall(r"\w+", file.read()))
    except OSError:
        known = set(flags.values()) if sys.platform == "linux" else set()
    if known:
        assert this_machine() == [
            "portable",
            *(name for name in INSTRUCTION_SETS[1:] if flags[name] in known),
        ]
    assert this_machine()[0] == "portable"


def test_the_best_build_that_runs_is_chosen(undecided):
    found = kernels.available()
    best = [name for name in this_machine() if (library.FOLDER / library_name(name)).exists()][-1]
    assert found.implementations == ("cpu", "reference")
    assert (found.in_use, found.instruction_set) == ("cpu", best)
    assert found.reasons.keys() == {"reference", *INSTRUCTION_SETS} - {best}
    build = library.load()
    build.ostinato_build.restype = ctypes.c_char_p
    assert build.ostinato_build().decode() == best


@pytest.mark.parametrize("name", INSTRUCTION_SETS)
def test_an_instruction_set_is_forced_or_refused(undecided, name):
    undecided.setenv("OSTINATO_INSTRUCTION_SET", name)
    if name in this_machine() and (library.FOLDER / library_name(name)).exists():
        assert kernels.available().instruction_set == name
        expected = run_lstm()
        undecided.setattr(library, "_loaded", None)
        undecided.setattr(library, "_chosen", None)
        undecided.setenv("OSTINATO_KERNELS", "reference")
        torch.testing.assert_close(run_lstm(), expected)
    else:
        with pytest.raises(RuntimeError, match=rf"OSTINATO_INSTRUCTION_SET={name} is set, but .*{name}"):
            library.load()


@pytest.mark.parametrize("variable", VARIABLES)
def test_a_value_that_is_none_is_refused(undecided, variable):
    undecided.setenv(variable, "fastest")
    with pytest.raises(
        ValueError, match=rf"{variable} is 'fastest', but must be one of .*reference|portable"
    ):
        run_lstm()
    undecided.setenv(variable, "")
    assert kernels.available().in_use == "cpu"


def test_the_reference_can_be_forced(undecided):
    undecided.setenv("OSTINATO_KERNELS", "reference")
    assert library.load() is None
    found = kernels.available()
    assert (found.implementations, found.in_use, found.instruction_set) == (("reference",), "reference", None)
    assert found.reasons == {"cpu": "OSTINATO_KERNELS=reference is set"}


def test_a_process_reads_its_environment():
    script = "from ostinato import kernels; print(kernels.available()[1:3])"
    forced = python(script, OSTINATO_KERNELS="cpu", OSTINATO_INSTRUCTION_SET="portable")
    assert (forced.stdout.strip(), forced.stderr) == ("('cpu', 'portable')", "")


def test_amx_is_asked_of_the_system_before_it_is_opened():
    asked = []
    portable = types.SimpleNamespace(
        ostinato_instruction_sets=lambda: 0b11111, ostinato_request_amx=lambda: asked.append("amx") or 28
    )
    found = choose(lambda name: asked.append(name) or portable)
    assert asked == ["portable", "amx", "avx512_bf16"]
    assert (found.instruction_set, found.warnings) == ("avx512_bf16", ())
    assert "the system keeps the registers of AMX" in found.reasons["amx"]


# What is not there, or not to be trusted.


def test_without_any_build_one_warning_and_then_the_reference(undecided, tmp_path):
    undecided.setattr(library, "FOLDER", tmp_path)
    found = kernels.available()
    assert (found.in_use, found.implementations) == ("reference", ("reference",))
    assert found.reasons["cpu"] == "_kernels_portable.so was not built"
    with pytest.warns(
        RuntimeWarning, match=r"runs its reference in plain torch.*run make.*OSTINATO_KERNELS"
    ) as given:
        outputs = run_lstm()
    assert len(given) == 1
    assert torch.equal(run_lstm(), outputs)  # warnings are errors


@pytest.mark.parametrize("variable", [("OSTINATO_KERNELS", "cpu"), ("OSTINATO_INSTRUCTION_SET", "portable")])
def test_a_forced_build_that_is_not_there_is_an_error(undecided, tmp_path, variable):
    undecided.setattr(library, "FOLDER", tmp_path)
    undecided.setenv(*variable)
    for _ in range(2):
        with pytest.raises(
            RuntimeError, match=r"=\w+ is set, but _kernels_portable.so was not built. Install a C"
        ):
            run_lstm()


def cut(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


SPOILT = {
    "cut": (cut, "ends too early"),
    "empty": (lambda path: path.write_bytes(b""), "ends too early"),
    "text": (lambda path: path.write_text("no library\n" * 100), "no library that loads here"),
}


@pytest.mark.parametrize("kind", SPOILT)
def test_a_damaged_library_is_not_loaded(folder, kind):
    spoil, reason = SPOILT[kind]
    spoil(folder / library_name("portable"))
    with pytest.raises(BrokenError, match=reason):
        library.open_build("portable")
    with pytest.warns(RuntimeWarning, match=f"plain torch.*{reason}"):
        assert library.load() is None


def test_another_library_is_not_called(folder):
    (folder / library_name("portable")).unlink()
    shutil.copy(
        torch._C.__file__, folder / library_name("portable")
    )  # it loads, and has none of the functions
    with pytest.raises(BrokenError, match="no library that loads here"):
        library.open_build("portable")


def test_where_the_best_is_damaged_the_next_best_runs(folder):
    best = this_machine()[-1]
    if best == "portable":
        (folder / library_name("avx2")).write_bytes(b"")
        assert library.load() is not None
        return
    cut(folder / library_name(best))
    with pytest.warns(RuntimeWarning, match=rf"leaves out its {best} kernels: .* is damaged") as given:
        assert library.load() is not None
    assert len(given) == 1
    assert kernels.available().instruction_set == "portable"
    assert "damaged" in kernels.available().reasons[best]


def test_a_library_from_other_sources_is_not_called(undecided):
    class LongerCall(library.Call):
        _fields_ = [("one_more", ctypes.c_int64)]

    for name, value in (("ABI_VERSION", library.ABI_VERSION + 1), ("Call", LongerCall)):
        with undecided.context() as patch:
            patch.setattr(library, "_loaded", None)
            patch.setattr(library, "_chosen", None)
            patch.setattr(library, name, value)
            with pytest.raises(BrokenError, match=r"is from other sources than library.py: interface \d"):
                library.open_build("portable")
            with pytest.warns(RuntimeWarning, match="from other sources"):
                assert library.load() is None


def test_a_build_that_computes_wrong_numbers_is_not_used(undecided):
    build = library.open_build("portable")
    answers = {name: getattr(build, name) for name in ("ostinato_abi_version", "ostinato_call_size")}
    for result in (0, 3):
        wrong = types.SimpleNamespace(**answers, ostinato_self_check=lambda result=result: result)
        with undecided.context() as patch:
            patch.setattr(library.ctypes, "CDLL", lambda path, wrong=wrong: wrong)
            if result == 0:
                assert library.open_build("portable") is wrong
            else:
                with pytest.raises(
                    BrokenError, match=r"computed in _kernels_portable.so was wrong \(check 3\)"
                ):
                    library.open_build("portable")


def test_what_is_not_built_is_no_reason_to_warn(undecided, tmp_path):
    shutil.copy(library.FOLDER / library_name("portable"), tmp_path)
    undecided.setattr(library, "FOLDER", tmp_path)
    assert library.load() is not None
    for name in this_machine()[1:]:
        assert kernels.available().reasons[name] == f"{library_name(name)} was not built"
        with pytest.raises(UnusableError):
            library.open_build(name)


def test_threads_that_load_at_once_load_once(undecided, tmp_path):
    opened, together = [], threading.Barrier(8)
    original = library.open_build

    def open_build(name):
        opened.append(name)
        return original(name)

    undecided.setattr(library, "open_build", open_build)
    undecided.setattr(library, "FOLDER", tmp_path)
    found = []

    def load():
        together.wait()
        found.append(library.load())

    members = [threading.Thread(target=load) for _ in range(8)]
    with warnings.catch_warnings(record=True) as given:
        warnings.simplefilter("always")
        for member in members:
            member.start()
        for member in members:
            member.join()
    assert (opened, found, len(given)) == (["portable"], [None] * 8, 1)


# The interface.


def test_a_call_is_the_same_in_both_languages():
    text = re.search(r"struct Call \{(.*?)\n\};", (library.FOLDER / "call.h").read_text(), re.DOTALL)[1]
    text = re.sub(r"\n    int64 half_batch\(\).*", "", text)  # a function of it
    fields = []
    for declaration in re.sub(r"//.*", "", text).split(";"):
        match = re.fullmatch(
            r"(int64|double|ParallelFor|(?:const )?\w+\*) (.*)", " ".join(declaration.split())
        )
        if match is None:
            assert not declaration.strip()
            continue
        kind = {"int64": ctypes.c_int64, "double": ctypes.c_double}.get(match[1], ctypes.c_void_p)
        counts = {"": 1, "[2]": 2, "[kMaxParameters]": library.MAX_PARAMETERS}
        for name, count in re.findall(r"(\w+)(\[\w+\])?", match[2]):
            fields.append((name, kind if count == "" else kind * counts[count]))
    assert fields == library.Call._fields_
    assert tuple(BUILDS) == INSTRUCTION_SETS


# Threads.


def ranges_of_torchs_pool(count):
    """Which thread `torch_parallel_for` gave which part of range(count)."""
    parts = []
    range_function = ctypes.CFUNCTYPE(None, ctypes.c_int64, ctypes.c_int64, ctypes.c_void_p)
    function = range_function(lambda begin, end, _: parts.append((begin, end, threading.get_native_id())))
    signature = ctypes.CFUNCTYPE(
        ctypes.c_int32, ctypes.c_int64, ctypes.c_int64, ctypes.c_int64, range_function, ctypes.c_void_p
    )
    assert signature(library.parallel_for())(0, count, 1, function, None) == 0
    return sorted(parts)


def test_kernels_obey_torchs_number_of_threads():
    before = torch.get_num_threads()
    try:
        for number in (1, 2, 3):
            torch.set_num_threads(number)
            assert library.threads() == number
            parts = ranges_of_torchs_pool(6)
            assert [index for begin, end, _ in parts for index in range(begin, end)] == list(range(6))
            assert len({thread for *_, thread in parts}) <= number
            if number == 1:
                assert parts == [(0, 6, threading.get_native_id())]
    finally:
        torch.set_num_threads(before)


def test_a_forked_child_runs_on_one_thread_and_gets_the_same_numbers():
    script = """if True:
        import os, signal, torch
        from ostinato import LSTM
        from ostinato.kernels.native import library
        torch.set_num_threads(2)
        torch.manual_seed(1)
        layer, inputs = LSTM(12, 24), torch.randn(20, 64, 12)

        def step():
            outputs = layer(inputs)[0]
            return outputs, *torch.autograd.grad(outputs.sum(), list(layer.parameters()))

        assert library.threads() == 2
        expected = step()
        child = os.fork()
        if child == 0:
            signal.alarm(20)  # a child that waits for threads which are not there waits for ever
            equal = all(map(torch.equal, step(), expected))
            os._exit(int(library.threads() != 1) + 2 * int(not equal))
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), library.threads())
    """
    done = python(script, OMP_NUM_THREADS="2", PYTHONWARNINGS="ignore::DeprecationWarning")
    assert (done.stdout.split(), done.stderr) == (["0", "2"], "")
