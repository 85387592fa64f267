# What stubgen cannot know of the type slots (nanobind's pattern files).
Tensor.__(r?)(add|sub|mul|truediv|matmul)__$:
    def __\1\2__(self, value: ingot._typing.Operand, /) -> Tensor: ...

