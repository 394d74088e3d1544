// Numbers kept as an unevaluated sum of two, so that only the last step of a result rounds.
#pragma once

#include "vector.hpp"

namespace {

// a + b as rounded and what rounding lost, 0 where the sum is infinite.
struct Split {
    Doubles value, lost;
};
inline Split two_sum(Doubles a, Doubles b) {
    const Doubles total = a + b, part = total - a;
    const Doubles lost = (a - (total - part)) + (b - part);
    return {total, total - total == 0.0 ? lost : broadcast<Doubles>(0.0)};
}

// a·b + c, as if the product were exact; |a|, |b| < 1e290.
inline Doubles multiply_add_once(Doubles a, Doubles b, Doubles c) {
#if defined(__FMA__)
    return multiply_add(a, b, c);
#else  // Dekker, Numer. Math. 18 (1971): products of halves of 26 bits are exact
    constexpr double cut = 0x1p27 + 1;
    const Doubles a_high = cut * a - (cut * a - a), b_high = cut * b - (cut * b - b);
    const Doubles a_low = a - a_high, b_low = b - b_high, product = a * b;
    const Doubles rest = (product - a_high * b_high) - a_low * b_high;
    const Split total = two_sum(product, c);
    return total.value + (total.lost + (a_low * b_low - (rest - a_high * b_low)));
#endif
}

}  // namespace
