// Integers of 128 bits: products, sums and differences of any two of 64.
#pragma once

namespace ingot {

// -Wpedantic takes them in this form only.
__extension__ typedef __int128 Int128;            // NOLINT(modernize-use-using)
__extension__ typedef unsigned __int128 UInt128;  // NOLINT(modernize-use-using)

}  // namespace ingot
