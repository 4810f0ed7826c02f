// Matrix products of any strides, for float32 and float64; matmul_kernel.h says how.

#define BLOCK_M 128 // rows of the listed factor at a time
#define BLOCK_K 256 // terms of a sum at a time: a packed panel of 32 kB stays in the nearest cache
#define BLOCK_N 512 // columns of the packed factor at a time
#define VECTORS 8   // of the result in registers: of 16, some are needed for the factors
#define PROBES 256  // of a factor, to estimate how many of its numbers are 0

typedef f32 f32x4 __attribute__((vector_size(16)));
typedef f32 f32x4_any __attribute__((vector_size(16), aligned(4)));
typedef f64 f64x2 __attribute__((vector_size(16)));
typedef f64 f64x2_any __attribute__((vector_size(16), aligned(8)));
typedef signed char i8x16 __attribute__((vector_size(16)));

INLINE void transpose_f32(f32x4 x[4]) {
  f32x4 a = __builtin_shufflevector(x[0], x[1], 0, 4, 1, 5), b = __builtin_shufflevector(x[2], x[3], 0, 4, 1, 5);
  f32x4 c = __builtin_shufflevector(x[0], x[1], 2, 6, 3, 7), d = __builtin_shufflevector(x[2], x[3], 2, 6, 3, 7);
  x[0] = __builtin_shufflevector(a, b, 0, 1, 4, 5), x[1] = __builtin_shufflevector(a, b, 2, 3, 6, 7);
  x[2] = __builtin_shufflevector(c, d, 0, 1, 4, 5), x[3] = __builtin_shufflevector(c, d, 2, 3, 6, 7);
}
INLINE void transpose_f64(f64x2 x[2]) {
  f64x2 a = __builtin_shufflevector(x[0], x[1], 0, 2), b = __builtin_shufflevector(x[0], x[1], 1, 3);
  x[0] = a, x[1] = b;
}

#define T f32
#define VECTOR f32x4
#define VECTOR_ANY f32x4_any
#define LANES 4
#define ALL(x) {x, x, x, x}
#define NAME(x) x##_f32
#include "matmul_kernel.h"
#undef T
#undef VECTOR
#undef VECTOR_ANY
#undef LANES
#undef ALL
#undef NAME

#define T f64
#define VECTOR f64x2
#define VECTOR_ANY f64x2_any
#define LANES 2
#define ALL(x) {x, x}
#define NAME(x) x##_f64
#include "matmul_kernel.h"
#undef T
#undef VECTOR
#undef VECTOR_ANY
#undef LANES
#undef ALL
#undef NAME
