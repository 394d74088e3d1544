// exp and log1p on vectors of doubles, to less than one unit in the last place.
#pragma once

#include "vector.hpp"

namespace {

// ln 2 in two parts: the first has 42 bits, so that its product with an exponent is exact.
constexpr double kLn2High = 0x1.62e42fefa38p-1;
constexpr double kLn2Low = 0x1.ef35793c7673p-45;

// Adding 1.5·2⁵² leaves the nearest integer in the low bits of the sum; twice the bias of an exponent, on top of it,
// is for `scaled`.
constexpr double kRounder = 0x1.8p52 + 2 * 1023;

// x = n ln 2 + r with n = round(x / ln 2), |r| ≤ ln 2 / 2, and n in the low bits of `shifted`. What was lost
// when x was rounded may be added to r.
struct Reduced {
    Doubles r, shifted;
};

inline Reduced reduced(Doubles x) {
    const Doubles per_ln2 = broadcast<Doubles>(0x1.71547652b82fep0);
    const Doubles shifted = multiply_add(x, per_ln2, broadcast<Doubles>(kRounder));
    const Doubles n = shifted - kRounder;
    const Doubles r = multiply_add(n, broadcast<Doubles>(-kLn2High), x);
    return {multiply_add(n, broadcast<Doubles>(-kLn2Low), r), shifted};
}

// 2ⁿ value, for |n| < 2000. Results below the normal range are rounded, not flushed.
inline Doubles scaled(Doubles value, Doubles shifted) {
#if defined(__AVX512F__)
    return _mm512_maskz_scalef_pd(__mmask8(-1), value, shifted - kRounder);
#else
    // 2ⁿ as two powers in the normal range: the low bits, n + 2·1023, are halved, and what is above them shifted out.
    const Naturals sum = Naturals(bits(shifted)), half = sum >> 1;
    return value * from_bits(Integers(half << 52)) * from_bits(Integers((sum - half) << 52));
#endif
}

// exp r = 1 + r + r² q(r), where the relative error is at most 2e-17, and 6e-11 for a result in single precision:
// the coefficients of q, the highest first, by Remez's exchange.
template <class Real> struct Series;
template <> struct Series<double> {
    static constexpr double q[] = {0x1.ad7f79797c7cfp-26, 0x1.28ad68a632087p-22, 0x1.71df253a88529p-19,
                                   0x1.a0199a16dd8c3p-16, 0x1.a01a012a69e16p-13, 0x1.6c16c184266edp-10,
                                   0x1.1111111127b9ap-7,  0x1.555555555088cp-5,  0x1.55555555554fap-3,
                                   0x1.000000000000ap-1};
};
template <> struct Series<float> {
    static constexpr double q[] = {0x1.9f08a6bd6f676p-13, 0x1.6d8cf3fd2da87p-10, 0x1.1112708ceb9f9p-7,
                                   0x1.55548dd895c1ep-5,  0x1.5555544367dd9p-3,  0x1.0000003a1accep-1};
};

// 2ⁿ exp(r) of several vectors side by side, which hides the time that each step takes.
template <class Real, int N> inline void exp(const Reduced (&x)[N], Doubles (&to)[N]) {
    for (int k = 0; k < N; ++k) to[k] = broadcast<Doubles>(Series<Real>::q[0]);
    for (std::size_t i = 1; i < sizeof(Series<Real>::q) / sizeof(double); ++i)
        for (int k = 0; k < N; ++k) to[k] = multiply_add(to[k], x[k].r, broadcast<Doubles>(Series<Real>::q[i]));
    for (int k = 0; k < N; ++k)
        to[k] = scaled(1.0 + multiply_add(x[k].r * x[k].r, to[k], x[k].r), x[k].shifted);
}

// exp x for x up to 710. Below the bound it is 0.
inline Doubles exp_to_710(Doubles x) {
    const Reduced argument[] = {reduced(larger(broadcast<Doubles>(-746.0), x))};
    Doubles result[1];
    exp<double>(argument, result);
    return result[0];
}

// Beyond the bound it is infinite.
inline Doubles exp(Doubles x) { return exp_to_710(x > 710.0 ? broadcast<Doubles>(710.0) : x); }

// log(1 + x) for x ≥ 0. With 1 + x = 2ᵏ (1 + f), 1/√2 ≤ 1 + f < √2, and s = f / (2 + f),
// log(1 + f) = 2 artanh s = f − f²/2 + s (f²/2 + 2s²/3 + 2s⁴/5 + …). What 1 + x loses in rounding is added
// back as a first-order correction, and for k = 0 nothing is lost: f is x itself.
inline Doubles log1p(Doubles x) {
    const Doubles u = 1.0 + x;
    const Doubles root_half = broadcast<Doubles>(0x1.6a09e667f3bcdp-1);
    const Integers k = (bits(u) - bits(root_half)) >> 52;
    const Integers whole = k == 0;
    const Doubles lost = x > 1.0 ? 1.0 - (u - x) : x - (u - 1.0);
    const Doubles correction = whole ? broadcast<Doubles>(0.0) : lost / u;
    const Doubles f = whole ? x : from_bits(bits(u) - (k << 52)) - 1.0;
    // k as a double, through the bits of 2⁵² + k.
    const Doubles power = from_bits(k + bits(broadcast<Doubles>(0x1p52))) - 0x1p52;

    const Doubles s = f / (2.0 + f), z = s * s, half = 0.5 * f * f;
    Doubles series = broadcast<Doubles>(0.0);
    for (int odd = 25; odd >= 3; odd -= 2) series = multiply_add(series, z, broadcast<Doubles>(2.0 / odd));
    const Doubles tail = multiply_add(power, broadcast<Doubles>(kLn2Low), correction);
    return power * kLn2High - ((half - (s * (half + z * series) + tail)) - f);
}

}  // namespace
