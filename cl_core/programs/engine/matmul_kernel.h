// The matrix product of one type: T with vectors of LANES numbers. Included by matmul.h for each type.
//
// One factor is packed into panels of WIDTH columns. Of the other, each row becomes a list of those of its numbers
// that are not 0: an image of MNIST has four zeros in five pixels, and what comes out of a ReLU one in two numbers. The
// part of a row of the result that lies in one panel stays in registers while the engine goes through the row's list.
//
// The result has the same bits as with the zeros. A zero makes a term of 0 or -0, which changes no sum that began at 0,
// unless the number that it is multiplied with is infinite or NaN: then nothing is left out.

#define WIDTH (VECTORS * LANES)

typedef struct {
  T value;
  i32 at; // bytes from the start of a panel to the numbers that the value is multiplied with
} NAME(Term);

static NAME(Term) NAME(terms)[BLOCK_M][BLOCK_K];
static i32 NAME(counts)[BLOCK_M];
static VECTOR NAME(sums)[BLOCK_M][VECTORS];
static T NAME(packed)[BLOCK_K * BLOCK_N] __attribute__((aligned(64)));

// Pack panels of WIDTH columns, one step of k after the other; columns that are missing are 0. Return whether all
// numbers are finite.
SEPARATE i32 NAME(pack)(const T *b, i32 by_k, i32 by_column, i32 k, i32 columns) {
  T *to = NAME(packed);
  VECTOR zeros = {0}; // of each number times 0, which is NaN if it is not finite
  T zero = 0;
  for (i32 j = 0; j < columns; j += WIDTH, to += WIDTH * k) {
    const T *from = b + (i64)j * by_column;
    if (j + WIDTH <= columns && by_column == 1) {
      for (i32 q = 0; q < k; q++)
#pragma unroll
        for (i32 v = 0; v < VECTORS; v++) {
          VECTOR x = *(const VECTOR_ANY *)(from + (i64)q * by_k + v * LANES);
          zeros += x * 0;
          *(VECTOR *)(to + q * WIDTH + v * LANES) = x;
        }
      continue;
    }
    i32 q = 0;
    if (j + WIDTH <= columns && by_k == 1)
      for (; q + LANES <= k; q += LANES)
        for (i32 v = 0; v < VECTORS; v++) {
          VECTOR x[LANES];
#pragma unroll
          for (i32 c = 0; c < LANES; c++) {
            x[c] = *(const VECTOR_ANY *)(from + (i64)(v * LANES + c) * by_column + q);
            zeros += x[c] * 0;
          }
          NAME(transpose)(x);
#pragma unroll
          for (i32 c = 0; c < LANES; c++) *(VECTOR *)(to + (q + c) * WIDTH + v * LANES) = x[c];
        }
    for (; q < k; q++)
      for (i32 c = 0; c < WIDTH; c++) {
        T x = j + c < columns ? from[(i64)q * by_k + (i64)c * by_column] : 0;
        zero += x * 0;
        to[q * WIDTH + c] = x;
      }
  }
  for (i32 c = 0; c < LANES; c++) zero += zeros[c];
  return zero == 0;
}

#define APPEND(to, x, q)                                                                                               \
  {                                                                                                                    \
    (to)->value = (x);                                                                                                 \
    (to)->at = (q) * WIDTH * (i32)sizeof(T);                                                                           \
    (to) += keep | ((x) != 0);                                                                                         \
  }
#define ANY(x) __builtin_wasm_any_true_v128((i8x16)((x) != 0))

// List the numbers of each row that are not 0, or all if `keep` is 1.
SEPARATE void NAME(list)(const T *a, i32 by_row, i32 by_k, i32 rows, i32 k, i32 keep) {
  i32 r = 0;
  for (; by_row == 1 && r + LANES <= rows; r += LANES) { // several rows at a time: they lie side by side
    NAME(Term) * to[LANES];
    for (i32 c = 0; c < LANES; c++) to[c] = NAME(terms)[r + c];
    for (i32 q = 0; q < k; q++) {
      VECTOR x = *(const VECTOR_ANY *)(a + r + (i64)q * by_k);
      if (keep || ANY(x))
#pragma unroll
        for (i32 c = 0; c < LANES; c++) APPEND(to[c], x[c], q)
    }
    for (i32 c = 0; c < LANES; c++) NAME(counts)[r + c] = to[c] - NAME(terms)[r + c];
  }
  for (; r < rows; r++) {
    const T *row = a + (i64)r * by_row;
    NAME(Term) *to = NAME(terms)[r];
    i32 q = 0;
    for (; by_k == 1 && q + LANES <= k; q += LANES) {
      VECTOR x = *(const VECTOR_ANY *)(row + q);
      if (keep || ANY(x))
#pragma unroll
        for (i32 c = 0; c < LANES; c++) APPEND(to, x[c], q + c)
    }
    for (; q < k; q++) {
      T x = row[(i64)q * by_k];
      APPEND(to, x, q)
    }
    NAME(counts)[r] = to - NAME(terms)[r];
  }
}

