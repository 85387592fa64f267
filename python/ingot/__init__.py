"""Ingot: a toolkit for the weights of language models.

>>> import ingot
>>> x = ingot.asarray([[1, 2, 3], [4, 5, 6]], dtype=ingot.float32)
>>> x.shape, x.dtype
((2, 3), ingot.float32)
>>> (x * 2).tolist()
[[2.0, 4.0, 6.0], [8.0, 10.0, 12.0]]
"""

from . import linalg  # noqa: F401
from ._errors import *  # noqa: F403
from ._ingot import *  # noqa: F403
from ._ingot import __version__  # noqa: F401
from ._ingot import bool_ as bool  # noqa: F401

__all__ = [name for name in dir() if not name.startswith("_")]
