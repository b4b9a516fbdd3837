"""A device of the tests' own. Its tensors compute on the CPU, and mix with the CPU's no more than a GPU's do:
an operation on both raises what torch raises there, and `numpy()` has to be asked of the CPU's copy.

`install` alters torch for the whole process: use it in one that does nothing else.
"""

import torch
from torch.utils import _pytree as pytree
from torch.utils.backend_registration import _setup_privateuseone_for_python_backend

NAME = "pretended"
aten = torch.ops.aten
MAY_MIX = {
    aten.copy_.default,
    aten._to_copy.default,
    aten.index.Tensor,
    aten.index_put.default,
    aten.index_put_.default,
    aten._index_put_impl_.default,
}
"""Copies, and places: a GPU takes those of the host too."""
MAKERS = """
arange arange.start arange.start_step empty.memory_format empty_strided eye eye.m full linspace ones rand
rand.generator randint randint.generator randint.low randint.low_generator randn randn.generator randperm
scalar_tensor tril_indices triu_indices zeros
"""


class DeviceTensor(torch.Tensor):
    """A tensor of the device, around one of the CPU."""

    @staticmethod
    def __new__(cls, raw):
        raw = raw.resolve_conj().resolve_neg()
        made = torch.Tensor._make_wrapper_subclass(
            cls,
            raw.shape,
            strides=raw.stride(),
            storage_offset=raw.storage_offset(),
            dtype=raw.dtype,
            device=torch.device(NAME, 0),
        )
        made.raw = raw
        return made

    def __repr__(self):
        return f"DeviceTensor({self.raw!r})"

    def tolist(self):
        return self.raw.tolist()

    __torch_function__ = torch._C._disabled_torch_function_impl

    @classmethod
    def __torch_dispatch__(cls, func, types, args=(), kwargs=None):
        return computed(func, args, kwargs or {})


def computed(func, args, kwargs):
    """What an operation gives, on the device unless it is to go elsewhere."""
    flat, spec = pytree.tree_flatten((args, kwargs))
    there = any(isinstance(value, DeviceTensor) for value in flat)
    known = {}
    for place, value in enumerate(flat):
        if isinstance(value, DeviceTensor):
            known[id(value.raw)] = value
            flat[place] = value.raw
        elif isinstance(value, torch.Tensor) and value.dim() and there and func not in MAY_MIX:
            raise RuntimeError(
                "Expected all tensors to be on the same device, but found at least two devices, "
                f"{NAME}:0 and {value.device}! (when checking an argument of {func})"
            )
    args, kwargs = pytree.tree_unflatten(flat, spec)
    target = kwargs.get("device")
    if target is not None:
        there = torch.device(target).type == NAME
        kwargs = {**kwargs, "device": "cpu" if there else target}
    kwargs = {key: value for key, value in kwargs.items() if key not in ("pin_memory", "non_blocking")}
    result = func(*args, **kwargs)
    if func is aten.copy_.default:  # the CPU's may be what is written
        there = id(result) in known

    def taken(value):
        if isinstance(value, torch.Tensor) and there:
            return known[id(value)] if id(value) in known else DeviceTensor(value)
        return value

    return pytree.tree_map(taken, result)


class Backend:
    """What torch asks of a device's module."""

    is_initialized = is_available = staticmethod(lambda: True)
    current_device = staticmethod(lambda: 0)
    device_count = staticmethod(lambda: 1)
    _is_in_bad_fork = staticmethod(lambda: False)
    manual_seed_all = staticmethod(lambda seed: None)
    get_amp_supported_dtype = staticmethod(lambda: [torch.bfloat16])


KEPT = []


def install():
    """Make the device known to torch."""
    _setup_privateuseone_for_python_backend(NAME, Backend())
    library = torch.library.Library("aten", "IMPL")
    KEPT.append(library)  # what it registers ends with it
    for name in MAKERS.split():
        base, _, overload = name.partition(".")
        func = getattr(getattr(aten, base), overload or "default")

        def made(*args, _func=func, **kwargs):
            return computed(_func, args, {**kwargs, "device": torch.device(NAME, 0)})

        library.impl(name, made, "PrivateUse1")

    def copied(source, target, non_blocking=False):
        target.raw.copy_(source.raw if isinstance(source, DeviceTensor) else source)
        return target

    library.impl("_copy_from", copied, "PrivateUse1")
    generator = torch.Generator

    class Generator(generator):
        """The CPU's generator for the device too."""

        def __new__(cls, device="cpu"):
            return super().__new__(cls, "cpu" if torch.device(device).type == NAME else device)

    torch.Generator = Generator