// Multiply the listed rows with a panel, into `sums`. It does nothing else, so that all sums get registers.
SEPARATE void NAME(multiply)(i32 rows, const T *panel) {
  for (i32 r = 0; r < rows; r++) {
    VECTOR sum[VECTORS] = {0};
    // volatile: else compilers put all loads first, and there are not enough registers for what they load
    const volatile NAME(Term) *term = NAME(terms)[r], *end = term + NAME(counts)[r];
    for (; term < end; term++) {
      T value = term->value;
      VECTOR x = ALL(value);
      const volatile VECTOR *y = (const volatile VECTOR *)((const u8 *)panel + term->at);
#pragma unroll
      for (i32 v = 0; v < VECTORS; v++) sum[v] += x * y[v];
    }
#pragma unroll
    for (i32 v = 0; v < VECTORS; v++) NAME(sums)[r][v] = sum[v];
  }
}

// Write `sums` to rows of a result, or add them to what is there.
SEPARATE void NAME(put)(i32 rows, i32 columns, T *c, i32 by_row, i32 by_column, i32 add) {
  if (by_column == 1 && columns == WIDTH) {
    for (i32 r = 0; r < rows; r++, c += by_row) {
      VECTOR_ANY *to = (VECTOR_ANY *)c;
      for (i32 v = 0; v < VECTORS; v++) to[v] = add ? to[v] + NAME(sums)[r][v] : NAME(sums)[r][v];
    }
    return;
  }
  i32 r = 0;
  for (; by_row == 1 && columns == WIDTH && r + LANES <= rows; r += LANES)
    for (i32 v = 0; v < VECTORS; v++) {
      VECTOR x[LANES];
#pragma unroll
      for (i32 i = 0; i < LANES; i++) x[i] = NAME(sums)[r + i][v];
      NAME(transpose)(x);
#pragma unroll
      for (i32 i = 0; i < LANES; i++) {
        VECTOR_ANY *to = (VECTOR_ANY *)(c + r + (i64)(v * LANES + i) * by_column);
        *to = add ? *to + x[i] : x[i];
      }
    }
  for (; r < rows; r++)
    for (i32 j = 0; j < columns; j++) {
      T *to = c + (i64)r * by_row + (i64)j * by_column, sum = NAME(sums)[r][j / LANES][j % LANES];
      *to = add ? *to + sum : sum;
    }
}

// Count those of PROBES numbers of a matrix, spread evenly, that are not 0.
static i64 NAME(count)(i32 rows, i32 columns, const T *x, i32 by_row, i32 by_column) {
  i64 count = 0;
  for (u32 i = 0; i < PROBES; i++) { // the first numbers of a sequence of points that fills a square evenly
    i64 row = (u64)(i * 3242174889u) * rows >> 32, column = (u64)(i * 2447445413u) * columns >> 32;
    count += x[row * by_row + column * by_column] != 0;
  }
  return count;
}

// c (m, n) = a (m, k) b (k, n) + bias (n,); the columns of c lie side by side.
static void NAME(matmul)(i32 m, i32 n, i32 k, const T *a, i32 a_row, i32 a_k, const T *b, i32 b_k, i32 b_column, T *c,
                         i32 c_row, const T *bias) {
  i32 c_column = 1;
  if (m == 0 || n == 0) return;
  if (bias || k == 0)
    for (i32 i = 0; i < m; i++)
      for (i32 j = 0; j < n; j++) c[(i64)i * c_row + j] = bias ? bias[j] : 0;
  if (k == 0) return;
  // list the factor that makes less work; if that is b, compute the transposed product, whose terms are the same
  i64 full_m = (m + WIDTH - 1) / WIDTH * WIDTH, full_n = (n + WIDTH - 1) / WIDTH * WIDTH;
  i64 work_a = NAME(count)(m, k, a, a_row, a_k) * m * full_n, work_b = NAME(count)(k, n, b, b_k, b_column) * n * full_m;
  if (work_b + work_b / 4 < work_a) {
    const T *factor = a;
    i32 size = m, row = a_row, by_k = a_k;
    a = b, m = n, a_row = b_column, a_k = b_k;
    b = factor, n = size, b_column = row, b_k = by_k;
    c_column = c_row, c_row = 1;
  }
  i32 parts = (k + BLOCK_K - 1) / BLOCK_K, part = (k + parts - 1) / parts;
  for (i32 j0 = 0; j0 < n; j0 += BLOCK_N) {
    i32 columns = n - j0 < BLOCK_N ? n - j0 : BLOCK_N;
    for (i32 k0 = 0; k0 < k; k0 += part) {
      i32 depth = k - k0 < part ? k - k0 : part;
      i32 keep = !NAME(pack)(b + (i64)k0 * b_k + (i64)j0 * b_column, b_k, b_column, depth, columns);
      for (i32 i0 = 0; i0 < m; i0 += BLOCK_M) {
        i32 rows = m - i0 < BLOCK_M ? m - i0 : BLOCK_M;
        NAME(list)(a + (i64)i0 * a_row + (i64)k0 * a_k, a_row, a_k, rows, depth, keep);
        for (i32 j = 0; j < columns; j += WIDTH) {
          i32 width = columns - j < WIDTH ? columns - j : WIDTH;
          T *to = c + (i64)i0 * c_row + (i64)(j0 + j) * c_column;
          NAME(multiply)(rows, NAME(packed) + j * depth);
          NAME(put)(rows, width, to, c_row, c_column, bias || k0 > 0);
        }
      }
    }
  }
}
#undef WIDTH
#undef APPEND
#undef ANY
