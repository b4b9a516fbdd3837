"""How the native kernels come into a wheel; everything else about the package stands in pyproject.toml.

They are plain shared libraries, no Python extensions: setuptools is told of one extension so that it takes
the package for what it is, made for one platform, and `src/ostinato/kernels/native/build.py` does the work.
"""

from __future__ import annotations

import importlib.util
import platform
import sys
from pathlib import Path
from types import ModuleType

from setuptools import Extension, setup
from setuptools.command.bdist_wheel import bdist_wheel
from setuptools.command.build_ext import build_ext

PACKAGE = "ostinato.kernels.native"
SOURCES = Path("src", *PACKAGE.split("."))


def load_build() -> ModuleType:
    """The module that compiles, without importing the package: that needs torch."""
    spec = importlib.util.spec_from_file_location("ostinato_native_build", SOURCES / "build.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


class BuildKernels(build_ext):
    """Compiles the kernels into the wheel, or beside their sources for an editable install."""

    built: list[Path] | None = None  # before the run

    def run(self) -> None:
        build = load_build()
        output = SOURCES if self.editable_mode or self.inplace else self._in_wheel()
        if output != SOURCES:
            self._remove_libraries(output)  # which an earlier build left
        try:
            self.built = build.compile_kernels(output, log=self._say)
        except build.BuildError as error:
            self.built = []
            self._remove_libraries(output)  # of other sources than these
            self._say(f"ostinato: {build.NO_KERNELS.format(error)}")

    def get_outputs(self) -> list[str]:
        return [str(self._in_wheel() / library.name) for library in self.built or ()]

    def get_output_mapping(self) -> dict[str, str]:
        return {
            str(self._in_wheel() / library.name): str(SOURCES / library.name) for library in self.built or ()
        }

    @staticmethod
    def _remove_libraries(folder: Path) -> None:
        for library in folder.glob("_kernels_*.so"):
            library.unlink()

    def _in_wheel(self) -> Path:
        return Path(self.build_lib, *PACKAGE.split("."))

    def _say(self, line: str) -> None:
        print(line, file=sys.stderr, flush=True)


class PlatformWheel(bdist_wheel):
    """One wheel a platform, for every Python and every torch; without kernels, one for all platforms."""

    def get_tag(self) -> tuple[str, str, str]:
        if self.get_finalized_command("build_ext").built == []:
            return "py3", "none", "any"
        _, _, plat = super().get_tag()
        # The compiler builds for the machine it runs on, also where Python itself is built for two.
        return "py3", "none", plat.replace("universal2", platform.machine())


setup(
    ext_modules=[
        Extension(
            f"{PACKAGE}._kernels",
            sources=sorted(str(path) for path in SOURCES.glob("*.cpp")),
            depends=sorted(str(path) for path in SOURCES.glob("*.h")),
        )
    ],
    cmdclass={"build_ext": BuildKernels, "bdist_wheel": PlatformWheel},
)
