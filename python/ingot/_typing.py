"""Names for what parameters take, for type checkers."""

from collections.abc import Sequence
from typing import Any, Protocol, SupportsIndex, Union

from ._ingot import DType, Tensor


class _HasName(Protocol):
    @property
    def name(self) -> str: ...


#: An ``ingot.DType``, one of NumPy's or ml_dtypes' (``np.float32``, ``np.dtype("float32")``), or a name.
DTypeLike = Union[DType, _HasName, type, str]
#: One size or axis, or several.
ShapeLike = Union[SupportsIndex, Sequence[SupportsIndex]]
#: A tensor, an array that is taken without copying, or a number that takes the tensor's dtype.
Operand = Union[Tensor, bool, int, float, Any]
