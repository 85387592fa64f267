"""What pickles of tensors name: a plain function, as those of the extension cannot be pickled."""

from . import _ingot


def rebuild(content, dtype, shape, encoding):
    return _ingot._rebuild(content, dtype, shape, encoding)
