"""Compile the native kernels: one shared library an instruction set, from the sources in this folder.

It needs a C++17 compiler, GCC or Clang, and nothing else: neither torch nor numpy, so that a package is built
in isolation within a minute, and so that it serves every Python and every torch. `setup.py` calls it; run as
a script it brings the libraries beside the sources up to date, all or those that are named, as `make` does
after an edit:

    python src/ostinato/kernels/native/build.py [portable] [avx2] [avx512] [avx512_bf16] [amx]

`CXX` names the compiler; else c++, g++ and clang++ are tried. What is built when, and why as plain shared
libraries, is told in docs/native.md.
"""

from __future__ import annotations

import concurrent.futures
import hashlib
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

SOURCES = Path(__file__).resolve().parent
BUILDS = {
    "portable": (),
    "avx2": ("-mavx2", "-mfma"),
    "avx512": (_AVX512 := ("-mavx512f", "-mavx512bw", "-mavx512dq", "-mavx512vl", "-mfma")),
    "avx512_bf16": (*_AVX512, "-mavx512bf16"),
    "amx": (*_AVX512, "-mavx512bf16", "-mamx-tile", "-mamx-bf16"),
}
"""Each instruction set's flags; all but the portable build are for x86-64 alone."""

ON_DEMAND = {"amx_emulated": (*BUILDS["avx512_bf16"], "-DOSTINATO_EMULATE_AMX")}
"""Builds for tests: the matrix unit's instructions done in plain arithmetic. Never loaded by choice."""

# Without exceptions and run-time types two functions of the C++ runtime are left, as old as C++11: a library
# then runs wherever torch does, which needs that runtime too.
_FLAGS = (
    *("-std=c++17", "-O3", "-ffp-contract=fast", "-fno-exceptions", "-fno-rtti"),
    *("-fPIC", "-fvisibility=hidden", "-pthread", "-Wall", "-Wextra"),
)
# GCC takes vectors that a loop fills for uninitialised; Clang knows only one of the two.
_WHERE_KNOWN = ("-Wno-uninitialized", "-Wno-maybe-uninitialized")

NO_KERNELS = "the native kernels were not built: {}. Everything runs all the same, slower, on plain torch."
"""What to say of a `BuildError`."""

Log = Callable[[str], None]


class BuildError(Exception):
    """Nothing can be built here; the message says why, in a sentence."""


class CompileError(BuildError):
    """The compiler starts and then refuses; `said` is all it had to say."""

    def __init__(self, message: str, said: str) -> None:
        super().__init__(message)
        self.said = said


def library_name(build: str) -> str:
    """The file of a build: the same name on every system, for ctypes asks for no particular one."""
    return f"_kernels_{build}.so"


def source_files() -> list[Path]:
    """What the libraries are compiled from, headers included."""
    return sorted(path for path in SOURCES.iterdir() if path.suffix in (".h", ".cpp"))


def compile_kernels(output: Path, log: Log = print, builds: Sequence[str] = tuple(BUILDS)) -> list[Path]:
    """Compile the builds, as far as this compiler can make them, into `output`, side by side.

    What is there already, from these sources, these flags and this compiler, is kept; what this compiler
    cannot make is removed.

    Returns:
        The libraries, the portable one first.

    Raises:
        BuildError: there is no compiler, or not even the portable build compiles.
    """
    compiler = _Compiler.find()
    wanted = {}
    for build in builds:
        flags = {**BUILDS, **ON_DEMAND}[build]
        if flags and compiler.machine not in ("x86_64", "amd64"):
            continue
        if unknown := compiler.unknown(flags):
            log(f"ostinato: {compiler} does not know {' '.join(unknown)}; the {build} kernels are left out.")
            continue
        wanted[build] = flags
    for build in set(builds) - wanted.keys():
        (output / library_name(build)).unlink(missing_ok=True)
    unknown = compiler.unknown(_WHERE_KNOWN)
    optional = [flag for flag in _WHERE_KNOWN if flag not in unknown]
    output.mkdir(parents=True, exist_ok=True)

    def one(build: str) -> Path:
        return compiler.build(build, [*_FLAGS, *wanted[build], *optional], output, log)

    with concurrent.futures.ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        running = {build: pool.submit(one, build) for build in wanted}
    built = []
    for build, result in running.items():
        error = result.exception()
        if error is None:
            built.append(result.result())
        elif build == "portable" or not isinstance(error, BuildError):
            raise error
        else:  # an assembler older than its compiler, say
            (output / library_name(build)).unlink(missing_ok=True)
            log(f"ostinato: {error}")
    return built


