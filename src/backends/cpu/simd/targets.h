// Which of Highway's targets are compiled. Included before any header of Highway.
//
// SSSE3 and SSE4 would each cost as much compile time as AVX2 for processors made before 2013, which get the baseline
// instead; AVX3_DL adds nothing these kernels use; SVE's vectors cannot be members of a class. The text of the kernels
// is one for all targets: sanitizers, which take a minute for each, look at AVX2's.
#pragma once

#define INGOT_UNUSED_TARGETS (HWY_SSSE3 | HWY_SSE4 | HWY_AVX3_DL | HWY_SVE | HWY_SVE2 | HWY_SVE_256 | HWY_SVE2_128)
#ifdef INGOT_SANITIZE
#define HWY_DISABLED_TARGETS (INGOT_UNUSED_TARGETS | HWY_AVX3)
#else
#define HWY_DISABLED_TARGETS INGOT_UNUSED_TARGETS
#endif
