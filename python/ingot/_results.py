"""What functions with several results return."""

from collections import namedtuple

AffineParts = namedtuple("AffineParts", ["codes", "scale", "zero_point"])
EighResult = namedtuple("EighResult", ["eigenvalues", "eigenvectors"])
FloatLimits = namedtuple("FloatLimits", ["bits", "eps", "max", "min", "smallest_normal", "dtype"])
IntegerLimits = namedtuple("IntegerLimits", ["bits", "max", "min", "dtype"])
LstsqResult = namedtuple("LstsqResult", ["solution", "residuals", "rank", "singular_values"])
QRResult = namedtuple("QRResult", ["Q", "R"])
SlogdetResult = namedtuple("SlogdetResult", ["sign", "logabsdet"])
SVDResult = namedtuple("SVDResult", ["U", "S", "Vh"])
TopK = namedtuple("TopK", ["values", "indices"])
UniqueAll = namedtuple("UniqueAll", ["values", "indices", "inverse_indices", "counts"])
UniqueCounts = namedtuple("UniqueCounts", ["values", "counts"])
UniqueInverse = namedtuple("UniqueInverse", ["values", "inverse_indices"])
