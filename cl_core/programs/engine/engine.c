// The engine: checks and runs programs, flat lists of 32-bit words, over one piece of linear memory.
//
// A word list is a sequence of instructions: code, number of words, arguments (see encoding.py). It has no jumps, so
// every program ends. `check` looks at everything but the indices of gather and scatter, which `run` looks at. There
// are no imports, no threads and no fused multiply-adds, and exp, log and the like are below: every host computes the
// same bits.

typedef int i32;
typedef unsigned int u32;
typedef unsigned char u8;
typedef long long i64;
typedef unsigned long long u64;
typedef float f32;
typedef double f64;
#define EXPORT(name) __attribute__((export_name(#name)))
#define INLINE static inline __attribute__((always_inline))
// Compilers of WebAssembly give out registers a function at a time: what takes long gets a function of its own.
#define SEPARATE static __attribute__((noinline))

#include "numbers.h"
#include "functions.h"
#include "matmul.h"

static const i32 SIZE[] = {4, 8, 4, 1};
enum { OK, UNKNOWN_CODE, TOO_SHORT, OUT_OF_MEMORY, WRONG_REGISTER, WRONG_OPERATION, TOO_LARGE, WRONG_INDEX };
#define MAX_ELEMENTS (1LL << 28) // that one instruction may go through

// ---- elementwise: all operations on a tile of each operand, then the next tile

static f64 tiles[MAX_REGISTERS][TILE] __attribute__((aligned(64)));
static u8 *registers[MAX_REGISTERS];

// Four vectors in a round of the loop, for operations that take no longer than the loop itself.
#define FAST _Pragma("clang loop interleave_count(4)")
#define ONE(op, A, R, expression)                                                                                      \
  case op: {                                                                                                           \
    const A *a = (const A *)pa;                                                                                        \
    R *restrict d = (R *)pd;                                                                                           \
    for (i32 i = 0; i < n; i++) {                                                                                      \
      A x = a[i];                                                                                                      \
      d[i] = (R)(expression);                                                                                          \
    }                                                                                                                  \
    break;                                                                                                             \
  }
#define TWO(op, A, R, expression)                                                                                      \
  case op: {                                                                                                           \
    const A *a = (const A *)pa, *b = (const A *)pb;                                                                    \
    R *restrict d = (R *)pd;                                                                                           \
    FAST for (i32 i = 0; i < n; i++) {                                                                                 \
      A x = a[i], y = b[i];                                                                                            \
      d[i] = (R)(expression);                                                                                          \
    }                                                                                                                  \
    break;                                                                                                             \
  }
#define WHERE(op, A)                                                                                                   \
  case op: {                                                                                                           \
    const u8 *c = pa;                                                                                                  \
    const A *a = (const A *)pb, *b = (const A *)pc;                                                                    \
    A *restrict d = (A *)pd;                                                                                           \
    FAST for (i32 i = 0; i < n; i++) {                                                                                 \
      A x = a[i], y = b[i];                                                                                            \
      d[i] = c[i] ? x : y;                                                                                             \
    }                                                                                                                  \
    break;                                                                                                             \
  }
#define COMMON(t, T)                                                                                                   \
  TWO(t + OP_EQ, T, u8, x == y)                                                                                        \
  TWO(t + OP_NE, T, u8, x != y)                                                                                        \
  TWO(t + OP_LT, T, u8, x < y)                                                                                         \
  TWO(t + OP_LE, T, u8, x <= y)                                                                                        \
  TWO(t + OP_GT, T, u8, x > y)                                                                                         \
  TWO(t + OP_GE, T, u8, x >= y)                                                                                        \
  WHERE(t + OP_WHERE, T)
#define NUMBER(t, T)                                                                                                   \
  COMMON(t, T)                                                                                                         \
  TWO(t + OP_ADD, T, T, x + y)                                                                                         \
  TWO(t + OP_SUB, T, T, x - y)                                                                                         \
  TWO(t + OP_MUL, T, T, x * y)                                                                                         \
  TWO(t + OP_MIN, T, T, x != x || x < y ? x : y)                                                                       \
  TWO(t + OP_MAX, T, T, x != x || x > y ? x : y)                                                                       \
  ONE(t + OP_NEG, T, T, -x)                                                                                            \
  ONE(t + OP_ABS, T, T, x < 0 ? -x : x)                                                                                \
  ONE(t + OP_RELU, T, T, x < 0 ? 0 : x)                                                                                \
  TWO(t + OP_MASK_POSITIVE, T, T, y <= 0 ? 0 : x)
