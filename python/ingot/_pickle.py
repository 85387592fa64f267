"""What pickles of tensors name: plain functions, as those of the extension cannot be pickled."""

from . import _ingot


def rebuild_affine(codes, scale, zero_point):
    return _ingot.affine_tensor(codes, scale, zero_point)


def rebuild(content, dtype, shape, encoding):
    return _ingot._rebuild(content, dtype, shape, encoding)


def rebuild_affine_scheme(dtype, symmetric, axis, group_size, narrow_range, scale_dtype):
    return _ingot.AffineScheme(dtype, symmetric=symmetric, axis=axis, group_size=group_size or None,
                               narrow_range=narrow_range, scale_dtype=scale_dtype)
