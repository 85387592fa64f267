# What stubgen cannot know of the type slots (nanobind's pattern files).
Tensor.__([ri]?)(add|sub|mul|truediv|floordiv|mod|pow|and|or|xor|lshift|rshift|matmul)__$:
    def __\1\2__(self, value: ingot._typing.Operand, /) -> Tensor: ...

Tensor.__(eq|ne)__$:
    def __\1__(self, value: ingot._typing.Operand, /) -> Tensor: ...  # type: ignore[override]

Tensor.__(lt|le|gt|ge)__$:
    def __\1__(self, value: ingot._typing.Operand, /) -> Tensor: ...

Tensor.__(neg|pos|abs|invert)__$:
    def __\1__(self) -> Tensor: ...

