"""Ingot: a toolkit for the weights of language models.

>>> import ingot
>>> x = ingot.asarray([[1, 2, 3], [4, 5, 6]], dtype=ingot.float32)
>>> x.shape, x.dtype
((2, 3), ingot.float32)
>>> (x * 2).tolist()
[[2.0, 4.0, 6.0], [8.0, 10.0, 12.0]]
"""

from math import e, inf, nan, pi

from . import linalg
from ._errors import *  # noqa: F403
from ._info import __array_namespace_info__
from ._ingot import *  # noqa: F403
from ._ingot import __version__
from ._ingot import bool_ as bool

#: The edition of the standard whose functions these are; there are no complex dtypes.
__array_api_version__ = "2024.12"
newaxis = None

__all__ = [name for name in dir() if not name.startswith("_")]
__all__ += ["__array_api_version__", "__array_namespace_info__", "__version__"]
