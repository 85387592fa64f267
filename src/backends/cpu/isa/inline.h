#pragma once

// Functions of the instruction-set units must not become symbols of their own.
#define INGOT_INLINE __attribute__((always_inline)) inline
