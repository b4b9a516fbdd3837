"""The module `tf.gfile`: local files under TensorFlow 1's names."""

from .file_io import (
    FastGFile,
    GFile,
)
from .file_io import (
    copy as Copy,
)
from .file_io import (
    create_dir as MkDir,
)
from .file_io import (
    delete_file as Remove,
)
from .file_io import (
    delete_recursively as DeleteRecursively,
)
from .file_io import (
    file_exists as Exists,
)
from .file_io import (
    get_matching_files as Glob,
)
from .file_io import (
    is_directory as IsDirectory,
)
from .file_io import (
    list_directory as ListDirectory,
)
from .file_io import (
    recursive_create_dir as MakeDirs,
)
from .file_io import (
    rename as Rename,
)
from .file_io import (
    stat as Stat,
)
from .file_io import (
    walk as Walk,
)
from .names import absent

Open = GFile

__all__ = [
    "Copy",
    "DeleteRecursively",
    "Exists",
    "FastGFile",
    "GFile",
    "Glob",
    "IsDirectory",
    "ListDirectory",
    "MakeDirs",
    "MkDir",
    "Open",
    "Remove",
    "Rename",
    "Stat",
    "Walk",
]
__getattr__ = absent("tf.gfile", __all__)
