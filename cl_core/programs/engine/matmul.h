// Matrix products of any strides: panels of both factors are packed, and a block of 4 rows stays in registers.

#define BLOCK_M 120
#define BLOCK_N 480
#define BLOCK_K 400
#define PANEL_M 4

typedef f32 f32x4 __attribute__((vector_size(16)));
typedef f32 f32x4_any __attribute__((vector_size(16), aligned(4)));
typedef f64 f64x2 __attribute__((vector_size(16)));
typedef f64 f64x2_any __attribute__((vector_size(16), aligned(8)));

#define T f32
#define VECTOR f32x4
#define VECTOR_ANY f32x4_any
#define LANES 4
#define NAME(x) x##_f32
#include "matmul_kernel.h"
#undef T
#undef VECTOR
#undef VECTOR_ANY
#undef LANES
#undef NAME

#define T f64
#define VECTOR f64x2
#define VECTOR_ANY f64x2_any
#define LANES 2
#define NAME(x) x##_f64
#include "matmul_kernel.h"
#undef T
#undef VECTOR
#undef VECTOR_ANY
#undef LANES
#undef NAME
