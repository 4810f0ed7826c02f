// The matrix product of one type: T with vectors of LANES numbers. Included by matmul.h for each type.

#define PANEL_N (2 * LANES)

static T NAME(packed_a)[BLOCK_M * BLOCK_K] __attribute__((aligned(64)));
static T NAME(packed_b)[BLOCK_K * BLOCK_N] __attribute__((aligned(64)));

// Panels of PANEL_M rows, one step of k after the other; rows that are missing are 0.
static void NAME(pack_a)(const T *a, i32 by_row, i32 by_k, i32 rows, i32 k) {
  T *to = NAME(packed_a);
  for (i32 i = 0; i < rows; i += PANEL_M, to += PANEL_M * k) {
    const T *from = a + (i64)i * by_row;
    if (i + PANEL_M <= rows)
      for (i32 q = 0; q < k; q++)
        for (i32 r = 0; r < PANEL_M; r++) to[q * PANEL_M + r] = from[(i64)r * by_row + (i64)q * by_k];
    else
      for (i32 q = 0; q < k; q++)
        for (i32 r = 0; r < PANEL_M; r++)
          to[q * PANEL_M + r] = i + r < rows ? from[(i64)r * by_row + (i64)q * by_k] : 0;
  }
}

// Panels of PANEL_N columns, one step of k after the other; columns that are missing are 0.
static void NAME(pack_b)(const T *b, i32 by_k, i32 by_column, i32 k, i32 columns) {
  T *to = NAME(packed_b);
  for (i32 j = 0; j < columns; j += PANEL_N, to += PANEL_N * k) {
    const T *from = b + (i64)j * by_column;
    if (j + PANEL_N <= columns && by_column == 1)
      for (i32 q = 0; q < k; q++)
        for (i32 v = 0; v < 2; v++)
          *(VECTOR *)(to + q * PANEL_N + v * LANES) = *(const VECTOR_ANY *)(from + (i64)q * by_k + v * LANES);
    else if (j + PANEL_N <= columns)
      for (i32 q = 0; q < k; q++)
        for (i32 c = 0; c < PANEL_N; c++) to[q * PANEL_N + c] = from[(i64)q * by_k + (i64)c * by_column];
    else
      for (i32 q = 0; q < k; q++)
        for (i32 c = 0; c < PANEL_N; c++)
          to[q * PANEL_N + c] = j + c < columns ? from[(i64)q * by_k + (i64)c * by_column] : 0;
  }
}

INLINE void NAME(block)(const T *a, const T *b, i32 k, VECTOR sum[PANEL_M][2]) {
  VECTOR s[PANEL_M][2] = {0};
  for (i32 q = 0; q < k; q++, a += PANEL_M, b += PANEL_N) {
    VECTOR low = *(const VECTOR *)b, high = *(const VECTOR *)(b + LANES);
#pragma unroll
    for (i32 r = 0; r < PANEL_M; r++) {
      VECTOR x = (VECTOR){0} + a[r];
      s[r][0] = x * low + s[r][0];
      s[r][1] = x * high + s[r][1];
    }
  }
#pragma unroll
  for (i32 r = 0; r < PANEL_M; r++) sum[r][0] = s[r][0], sum[r][1] = s[r][1];
}

// c (m, n) = a (m, k) b (k, n) + bias (n,); the columns of c lie side by side.
static void NAME(matmul)(i32 m, i32 n, i32 k, const T *a, i32 a_row, i32 a_k, const T *b, i32 b_k, i32 b_column, T *c,
                         i32 c_row, const T *bias) {
  for (i32 i = 0; i < m && k == 0; i++)
    for (i32 j = 0; j < n; j++) c[(i64)i * c_row + j] = bias ? bias[j] : 0;
  for (i32 j0 = 0; j0 < n; j0 += BLOCK_N) {
    i32 columns = n - j0 < BLOCK_N ? n - j0 : BLOCK_N;
    for (i32 k0 = 0; k0 < k; k0 += BLOCK_K) {
      i32 depth = k - k0 < BLOCK_K ? k - k0 : BLOCK_K;
      NAME(pack_b)(b + (i64)k0 * b_k + (i64)j0 * b_column, b_k, b_column, depth, columns);
      for (i32 i0 = 0; i0 < m; i0 += BLOCK_M) {
        i32 rows = m - i0 < BLOCK_M ? m - i0 : BLOCK_M;
        NAME(pack_a)(a + (i64)i0 * a_row + (i64)k0 * a_k, a_row, a_k, rows, depth);
        for (i32 j = 0; j < columns; j += PANEL_N)
          for (i32 i = 0; i < rows; i += PANEL_M) {
            VECTOR sum[PANEL_M][2];
            NAME(block)(NAME(packed_a) + i * depth, NAME(packed_b) + j * depth, depth, sum);
            for (i32 r = 0; r < PANEL_M && i + r < rows; r++) {
              T *to = c + (i64)(i0 + i + r) * c_row + j0 + j;
              const T *add = k0 ? to : bias ? bias + j0 + j : 0;
              if (j + PANEL_N <= columns)
                for (i32 v = 0; v < 2; v++)
                  *(VECTOR_ANY *)(to + v * LANES) =
                      add ? sum[r][v] + *(const VECTOR_ANY *)(add + v * LANES) : sum[r][v];
              else
                for (i32 q = 0; j + q < columns; q++) to[q] = sum[r][q / LANES][q % LANES] + (add ? add[q] : 0);
            }
          }
      }
    }
  }
}
#undef PANEL_N
