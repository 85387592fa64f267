"""The exceptions of the library: each is an ``ingot.Error`` and the builtin exception that fits.

``except ingot.Error`` catches all of them, ``except ValueError`` those that Python would call so.
"""


class Error(Exception):
    """What every failing function of ``ingot`` raises.

    Attributes: ``code`` ("shape_mismatch", …), ``operation`` (what failed), ``message`` (what was found and expected).

    >>> import ingot
    >>> try:
    ...     ingot.zeros((2, 3)).view((4,))
    ... except ingot.Error as error:
    ...     error.code, error.operation
    ('shape_mismatch', 'Tensor::view')
    """

    def __init__(self, code, operation, message):
        # Not super().__init__: OSError would take the three for errno, text and path.
        self.args = (code, operation, message)
        self.code, self.operation, self.message = code, operation, message

    def __str__(self):
        return f"{self.operation}: {self.message}"


class InvalidArgumentError(Error, ValueError):
    """A value that the operation does not take."""


class ShapeError(Error, ValueError):
    """Shapes that do not fit each other."""


class DTypeError(Error, TypeError):
    """Element types that do not fit each other or the operation."""


class OutOfRangeError(Error, IndexError, OverflowError):
    """An index or axis outside its bounds, or a number that does not fit."""


class NotFoundError(Error, FileNotFoundError):
    """A file that is absent."""


class MissingKeyError(Error, KeyError):
    """A tensor or key that is absent from a file."""


class InvalidFileError(Error, ValueError):
    """Bytes that break their format's rules."""


class FileError(Error, OSError):
    """The operating system refused to read or write."""


class OutOfMemoryError(Error, MemoryError):
    """An allocation was refused."""


class UnsupportedError(Error, NotImplementedError):
    """Something that is not built."""


class InternalError(Error, RuntimeError):
    """A broken promise of the library."""