class _Compiler:
    """A C++ compiler, and what it is for."""

    def __init__(self, command: Sequence[str]) -> None:
        self.command = list(command)
        # `x86_64` of `x86_64-linux-gnu`: a cross compiler builds for another machine than this one.
        self.machine = self._run("-dumpmachine").stdout.partition("-")[0]
        self.version = self._run("--version").stdout.partition("\n")[0]
        self._check(_FLAGS)

    def __str__(self) -> str:
        return shlex.join(self.command)

    @classmethod
    def find(cls) -> _Compiler:
        """The compiler to use: `CXX` where that is set, and no other then."""
        named = shlex.split(os.environ.get("CXX", ""))
        if os.name == "nt" and not named:
            raise BuildError("they are built with GCC or Clang, and on Windows only with the one CXX names")
        usual = [[name] for name in ("c++", "g++", "clang++") if shutil.which(name)]
        errors = []
        for command in [named] if named else usual:
            try:
                return cls(command)
            except BuildError as error:
                errors.append(str(error))
        if not errors:
            errors.append("there is no C++ compiler, neither c++ nor g++ nor clang++, and CXX names none")
        raise BuildError("; ".join(errors))

    def unknown(self, flags: Sequence[str]) -> list[str]:
        """Those of the flags that the compiler does not know."""
        try:
            self._check([*_FLAGS, "-Werror", *flags])
        except BuildError:
            return [flag for flag in flags if len(flags) == 1 or self.unknown([flag])]
        return []

    def _check(self, flags: Sequence[str]) -> None:
        with tempfile.TemporaryDirectory() as folder:
            program = Path(folder, "empty.cpp")
            program.write_text("#include <atomic>\n")
            self._run(*flags, "-fsyntax-only", str(program))

    def build(self, build: str, flags: Sequence[str], output: Path, log: Log) -> Path:
        """Compile one library, unless it is there; the new one takes the place of the old in one go."""
        library = output / library_name(build)
        identity = self._identity(build, flags)
        if library.is_file() and identity.encode() in library.read_bytes():
            return library
        with tempfile.TemporaryDirectory(prefix=".build-", dir=output) as folder:
            fresh = Path(folder, library.name)
            try:
                done = self._run(
                    *flags,
                    f'-DOSTINATO_BUILD="{build}"',
                    f'-DOSTINATO_IDENTITY="{identity}"',
                    *(str(path) for path in source_files() if path.suffix == ".cpp"),
                    "-shared",
                    "-o",
                    str(fresh),
                )
            except CompileError as error:
                raise CompileError(f"the {build} kernels do not compile: {error}", error.said) from None
            # A process that runs the old library keeps it; writing into that file would change its code.
            os.replace(fresh, library)
        if done.stderr:
            log(done.stderr.rstrip())
        log(f"ostinato: built {library.name}")
        return library

    def _identity(self, build: str, flags: Iterable[str]) -> str:
        """What a library is made of, in a word that is compiled into it."""
        digest = hashlib.sha256("\0".join([str(self), self.version, self.machine, build, *flags]).encode())
        for path in source_files():
            digest.update(path.name.encode() + b"\0" + path.read_bytes())
        return f"ostinato-{digest.hexdigest()}"

    def _run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        environment = os.environ | {"LC_ALL": "C"}
        try:
            return subprocess.run(
                [*self.command, *arguments], check=True, capture_output=True, text=True, env=environment
            )
        except OSError as error:
            raise BuildError(f"{self} does not start: {error.strerror}") from None
        except subprocess.CalledProcessError as error:
            said = error.stderr.strip().splitlines()
            first = next((line for line in said if "error" in line), said[0] if said else "it said nothing")
            raise CompileError(
                f"{self} failed with exit code {error.returncode}: {first}", error.stderr
            ) from None


def main() -> None:
    """Bring the libraries beside the sources up to date.

    Without a compiler, say so and succeed; with a compiler that refuses the sources, fail, and leave the
    libraries as they were.
    """
    named = sys.argv[1:]
    if unknown := [name for name in named if name not in BUILDS and name not in ON_DEMAND]:
        sys.exit(f"There is no build {', '.join(unknown)}; there are {', '.join([*BUILDS, *ON_DEMAND])}.")
    try:
        compile_kernels(SOURCES, builds=named or tuple(BUILDS))
    except CompileError as error:
        sys.exit(f"{error.said}ostinato: {error}")
    except BuildError as error:
        print(f"ostinato: {NO_KERNELS.format(error)}", file=sys.stderr)


if __name__ == "__main__":
    main()
