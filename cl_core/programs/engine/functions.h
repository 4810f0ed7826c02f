// Functions of one number, the same bits on every host. Reductions and polynomials are those of fdlibm (Sun, 1993) for
// float64 and of Cephes (Moshier) for exp in float32; other functions of float32 go by float64.

#define INFINITE (__builtin_inf())

INLINE u64 bits(f64 x) {
  u64 u;
  __builtin_memcpy(&u, &x, 8);
  return u;
}
INLINE f64 number(u64 u) {
  f64 x;
  __builtin_memcpy(&x, &u, 8);
  return x;
}
INLINE u32 bits_single(f32 x) {
  u32 u;
  __builtin_memcpy(&u, &x, 4);
  return u;
}
INLINE f32 number_single(u32 u) {
  f32 x;
  __builtin_memcpy(&x, &u, 4);
  return x;
}

#define LOG2E 1.44269504088896338700e+00
#define LN2_HIGH 6.93147180369123816490e-01
#define LN2_LOW 1.90821492927058770002e-10
#define ROUND 6755399441055744.0 // 1.5 * 2^52: adding it leaves a whole number in the lowest bits

INLINE f64 power_of_two(f64 k) { return number(bits(k + (ROUND + 1023.0)) << 52); } // k whole, -1022 to 1023

