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

// A row after the shift by its largest entry: x = largest + gap; others = Σ exp(gap), one of the largest left out.
template <class Real> struct Shifted {
    Doubles largest, poison, log_total;
    Split others, total, inverse;

    Split gap(Doubles x) const {
        const Split d = two_sum(x, -largest);
        return {x == largest ? broadcast<Doubles>(0.0) : d.value, d.lost};
    }
    // exp(gap), but NaN where x is infinite and so is the largest.
    Doubles term_below(Doubles x) const {
        const Doubles d = x - largest, part = d - x;
        Reduced argument = reduced(d);
        if (sizeof(Real) == 8) argument.r += (x - (d - part)) - (largest + part);
        return d <= -746.0 ? broadcast<Doubles>(0.0) : exp<Real>(argument);
    }
    Doubles term(Doubles x) const {
        return x == largest ? broadcast<Doubles>(1.0) : term_below(x);
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
        const Split d = gap(x), difference = two_sum(d.value, -log_total);
        return difference.value + (difference.lost + d.lost) + poison;
    }
};

// The terms are kept where there is room for them, in double precision.
struct Nowhere {
    void put(ptrdiff_t, Doubles) {}
};

template <class Real, class Fold, class T, class Keep> Shifted<Real> shift(const Strip<T>& x, Keep& keep) {
    Shifted<Real> row;
    Doubles largest = x[0];
    for (ptrdiff_t i = 1; i < x.count(); ++i) largest = x[i] > largest ? x[i] : largest;
    row.largest = Fold::max(largest);
    Sum<Real> sum;
    Doubles ties = broadcast<Doubles>(0.0);
    for (ptrdiff_t i = 0; i < x.count(); ++i) {
        // The largest are counted: the sum of the others keeps its digits however small it is.
        const Integers is_top = x[i] == row.largest;
        const Doubles one = is_top ? broadcast<Doubles>(1.0) : broadcast<Doubles>(0.0);
        const Doubles below = is_top ? broadcast<Doubles>(0.0) : row.term_below(x[i]);
        ties += one;
        sum.add(below);
        keep.put(i, one + below);
    }
    const Split below = sum.template folded<Fold>();
    row.others = two_sum(Fold::sum({ties, broadcast<Doubles>(0.0)}).value - 1.0, below.value);
    row.others.lost += below.lost;
    row.total = two_sum(broadcast<Doubles>(1.0), row.others.value);
    row.total.lost += row.others.lost;
    row.inverse.value = 1.0 / row.total.value;
    const Doubles rest = multiply_add_once(-row.inverse.value, row.total.value, broadcast<Doubles>(1.0));
    row.inverse.lost = (rest - row.inverse.value * row.total.lost) * row.inverse.value;
    row.log_total = log1p(row.others.value) + row.others.lost * row.inverse.value;
    // Two +∞ have no limit, nor has a row of −∞, and NaN is NaN.
    const double infinity = __builtin_inf();
    const Integers limit = (row.largest > -infinity) & ((row.largest < infinity) | (row.others.value < 1.0));
    row.poison = limit ? broadcast<Doubles>(0.0) : broadcast<Doubles>(__builtin_nan(""));
    row.inverse.value += row.poison;
    return row;
}

}  // namespace
