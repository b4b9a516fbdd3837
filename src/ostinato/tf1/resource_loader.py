"""The module `tf.resource_loader`: files beside the script that asks."""

from __future__ import annotations

import os
import sys

from .names import absent


def get_data_files_path() -> str:
    """The folder of the module that calls (TF1 symbol: `tf.resource_loader.get_data_files_path`)."""
    return _folder(2)


def get_path_to_datafile(path: str) -> str:
    """`path`, from the folder of the module that calls (TF1 symbol:
    `tf.resource_loader.get_path_to_datafile`).
    """
    return os.path.join(_folder(2), path)


readahead_file_path = str


def get_root_dir_with_all_resources() -> str:
    """The folder of the module that calls (TF1 symbol:
    `tf.resource_loader.get_root_dir_with_all_resources`).
    """
    return _folder(2)


def load_resource(path: str) -> bytes:
    """The bytes of a file beside the module that calls (TF1 symbol: `tf.resource_loader.load_resource`)."""
    with open(os.path.join(_folder(2), path), "rb") as file:
        return file.read()


def _folder(depth: int) -> str:
    file = sys._getframe(depth).f_globals.get("__file__", "")
    return os.path.dirname(os.path.realpath(file)) if file else os.getcwd()


__all__ = [
    "get_data_files_path",
    "get_path_to_datafile",
    "get_root_dir_with_all_resources",
    "load_resource",
    "readahead_file_path",
]
__getattr__ = absent("tf.resource_loader", __all__)