#define FLOAT(t, T, name, suffix)                                                                                      \
  NUMBER(t, T)                                                                                                         \
  TWO(t + OP_DIV, T, T, x / y)                                                                                         \
  ONE(t + OP_SQRT, T, T, __builtin_sqrt##suffix(x))                                                                    \
  ONE(t + OP_RECIPROCAL, T, T, 1 / x)                                                                                  \
  ONE(t + OP_EXP, T, T, name##_exp(x))                                                                                 \
  ONE(t + OP_LOG, T, T, name##_log(x))                                                                                 \
  ONE(t + OP_EXPM1, T, T, name##_expm1(x))                                                                             \
  ONE(t + OP_LOG1P, T, T, name##_log1p(x))                                                                             \
  ONE(t + OP_SIGMOID, T, T, name##_sigmoid(x))                                                                         \
  ONE(t + OP_SIN, T, T, name##_sin(x))                                                                                 \
  ONE(t + OP_COS, T, T, name##_cos(x))                                                                                 \
  ONE(t + OP_ACOS, T, T, name##_acos(x))                                                                               \
  ONE(t + OP_FLOOR, T, T, __builtin_floor##suffix(x))
#define FROM(t, T)                                                                                                     \
  ONE(CONVERT + 4 * t + F32, T, f32, x)                                                                                \
  ONE(CONVERT + 4 * t + F64, T, f64, x)                                                                                \
  ONE(CONVERT + 4 * t + I32, T, i32, x)                                                                                \
  ONE(CONVERT + 4 * t + U8, T, u8, x != 0)

#define OPERATIONS(name, cases)                                                                                        \
  SEPARATE void name(i32 operation, i32 n, u8 *pd, const u8 *pa, const u8 *pb, const u8 *pc) {                         \
    (void)pb, (void)pc;                                                                                                \
    switch (operation) { cases }                                                                                       \
  }
#define FLOOR_DIVIDE(x, y) (y == 0 ? 0 : y == -1 ? -(u32)x : x / y - ((x % y != 0) & ((x < 0) != (y < 0))))
#define WHOLE(t, T)                                                                                                    \
  NUMBER(t, T)                                                                                                         \
  TWO(t + OP_DIV, T, T, FLOOR_DIVIDE(x, y))
#define LOGIC(t, T)                                                                                                    \
  COMMON(t, T)                                                                                                         \
  TWO(t + OP_AND, T, T, x & y)                                                                                         \
  TWO(t + OP_OR, T, T, x | y)                                                                                          \
  TWO(t + OP_XOR, T, T, x ^ y)                                                                                         \
  ONE(t + OP_NOT, T, T, x ^ 1)
OPERATIONS(operate_f32, FLOAT(F32 * CODES_PER_TYPE, f32, single, f))
OPERATIONS(operate_f64, FLOAT(F64 * CODES_PER_TYPE, f64, exact, ))
OPERATIONS(operate_i32, WHOLE(I32 * CODES_PER_TYPE, i32))
OPERATIONS(operate_u8, LOGIC(U8 * CODES_PER_TYPE, u8))
OPERATIONS(convert, FROM(F32, f32) FROM(F64, f64) FROM(I32, i32) FROM(U8, u8))

INLINE void operate(i32 operation, i32 n, u8 *d, const u8 *a, const u8 *b, const u8 *c) {
  if (operation >= CONVERT)
    convert(operation, n, d, a, b, c);
  else if (operation < F64 * CODES_PER_TYPE)
    operate_f32(operation, n, d, a, b, c);
  else if (operation < I32 * CODES_PER_TYPE)
    operate_f64(operation, n, d, a, b, c);
  else if (operation < U8 * CODES_PER_TYPE)
    operate_i32(operation, n, d, a, b, c);
  else
    operate_u8(operation, n, d, a, b, c);
}

// Sizes of the operands (in the lowest bytes, first operand first) and of the result (in the highest), 0 if unknown.
static u32 operand_sizes(i32 operation) {
  if (operation < 0 || operation >= CONVERT + 16) return 0;
  if (operation >= CONVERT) return (u32)SIZE[(operation - CONVERT) / 4] | (u32)SIZE[(operation - CONVERT) % 4] << 24;
  i32 type = operation / CODES_PER_TYPE, name = operation % CODES_PER_TYPE;
  u32 size = SIZE[type], both = size | size << 8, same = both | size << 24;
  if (name >= OP_EQ && name <= OP_GE) return both | 1u << 24;
  if (name == OP_WHERE) return 1u | size << 8 | size << 16 | size << 24;
  if (type == U8) return name == OP_NOT ? size | size << 24 : name >= OP_AND && name <= OP_XOR ? same : 0;
  if (name <= OP_MAX || name == OP_MASK_POSITIVE) return same;
  if (name <= OP_RELU || (name <= OP_FLOOR && type != I32)) return size | size << 24;
  return 0;
}

#define COPY(T)                                                                                                        \
  {                                                                                                                    \
    const T *s = (const T *)from;                                                                                      \
    T *d = (T *)to;                                                                                                    \
    if (from_stride == 0) {                                                                                            \
      T x = *s;                                                                                                        \
      for (i32 i = 0; i < n; i++) d[i * to_stride] = x;                                                                \
    } else if (to_stride == 1)                                                                                         \
      for (i32 i = 0; i < n; i++) d[i] = s[i * from_stride];                                                           \
    else                                                                                                               \
      for (i32 i = 0; i < n; i++) d[i * to_stride] = s[i * from_stride];                                               \
  }
INLINE void copy(u8 *to, i32 to_stride, const u8 *from, i32 from_stride, i32 n, i32 size) {
  if (size == 4) COPY(i32) else if (size == 8) COPY(i64) else COPY(u8)
}

// direct, axes, sizes..., loads, (size, address, strides...)..., operations, (operation, d, a, b, c)...,
// stores, (register, size, address, strides...)...
typedef struct {
  i32 direct, axes, loads, operations, stores;
  const i32 *sizes, *load, *operation, *store;
} Elementwise;

INLINE Elementwise read_elementwise(const i32 *p) {
  Elementwise e;
  e.direct = *p++;
  e.axes = *p++;
  e.sizes = p;
  p += e.axes;
  e.loads = *p++;
  e.load = p;
  p += e.loads * (2 + e.axes);
  e.operations = *p++;
  e.operation = p;
  p += e.operations * 5;
  e.stores = *p++;
  e.store = p;
  return e;
}

SEPARATE void run_elementwise(const i32 *p, u8 *memory) {
  Elementwise e = read_elementwise(p);
  i32 outer = e.axes - 1, length = e.sizes[outer], index[MAX_AXES] = {0}, rows = 1;
  for (i32 axis = 0; axis < outer; axis++) rows *= e.sizes[axis];
  if (length == 0) return;
  u8 *row_load[MAX_REGISTERS], *row_store[MAX_REGISTERS];
  for (i32 k = 0; k < MAX_REGISTERS; k++) registers[k] = (u8 *)tiles[k];
  for (i32 row = 0; row < rows; row++) {
    for (i32 k = 0; k < e.loads; k++) {
      const i32 *load = e.load + k * (2 + e.axes);
      i64 at = 0, moves = 0;
      for (i32 axis = 0; axis < outer; axis++) at += (i64)index[axis] * load[2 + axis], moves |= load[2 + axis];
      row_load[k] = memory + load[1] + at * load[0];
      if (load[2 + outer] == 0 && (row == 0 || moves)) copy((u8 *)tiles[k], 1, row_load[k], 0, length < TILE ? length : TILE, load[0]);
    }
    for (i32 k = 0; k < e.stores; k++) {
      const i32 *store = e.store + k * (3 + e.axes);
      i64 at = 0;
      for (i32 axis = 0; axis < outer; axis++) at += (i64)index[axis] * store[3 + axis];
      row_store[k] = memory + store[2] + at * store[1];
    }
    for (i32 start = 0; start < length; start += TILE) {
      i32 n = length - start < TILE ? length - start : TILE;
      for (i32 k = 0; k < e.loads; k++) {
        const i32 *load = e.load + k * (2 + e.axes);
        i32 stride = load[2 + outer];
        u8 *from = row_load[k] + (i64)start * stride * load[0];
        if (stride == 1)
          registers[k] = from;
        else if (stride)
          copy((u8 *)tiles[k], 1, from, stride, n, load[0]);
      }
      for (i32 k = 0; k < e.stores && e.direct; k++) {
        const i32 *store = e.store + k * (3 + e.axes);
        if (store[3 + outer] == 1) registers[store[0]] = row_store[k] + (i64)start * store[1];
      }
      for (const i32 *o = e.operation; o < e.operation + 5 * e.operations; o += 5)
        operate(o[0], n, registers[o[1]], registers[o[2]], registers[o[3]], registers[o[4]]);
      for (i32 k = 0; k < e.stores; k++) {
        const i32 *store = e.store + k * (3 + e.axes);
        i32 stride = store[3 + outer];
        u8 *to = row_store[k] + (i64)start * stride * store[1];
        if (!e.direct || stride != 1) copy(to, stride, registers[store[0]], 1, n, store[1]);
      }
    }
    for (i32 axis = outer - 1; axis >= 0; axis--) {
      if (++index[axis] < e.sizes[axis]) break;
      index[axis] = 0;
    }
  }
}

// ---- along an axis: (outer, n, inner) of any strides -> (outer, inner)

// Sums are kept in float64: in eight parts where numbers lie side by side, and one for each column of a tile else.
#define SUM(T, S, R)                                                                                                   \
  for (i32 o = 0; o < outer; o++) {                                                                                    \
    const T *x = (const T *)from + (i64)o * by_outer;                                                                  \
    R *y = (R *)to + (i64)o * inner;                                                                                   \
    if (inner == 1) {                                                                                                  \
      S s[8] = {0};                                                                                                    \
      i32 i = 0;                                                                                                       \
      if (by_n == 1)                                                                                                   \
        for (; i + 8 <= n; i += 8)                                                                                     \
          for (i32 j = 0; j < 8; j++) s[j] += (S)x[i + j];                                                             \
      for (; i < n; i++) s[i & 7] += (S)x[(i64)i * by_n];                                                              \
      y[0] = (R)(((s[0] + s[4]) + (s[2] + s[6])) + ((s[1] + s[5]) + (s[3] + s[7])));                                   \
    } else                                                                                                             \
      for (i32 start = 0; start < inner; start += TILE) {                                                              \
        i32 width = inner - start < TILE ? inner - start : TILE;                                                       \
        S *s = (S *)tiles[0];                                                                                          \
        for (i32 j = 0; j < width; j++) s[j] = 0;                                                                      \
        for (i32 i = 0; i < n; i++) {                                                                                  \
          const T *z = x + (i64)i * by_n + (i64)start * by_inner;                                                      \
          if (by_inner == 1)                                                                                           \
            for (i32 j = 0; j < width; j++) s[j] += (S)z[j];                                                           \
          else                                                                                                         \
            for (i32 j = 0; j < width; j++) s[j] += (S)z[(i64)j * by_inner];                                           \
        }                                                                                                              \
        for (i32 j = 0; j < width; j++) y[start + j] = (R)s[j];                                                        \
      }                                                                                                                \
  }
#define EXTREME(T, better, index)                                                                                      \
  for (i32 o = 0; o < outer; o++)                                                                                      \
    for (i32 j = 0; j < inner; j++) {                                                                                  \
      const T *x = (const T *)from + (i64)o * by_outer + (i64)j * by_inner;                                            \
      T best = x[0];                                                                                                   \
      i32 at = 0;                                                                                                      \
      for (i32 i = 1; i < n; i++) {                                                                                    \
        T z = x[(i64)i * by_n];                                                                                        \
        if (z better best || (z != z && best == best)) best = z, at = i;                                               \
      }                                                                                                                \
      if (index)                                                                                                       \
        ((i32 *)to)[(i64)o * inner + j] = at;                                                                          \
      else                                                                                                             \
        ((T *)to)[(i64)o * inner + j] = best;                                                                          \
    }
#define EXTREMES(T)                                                                                                    \
  {                                                                                                                    \
    if (kind == REDUCE_MAX || kind == REDUCE_ARGMAX)                                                                   \
      EXTREME(T, >, kind == REDUCE_ARGMAX)                                                                             \
    else                                                                                                               \
      EXTREME(T, <, kind == REDUCE_ARGMIN)                                                                             \
  }

// kind, type, type of the result, from, to, outer, n, inner, strides by outer, n and inner
SEPARATE void run_reduce(const i32 *p, u8 *memory) {
  i32 kind = p[0], type = p[1], outer = p[5], n = p[6], inner = p[7], by_outer = p[8], by_n = p[9], by_inner = p[10];
  const u8 *from = memory + p[3];
  u8 *to = memory + p[4];
  if (kind == REDUCE_SUM) {
    if (type == F32 && p[2] == F32) SUM(f32, f64, f32)
    if (type == F32 && p[2] == F64) SUM(f32, f64, f64)
    if (type == F64) SUM(f64, f64, f64)
    if (type == I32) SUM(i32, i32, i32)
    if (type == U8) SUM(u8, i32, i32)
  } else {
    if (type == F32) EXTREMES(f32)
    if (type == F64) EXTREMES(f64)
    if (type == I32) EXTREMES(i32)
    if (type == U8) EXTREMES(u8)
  }
}

// ---- along rows

// type, from, to, rows, n
SEPARATE void run_running_sum(const i32 *p, u8 *memory) {
  for (i64 row = 0; row < p[3]; row++) {
    i64 at = row * p[4];
    if (p[0] == F64) {
      f64 *x = (f64 *)(memory + p[1]) + at, *y = (f64 *)(memory + p[2]) + at, sum = 0;
      for (i32 i = 0; i < p[4]; i++) y[i] = sum += x[i];
    } else if (p[0] == F32) {
      f32 *x = (f32 *)(memory + p[1]) + at, *y = (f32 *)(memory + p[2]) + at;
      f64 sum = 0;
      for (i32 i = 0; i < p[4]; i++) y[i] = (f32)(sum += x[i]);
    } else {
      u32 *x = (u32 *)(memory + p[1]) + at, *y = (u32 *)(memory + p[2]) + at, sum = 0;
      for (i32 i = 0; i < p[4]; i++) y[i] = sum += x[i];
    }
  }
}

// Whole numbers in the order of floating ones; both zeros are equal, and NaN is the largest.
INLINE u64 sort_key(i32 type, const u8 *row, i32 i) {
  if (type == F64) {
    f64 x = ((const f64 *)row)[i];
    u64 u = bits(x == 0 ? 0.0 : x);
    return x != x ? ~0ULL : u >> 63 ? ~u : u | 1ULL << 63;
  }
  f32 x = ((const f32 *)row)[i];
  u32 u = bits_single(x == 0 ? 0.0f : x);
  return x != x ? ~0u : u >> 31 ? ~u : u | 1u << 31;
}

// type, from, to (indices), rows, n, descending: a stable radix sort
SEPARATE void run_order(const i32 *p, u8 *memory) {
  static u64 key_a[MAX_ROW], key_b[MAX_ROW];
  static i32 index_a[MAX_ROW], index_b[MAX_ROW];
  i32 n = p[4], size = SIZE[p[0]];
  for (i64 row = 0; row < p[3]; row++) {
    u64 *key = key_a, *other_key = key_b;
    i32 *index = index_a, *other_index = index_b, *to = (i32 *)(memory + p[2]) + row * n;
    for (i32 i = 0; i < n; i++) {
      u64 k = sort_key(p[0], memory + p[1] + row * n * size, i);
      key[i] = p[5] ? ~k : k;
      index[i] = i;
    }
    for (i32 shift = 0; shift < 8 * size; shift += 8) {
      i32 start[257] = {0};
      for (i32 i = 0; i < n; i++) start[1 + (key[i] >> shift & 255)]++;
      if (n && start[1 + (key[0] >> shift & 255)] == n) continue; // this byte is the same everywhere
      for (i32 i = 0; i < 256; i++) start[i + 1] += start[i];
      for (i32 i = 0; i < n; i++) {
        i32 place = start[key[i] >> shift & 255]++;
        other_key[place] = key[i];
        other_index[place] = index[i];
      }
      u64 *k = key;
      key = other_key, other_key = k;
      i32 *x = index;
      index = other_index, other_index = x;
    }
    for (i32 i = 0; i < n; i++) to[i] = index[i];
  }
}

// type, from, to (indices), rows, n, descending, k: the first k of that order
SEPARATE void run_first(const i32 *p, u8 *memory) {
  u64 key[MAX_FIRST];
  i32 n = p[4], k = p[6], size = SIZE[p[0]];
  for (i64 row = 0; row < p[3]; row++) {
    i32 *to = (i32 *)(memory + p[2]) + row * k, found = 0;
    for (i32 i = 0; i < n && k; i++) {
      u64 own = sort_key(p[0], memory + p[1] + row * n * size, i);
      if (p[5]) own = ~own;
      if (found == k && own >= key[k - 1]) continue;
      i32 place = found < k ? found++ : k - 1;
      for (; place && key[place - 1] > own; place--) {
        key[place] = key[place - 1];
        to[place] = to[place - 1];
      }
      key[place] = own;
      to[place] = i;
    }
  }
}

#define SEARCH(T, below)                                                                                               \
  for (i64 row = 0; row < p[4]; row++) {                                                                               \
    const T *sorted = (const T *)(memory + p[1]) + row * n, *bound = (const T *)(memory + p[2]) + row * m;             \
    for (i32 i = 0; i < m; i++) {                                                                                      \
      i32 low = 0, left = n, rest = 0;                                                                                 \
      while (left > 16) { /* eight parts at a time, without a branch that depends on the numbers */                    \
        i32 step = left / 8, parts = 0;                                                                                \
        for (i32 j = 1; j < 8; j++) parts += sorted[low + j * step - 1] below bound[i];                                \
        low += parts * step;                                                                                           \
        left -= 7 * step;                                                                                              \
      }                                                                                                                \
      for (i32 j = 0; j < left; j++) rest += sorted[low + j] below bound[i];                                           \
      to[row * m + i] = low + rest;                                                                                    \
    }                                                                                                                  \
  }

// type, sorted rows, bounds, to, rows, n, m, right: how many numbers of a row lie below each bound, or not above it
SEPARATE void run_search(const i32 *p, u8 *memory) {
  i32 n = p[5], m = p[6], *to = (i32 *)(memory + p[3]);
  if (p[0] == F32 && p[7]) SEARCH(f32, <=)
  else if (p[0] == F32) SEARCH(f32, <)
  else if (p[7]) SEARCH(f64, <=)
  else SEARCH(f64, <)
}

// ---- by index along the middle one of three axes; everything row-major

// Go through an index (outer, n, inner) into (outer, whole, inner); `at` is a place of the first, `there` of the second.
#define BY_INDEX(T, statement)                                                                                         \
  {                                                                                                                    \
    const T *from = (const T *)(memory + p[1]);                                                                        \
    T *to = (T *)(memory + p[3]);                                                                                      \
    const i32 *index = (const i32 *)(memory + p[2]);                                                                   \
    for (i64 o = 0; o < p[4]; o++)                                                                                     \
      for (i64 r = 0; r < p[5]; r++)                                                                                   \
        for (i64 i = 0; i < p[6]; i++) {                                                                               \
          i64 at = (o * p[5] + r) * p[6] + i;                                                                          \
          if ((u32)index[at] >= (u32)p[7]) return WRONG_INDEX;                                                         \
          i64 there = (o * p[7] + index[at]) * p[6] + i;                                                               \
          statement;                                                                                                   \
        }                                                                                                              \
    return OK;                                                                                                         \
  }
#define GATHER(T) BY_INDEX(T, to[at] = from[there])
#define SCATTER_ADD(T) BY_INDEX(T, to[there] += from[at])

// size, from, index, to, outer, size of the index, inner, size of what is indexed
SEPARATE i32 run_gather(const i32 *p, u8 *memory) {
  if (p[0] == 4) GATHER(i32) else if (p[0] == 8) GATHER(i64) else GATHER(u8)
}

// type, from, index, to, outer, size of the index, inner, size of what is added to
SEPARATE i32 run_scatter_add(const i32 *p, u8 *memory) {
  if (p[0] == F32) SCATTER_ADD(f32) else if (p[0] == F64) SCATTER_ADD(f64) else SCATTER_ADD(u32)
}

#define DISTANCE(T, suffix)                                                                                            \
  {                                                                                                                    \
    const T *z = (const T *)(memory + p[1]), *w = (const T *)(memory + p[2]);                                          \
    T *to = (T *)(memory + p[3]);                                                                                      \
    for (i64 a = 0; a < p[4]; a++)                                                                                     \
      for (i64 b = 0; b < p[5]; b++) {                                                                                 \
        if (b < a && z == w && p[4] == p[5]) { /* of a batch with itself: the distance is known from the other side */ \
          to[a * p[5] + b] = to[b * p[5] + a];                                                                         \
          continue;                                                                                                    \
        }                                                                                                              \
        const T *x = z + a * p[6], *y = w + b * p[6];                                                                  \
        T s[8] = {0};                                                                                                  \
        i32 i = 0;                                                                                                     \
        for (; i + 8 <= p[6]; i += 8)                                                                                  \
          for (i32 j = 0; j < 8; j++) {                                                                                \
            T d = x[i + j] - y[i + j];                                                                                 \
            s[j] += d * d;                                                                                             \
          }                                                                                                            \
        for (; i < p[6]; i++) s[i & 7] += (x[i] - y[i]) * (x[i] - y[i]);                                               \
        to[a * p[5] + b] = __builtin_sqrt##suffix(((s[0] + s[4]) + (s[2] + s[6])) + ((s[1] + s[5]) + (s[3] + s[7])));  \
      }                                                                                                                \
  }

// type, rows (A, D), rows (N, D), to (A, N), A, N, D: Euclidean distances
SEPARATE void run_distance(const i32 *p, u8 *memory) {
  if (p[0] == F32) DISTANCE(f32, f) else DISTANCE(f64, )
}

// type, M, N, K, (M, K) and its two strides, (K, N) and its two strides, (M, N) and its row stride, bias (N,) or -1
SEPARATE void run_matmul(const i32 *p, u8 *memory) {
  u8 *a = memory + p[4], *b = memory + p[7], *c = memory + p[10], *bias = p[12] < 0 ? 0 : memory + p[12];
  if (p[0] == F32)
    matmul_f32(p[1], p[2], p[3], (f32 *)a, p[5], p[6], (f32 *)b, p[8], p[9], (f32 *)c, p[11], (f32 *)bias);
  else
    matmul_f64(p[1], p[2], p[3], (f64 *)a, p[5], p[6], (f64 *)b, p[8], p[9], (f64 *)c, p[11], (f64 *)bias);
}

// ---- checks

// Whether an array lies in the memory: `axes` pairs of a size and a stride, which must not be negative.
static i32 lies_inside(i64 memory_size, i64 address, i32 size, i32 axes, const i32 *sizes, const i32 *strides) {
  i64 last = 0;
  for (i32 axis = 0; axis < axes; axis++) {
    if (sizes[axis] < 0 || strides[axis] < 0) return 0;
    if (sizes[axis] == 0) return 1;
    last += (i64)(sizes[axis] - 1) * strides[axis];
    if (last > memory_size) return 0;
  }
  return address >= 0 && address % size == 0 && address + (last + 1) * size <= memory_size;
}
static i32 row_lies_inside(i64 memory_size, i64 address, i32 size, i64 count) {
  return count >= 0 && address >= 0 && address % size == 0 && address + count * size <= memory_size;
}
static i32 is_size(i64 a, i64 b, i64 c) { // whether these are sizes with a product that is not too large
  return a >= 0 && b >= 0 && c >= 0 && a <= MAX_ELEMENTS && a * b <= MAX_ELEMENTS && (a * b == 0 || a * b * c <= MAX_ELEMENTS);
}
static i32 is_float(i32 type) { return type == F32 || type == F64; }

static i32 check_elementwise(const i32 *p, i32 n, i64 memory_size) {
  if (n < 2 || p[1] < 1 || p[1] > MAX_AXES || n < 3 + p[1]) return TOO_SHORT;
  i32 axes = p[1], at = 2 + axes, sizes[MAX_REGISTERS];
  i64 elements = 1;
  for (i32 axis = 0; axis < axes; axis++) {
    if (p[2 + axis] < 0) return TOO_LARGE;
    elements *= p[2 + axis];
    if (elements > MAX_ELEMENTS) return TOO_LARGE;
  }
  i32 loads = p[at++];
  if (loads < 0 || loads > MAX_REGISTERS) return WRONG_REGISTER;
  if (n - at < loads * (2 + axes) + 1) return TOO_SHORT;
  for (i32 k = 0; k < MAX_REGISTERS; k++) sizes[k] = 0;
  for (i32 k = 0; k < loads; k++, at += 2 + axes) {
    sizes[k] = p[at];
    if (p[at] != 1 && p[at] != 4 && p[at] != 8) return WRONG_OPERATION;
    if (!lies_inside(memory_size, p[at + 1], p[at], axes, p + 2, p + at + 2)) return OUT_OF_MEMORY;
  }
  i32 operations = p[at++];
  if (operations < 0 || operations > (n - at) / 5 || n - at < operations * 5 + 1) return TOO_SHORT;
  for (i32 k = 0; k < operations; k++, at += 5) {
    u32 wanted = operand_sizes(p[at]);
    if (!wanted) return WRONG_OPERATION;
    if (p[at + 1] < loads || p[at + 1] >= MAX_REGISTERS) return WRONG_REGISTER;
    for (i32 q = 0; q < 3; q++) {
      i32 size = wanted >> (8 * q) & 255;
      if (p[at + 2 + q] < 0 || p[at + 2 + q] >= MAX_REGISTERS || (size && sizes[p[at + 2 + q]] != size)) return WRONG_REGISTER;
    }
    sizes[p[at + 1]] = wanted >> 24;
  }
  i32 stores = p[at++];
  if (stores < 0 || stores > MAX_REGISTERS || n - at != stores * (3 + axes)) return TOO_SHORT;
  const i32 *store = p + at;
  for (i32 k = 0; k < stores; k++, store += 3 + axes) {
    if (store[0] < 0 || store[0] >= MAX_REGISTERS || sizes[store[0]] != store[1] || store[1] == 0) return WRONG_REGISTER;
    if (!lies_inside(memory_size, store[2], store[1], axes, p + 2, store + 3)) return OUT_OF_MEMORY;
    if (p[0]) { // results are written straight into memory: no register may have another size at any time
      if (store[0] < loads) return WRONG_REGISTER;
      for (const i32 *o = p + at - 1 - operations * 5; o < p + at - 1; o += 5)
        if (o[1] == store[0] && operand_sizes(o[0]) >> 24 != (u32)store[1]) return WRONG_REGISTER;
    }
  }
  return OK;
}

static i32 check_instruction(i32 code, const i32 *p, i32 n, i64 memory_size) {
  static const i32 LENGTHS[] = {0, 0, 13, 11, 5, 6, 8, 8, 7, 8, 7};
  if (code == DO_ELEMENTWISE) return check_elementwise(p, n, memory_size);
  if (code < DO_MATMUL || code > DO_FIRST) return UNKNOWN_CODE;
  if (n != LENGTHS[code]) return TOO_SHORT;
  switch (code) {
  case DO_MATMUL: {
    if (!is_float(p[0])) return WRONG_OPERATION;
    if (!is_size(p[1], p[2], 1) || !is_size(p[1], p[3], 1) || !is_size(p[3], p[2], 1)) return TOO_LARGE;
    i32 size = SIZE[p[0]], columns[] = {p[11], 1};
    i32 inside = lies_inside(memory_size, p[4], size, 2, (i32[]){p[1], p[3]}, p + 5) &&
                 lies_inside(memory_size, p[7], size, 2, (i32[]){p[3], p[2]}, p + 8) &&
                 lies_inside(memory_size, p[10], size, 2, p + 1, columns) &&
                 (p[12] == -1 || row_lies_inside(memory_size, p[12], size, p[2]));
    return inside ? OK : OUT_OF_MEMORY;
  }
  case DO_REDUCE: {
    if (p[0] < REDUCE_SUM || p[0] > REDUCE_ARGMIN || p[1] < F32 || p[1] > U8 || p[2] < F32 || p[2] > U8) return WRONG_OPERATION;
    i32 result = p[0] >= REDUCE_ARGMAX ? I32 : p[0] > REDUCE_SUM ? p[1] : p[1] == U8 ? I32 : p[1];
    if (p[2] != result && !(p[0] == REDUCE_SUM && p[1] == F32 && p[2] == F64)) return WRONG_OPERATION;
    if (!is_size(p[5], p[6], p[7]) || !is_size(p[5], p[7], 1)) return TOO_LARGE;
    if (p[6] == 0 && p[0] != REDUCE_SUM) return WRONG_OPERATION;
    return lies_inside(memory_size, p[3], SIZE[p[1]], 3, p + 5, p + 8) &&
                   row_lies_inside(memory_size, p[4], SIZE[p[2]], (i64)p[5] * p[7])
               ? OK
               : OUT_OF_MEMORY;
  }
  case DO_RUNNING_SUM:
  case DO_ORDER: {
    if (code == DO_ORDER ? !is_float(p[0]) : p[0] < F32 || p[0] > I32) return WRONG_OPERATION;
    if (!is_size(p[3], p[4], 1) || (code == DO_ORDER && p[4] > MAX_ROW)) return TOO_LARGE;
    i64 count = (i64)p[3] * p[4];
    return row_lies_inside(memory_size, p[1], SIZE[p[0]], count) &&
                   row_lies_inside(memory_size, p[2], code == DO_ORDER ? 4 : SIZE[p[0]], count)
               ? OK
               : OUT_OF_MEMORY;
  }
  case DO_GATHER:
  case DO_SCATTER_ADD: {
    i32 size = p[0];
    if (code == DO_SCATTER_ADD) {
      if (p[0] < F32 || p[0] > I32) return WRONG_OPERATION;
      size = SIZE[p[0]];
    }
    if (size != 1 && size != 4 && size != 8) return WRONG_OPERATION;
    if (!is_size(p[4], p[5], p[6]) || !is_size(p[4], p[7], p[6])) return TOO_LARGE;
    i64 indexed = (i64)p[4] * p[5] * p[6], whole = (i64)p[4] * p[7] * p[6];
    return row_lies_inside(memory_size, p[1], size, code == DO_GATHER ? whole : indexed) &&
                   row_lies_inside(memory_size, p[2], 4, indexed) &&
                   row_lies_inside(memory_size, p[3], size, code == DO_GATHER ? indexed : whole)
               ? OK
               : OUT_OF_MEMORY;
  }
  case DO_DISTANCE:
    if (!is_float(p[0])) return WRONG_OPERATION;
    if (!is_size(p[4], p[5], 1) || !is_size(p[4], p[6], 1) || !is_size(p[5], p[6], 1)) return TOO_LARGE;
    return row_lies_inside(memory_size, p[1], SIZE[p[0]], (i64)p[4] * p[6]) &&
                   row_lies_inside(memory_size, p[2], SIZE[p[0]], (i64)p[5] * p[6]) &&
                   row_lies_inside(memory_size, p[3], SIZE[p[0]], (i64)p[4] * p[5])
               ? OK
               : OUT_OF_MEMORY;
  case DO_FIRST:
    if (!is_float(p[0])) return WRONG_OPERATION;
    if (!is_size(p[3], p[4], 1) || p[6] < 0 || p[6] > MAX_FIRST || p[6] > p[4]) return TOO_LARGE;
    return row_lies_inside(memory_size, p[1], SIZE[p[0]], (i64)p[3] * p[4]) &&
                   row_lies_inside(memory_size, p[2], 4, (i64)p[3] * p[6])
               ? OK
               : OUT_OF_MEMORY;
  default: // DO_SEARCH
    if (!is_float(p[0])) return WRONG_OPERATION;
    if (!is_size(p[4], p[5], 1) || !is_size(p[4], p[6], 1)) return TOO_LARGE;
    return row_lies_inside(memory_size, p[1], SIZE[p[0]], (i64)p[4] * p[5]) &&
                   row_lies_inside(memory_size, p[2], SIZE[p[0]], (i64)p[4] * p[6]) &&
                   row_lies_inside(memory_size, p[3], 4, (i64)p[4] * p[6])
               ? OK
               : OUT_OF_MEMORY;
  }
}

// Return 0 if a program of n words can run in a memory of that many bytes, else why not.
EXPORT(check) i32 check(const i32 *p, i32 n, i32 memory_size) {
  if (memory_size < 0) return OUT_OF_MEMORY;
  for (i32 at = 0; at < n; at += p[at + 1]) {
    if (p[at] == DO_END) return at == n - 1 ? OK : TOO_SHORT;
    if (n - at < 3 || p[at + 1] < 2 || p[at + 1] > n - at - 1) return TOO_SHORT;
    i32 reason = check_instruction(p[at], p + at + 2, p[at + 1] - 2, memory_size);
    if (reason) return reason;
  }
  return TOO_SHORT;
}

// Run a program that `check` has accepted; return 0, or why it stopped.
EXPORT(run) i32 run(const i32 *p, u8 *memory) {
  for (; p[0] != DO_END; p += p[1]) {
    const i32 *a = p + 2;
    i32 reason = OK;
    switch (p[0]) {
    case DO_ELEMENTWISE: run_elementwise(a, memory); break;
    case DO_MATMUL: run_matmul(a, memory); break;
    case DO_REDUCE: run_reduce(a, memory); break;
    case DO_RUNNING_SUM: run_running_sum(a, memory); break;
    case DO_ORDER: run_order(a, memory); break;
    case DO_GATHER: reason = run_gather(a, memory); break;
    case DO_SCATTER_ADD: reason = run_scatter_add(a, memory); break;
    case DO_DISTANCE: run_distance(a, memory); break;
    case DO_SEARCH: run_search(a, memory); break;
    case DO_FIRST: run_first(a, memory); break;
    }
    if (reason) return reason;
  }
  return OK;
}

// Return where the host may put programs and their memory.
extern u8 __heap_base;
EXPORT(heap) u8 *heap(void) { return &__heap_base; }
