"""What the array API's inspection functions tell of this package."""

from . import _ingot

_NAMES = ["bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "float32", "float64"]
_DTYPES = {name: getattr(_ingot, "bool_" if name == "bool" else name) for name in _NAMES}


def _is_present(device):
    if device is not None:
        _ingot.Device(device)  # raises ValueError for one that is not


class _Info:
    """What ``ingot.__array_namespace_info__()`` returns."""

    def capabilities(self):
        """What depends on elements works; tensors have eight dimensions at most."""
        return {"boolean indexing": True, "data-dependent shapes": True, "max dimensions": 8}

    def default_device(self):
        """Where tensors are made unless told."""
        return _ingot.devices()[0]

    def devices(self):
        """The devices present."""
        return _ingot.devices()

    def default_dtypes(self, *, device=None):
        """The dtypes that functions give unless told."""
        _is_present(device)
        return {"real floating": _ingot.float32, "integral": _ingot.int64, "indexing": _ingot.int64}

    def dtypes(self, *, device=None, kind=None):
        """The standard's dtypes of a kind, of several (a tuple), or all: names to dtypes."""
        _is_present(device)
        if kind is None:
            return dict(_DTYPES)
        return {name: dtype for name, dtype in _DTYPES.items() if _ingot.isdtype(dtype, kind)}


def __array_namespace_info__():
    """The array API's inspection functions: capabilities, default_device, default_dtypes, devices, dtypes.

    >>> import ingot
    >>> info = ingot.__array_namespace_info__()
    >>> info.default_dtypes()["integral"], info.capabilities()["max dimensions"]
    (ingot.int64, 8)
    """
    return _Info()