// exp(r) - 1 for |r| <= ln(2) / 2, by its series
INLINE f64 expm1_small(f64 r) {
  f64 p = 1.0 / 87178291200.0;
  p = p * r + 1.0 / 6227020800.0;
  p = p * r + 1.0 / 479001600.0;
  p = p * r + 1.0 / 39916800.0;
  p = p * r + 1.0 / 3628800.0;
  p = p * r + 1.0 / 362880.0;
  p = p * r + 1.0 / 40320.0;
  p = p * r + 1.0 / 5040.0;
  p = p * r + 1.0 / 720.0;
  p = p * r + 1.0 / 120.0;
  p = p * r + 1.0 / 24.0;
  p = p * r + 1.0 / 6.0;
  p = p * r + 0.5;
  return r + r * r * p;
}
INLINE f64 exact_exp(f64 x) {
  f64 y = x < -746.0 ? 0.0 : x; // what is 0 in the end is not computed: processors take long over subnormal numbers
  y = y > 710.0 ? 710.0 : y;
  f64 k = __builtin_nearbyint(y * LOG2E), half = __builtin_nearbyint(k * 0.5);
  f64 r = (y - k * LN2_HIGH) - k * LN2_LOW;
  f64 value = (1.0 + expm1_small(r)) * power_of_two(half) * power_of_two(k - half);
  return x < -746.0 ? 0.0 : value;
}
INLINE f64 exact_expm1(f64 x) {
  f64 y = x < -50.0 ? -50.0 : x;
  y = y > 709.0 ? 709.0 : y;
  f64 k = __builtin_nearbyint(y * LOG2E), scale = power_of_two(k);
  f64 r = (y - k * LN2_HIGH) - k * LN2_LOW;
  f64 value = scale * expm1_small(r) + (scale - 1.0);
  return x > 709.0 ? exact_exp(x) : value;
}
INLINE f64 exact_log(f64 x) {
  f64 subnormal = x < 2.2250738585072014e-308 ? 1.0 : 0.0;
  f64 y = x * (subnormal != 0 ? 18014398509481984.0 : 1.0);
  i64 exponent = (i64)(bits(y) - 0x3fe6a09e667f3bcdULL) >> 52; // of a mantissa from sqrt(1/2) to sqrt(2)
  f64 k = (number((u64)(exponent + 0x4338000000000000LL)) - ROUND) - subnormal * 54.0;
  f64 f = number(bits(y) - ((u64)exponent << 52)) - 1.0, s = f / (2.0 + f), z = s * s, w = z * z, half = 0.5 * f * f;
  f64 odd = w * (3.999999999940941908e-01 + w * (2.222219843214978396e-01 + w * 1.531383769920937332e-01));
  f64 even = z * (6.666666666666735130e-01 +
                  w * (2.857142874366239149e-01 + w * (1.818357216161805012e-01 + w * 1.479819860511658591e-01)));
  f64 value = k * LN2_HIGH - ((half - (s * (half + odd + even) + k * LN2_LOW)) - f);
  value = x == INFINITE ? INFINITE : value;
  value = x == 0 ? -INFINITE : value;
  value = x < 0 ? __builtin_nan("") : value;
  return x != x ? x : value;
}
INLINE f64 exact_log1p(f64 x) {
  f64 u = 1.0 + x, value = exact_log(u) + (x - (u - 1.0)) / u;
  value = u == 1.0 ? x : value;
  return u == INFINITE || u == 0 ? exact_log(u) : value;
}
INLINE f64 sine_small(f64 x) {
  f64 z = x * x, w = z * z;
  f64 r = 8.33333333332248946124e-03 + z * (-1.98412698298579493134e-04 + z * 2.75573137070700676789e-06) +
          z * w * (-2.50507602534068634195e-08 + z * 1.58969099521155010221e-10);
  return x + z * x * (-1.66666666666666324348e-01 + z * r);
}
INLINE f64 cosine_small(f64 x) {
  f64 z = x * x, w = z * z;
  f64 r = z * (4.16666666666666019037e-02 + z * (-1.38888888888741095749e-03 + z * 2.48015872894767294178e-05)) +
          w * w * (-2.75573143513906633035e-07 + z * (2.08757232129817482790e-09 + z * -1.13596475577881948265e-11));
  f64 half = 0.5 * z, q = 1.0 - half;
  return q + (((1.0 - q) - half) + z * r);
}
// The sine of x + quarters * pi/2; exact for |x| up to about 10^5.
INLINE f64 sine_shifted(f64 x, f64 quarters) {
  f64 k = __builtin_nearbyint(x * 6.36619772367581382433e-01);
  f64 r = ((x - k * 1.57079632673412561417e+00) - k * 6.07710050630396597660e-11) - k * 2.02226624879595063154e-21;
  f64 q = k + quarters, pairs = __builtin_floor(q * 0.5);
  f64 value = q - 2 * pairs != 0 ? cosine_small(r) : sine_small(r);
  return pairs - 2 * __builtin_floor(pairs * 0.5) != 0 ? -value : value;
}
INLINE f64 exact_sin(f64 x) { return sine_shifted(x, 0); }
INLINE f64 exact_cos(f64 x) { return sine_shifted(x, 1); }
INLINE f64 arc_ratio(f64 z) {
  f64 p = z * (1.66666666666666657415e-01 +
               z * (-3.25565818622400915405e-01 +
                    z * (2.01212532134862925881e-01 +
                         z * (-4.00555345006794114027e-02 + z * (7.91534994289814532176e-04 + z * 3.47933107596021167570e-05)))));
  f64 q = 1.0 + z * (-2.40339491173441421878e+00 +
                     z * (2.02094576023350569471e+00 + z * (-6.88283971605453293030e-01 + z * 7.70381505559019352791e-02)));
  return p / q;
}
INLINE f64 exact_acos(f64 x) {
  f64 size = x < 0 ? -x : x, z = size < 0.5 ? x * x : (1.0 - size) * 0.5, s = __builtin_sqrt(z), r = arc_ratio(z);
  f64 middle = 1.57079632679489655800e+00 - (x - (6.12323399573676603587e-17 - x * r)), w = s + s * r;
  f64 outer = x < 0 ? 3.14159265358979311600e+00 - 2.0 * (w - 6.12323399573676603587e-17) : 2.0 * w;
  return size < 0.5 ? middle : outer;
}
INLINE f64 exact_sigmoid(f64 x) { return 1.0 / (1.0 + exact_exp(-x)); }

INLINE f32 single_exp(f32 x) {
  f32 y = x < -104.0f ? 0.0f : x;
  y = y > 90.0f ? 90.0f : y;
  f32 k = __builtin_nearbyintf(y * 1.44269504088896341f), half = __builtin_nearbyintf(k * 0.5f);
  f32 r = (y - k * 0.693359375f) - k * -2.12194440e-4f;
  f32 p = 1.9875691500e-4f;
  p = p * r + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  p = p * r * r + r + 1.0f;
  f32 value = p * number_single((u32)((i32)half + 127) << 23) * number_single((u32)((i32)(k - half) + 127) << 23);
  return x < -104.0f ? 0.0f : value;
}
INLINE f32 single_sigmoid(f32 x) { return 1.0f / (1.0f + single_exp(-x)); }
#define BY_FLOAT64(name)                                                                                               \
  INLINE f32 single_##name(f32 x) { return (f32)exact_##name((f64)x); }
BY_FLOAT64(expm1)
BY_FLOAT64(log)
BY_FLOAT64(log1p)
BY_FLOAT64(sin)
BY_FLOAT64(cos)
BY_FLOAT64(acos)
