// Functions of the rows of a matrix, a strip at a time; kernels/rows.py defines them.
#pragma once

#include "exp.hpp"
#include "strips.hpp"

namespace {

// A sum that carries what rounding lost; in single precision there is room enough without.
template <class Real> struct Sum {
    Doubles value = broadcast<Doubles>(0.0), lost = broadcast<Doubles>(0.0);
    void add(Doubles term) {
        if (sizeof(Real) == 4) {
            value += term;
            return;
        }
        const Doubles total = value + term, part = total - value;
        lost += (value - (total - part)) + (term - part);
        value = total;
    }
    template <class Fold> Split folded() const {
        const Split total = Fold::sum({value, lost});
        return two_sum(total.value, total.lost);
    }
};

// exp(x − largest) of several vectors, but NaN where x is infinite and so is the largest.
template <class Real, int N> inline void terms_below(Doubles largest, const Doubles (&x)[N], Doubles (&to)[N]) {
    Reduced argument[N];
    for (int k = 0; k < N; ++k) {
        const Doubles d = x[k] - largest, part = d - x[k];
        argument[k] = reduced(d);
        if (sizeof(Real) == 8) argument[k].r += (x[k] - (d - part)) - (largest + part);
    }
    exp<Real>(argument, to);
    for (int k = 0; k < N; ++k) to[k] = x[k] - largest <= -746.0 ? broadcast<Doubles>(0.0) : to[k];
}
template <class Real, int N> inline void terms(Doubles largest, const Doubles (&x)[N], Doubles (&to)[N]) {
    terms_below<Real>(largest, x, to);
    for (int k = 0; k < N; ++k) to[k] = x[k] == largest ? broadcast<Doubles>(1.0) : to[k];
}

// The terms are kept where there is room for them, in double precision.
struct Nowhere {
    void put_whole(ptrdiff_t, Doubles) {}
    void put(ptrdiff_t, Doubles) {}
};

template <class Real, class Fold, class T, class Keep>
Total total_of(Doubles largest, const Strip<T>& x, Keep& keep) {
    Sum<Real> sum;
    Doubles ties = broadcast<Doubles>(0.0);
    x.sweep([&](ptrdiff_t i, const auto& entries) {
        constexpr int n = sizeof(entries) / sizeof(Doubles);
        Doubles below[n];
        terms_below<Real>(largest, entries, below);
        for (int k = 0; k < n; ++k) {
            // The largest are counted: the sum of the others keeps its digits however small it is.
            const Integers is_top = entries[k] == largest;
            const Doubles one = is_top ? broadcast<Doubles>(1.0) : broadcast<Doubles>(0.0);
            below[k] = is_top ? broadcast<Doubles>(0.0) : below[k];
            ties += one;
            sum.add(below[k]);
            n > 1 ? keep.put_whole(i + k, one + below[k]) : keep.put(i + k, one + below[k]);
        }
    });
    return {largest, Fold::sum({ties, broadcast<Doubles>(0.0)}).value, sum.template folded<Fold>()};
}

// A row after the shift by its largest entry: others = Σ exp(x − largest), one of the largest left out.
template <class Real> struct Shifted {
    Doubles largest, poison, log_total;
    Split others, total, inverse, logsumexp;

    explicit Shifted(const Total& row) : largest(row.largest) {
        others = two_sum(row.ties - 1.0, row.below.value);
        others.lost += row.below.lost;
        total = two_sum(broadcast<Doubles>(1.0), others.value);
        total.lost += others.lost;
        inverse.value = 1.0 / total.value;
        const Doubles rest = multiply_add_once(-inverse.value, total.value, broadcast<Doubles>(1.0));
        inverse.lost = (rest - inverse.value * total.lost) * inverse.value;
        log_total = log1p(others.value) + others.lost * inverse.value;
        logsumexp = two_sum(largest, log_total);
        // Two +∞ have no limit, nor has a row of −∞, and NaN is NaN.
        const double infinity = __builtin_inf();
        const Integers limit = (largest > -infinity) & ((largest < infinity) | (others.value < 1.0));
        poison = limit ? broadcast<Doubles>(0.0) : broadcast<Doubles>(__builtin_nan(""));
        inverse.value += poison;
    }

    Doubles term(Doubles x) const {
        const Doubles one[] = {x};
        Doubles result[1];
        terms<Real>(largest, one, result);
        return result[0];
    }

    // (part + lost) / total, rounded once.
    Doubles share(Doubles part, Doubles lost) const {
        if (sizeof(Real) == 4) return part * inverse.value;
        return multiply_add_once(part, inverse.value, part * inverse.lost + lost * inverse.value);
    }
    Doubles probability(Doubles term) const {
        if (sizeof(Real) == 4) return term * inverse.value;
        return multiply_add_once(term, inverse.value, term * inverse.lost);
    }
    Doubles complement(Doubles term) const {
        const Split rest = two_sum(total.value, -term);
        const Integers is_top = term == 1.0;
        return share(is_top ? others.value : rest.value, is_top ? others.lost : rest.lost + total.lost);
    }
    Doubles log_probability(Doubles x) const {
        if (sizeof(Real) == 4)
            return ((x == largest ? broadcast<Doubles>(0.0) : x - largest) - log_total) + poison;
        const Split below = two_sum(x, -logsumexp.value);
        return (x == largest ? -log_total : below.value + (below.lost - logsumexp.lost)) + poison;
    }
};

// The row of a strip, or the row that the strip is a part of.
template <class Real, class Fold, class T, class Keep>
Shifted<Real> shift(const Fold& fold, const Strip<T>& x, Keep& keep) {
    if (fold.whole) return Shifted<Real>(*fold.whole);
    Doubles largest = x[0];
    for (ptrdiff_t i = 1; i < x.count(); ++i) largest = x[i] > largest ? x[i] : largest;
    return Shifted<Real>(total_of<Real, Fold>(Fold::max(largest), x, keep));
}

}  // namespace
