// Functions of the rows of a matrix; kernels/rows.py defines them. Each works on a "strip" of vectors, in which
// a lane holds either a row of its own (short rows, transposed) or every so many-th entry of one long row: only
// the folds at the end of a sweep know which.
#pragma once

#include "exp.hpp"

namespace {

typedef float Singles __attribute__((vector_size(kVectorBytes / 2)));

inline Doubles load_wide(const double* from) { return load(from); }
inline Doubles load_wide(const float* from) {
    Singles v;
    std::memcpy(&v, from, sizeof v);
    return __builtin_convertvector(v, Doubles);
}
inline void store_rounded(double* to, Doubles v) { store(to, v); }
inline void store_rounded(float* to, Doubles v) { store(to, __builtin_convertvector(v, Singles)); }

constexpr ptrdiff_t kWidth = kLanes<double>;

// Vectors to read; those of a row that is no multiple of their width end with a filled up one.
template <class T> class Strip {
  public:
    Strip(const T* data, ptrdiff_t length, double filler)
        : data_(data), full_(length / kWidth), rest_(broadcast<Doubles>(filler)) {
        for (ptrdiff_t i = full_ * kWidth; i < length; ++i) rest_[i - full_ * kWidth] = data[i];
        count_ = round_up(length, kWidth) / kWidth;
    }
    ptrdiff_t count() const { return count_; }
    Doubles operator[](ptrdiff_t i) const { return i < full_ ? load_wide(data_ + i * kWidth) : rest_; }

  private:
    const T* data_;
    ptrdiff_t full_, count_;
    Doubles rest_;
};

// Vectors to write, and to read again.
template <class T> class Target {
  public:
    Target(T* data, ptrdiff_t length) : data_(data), full_(length / kWidth), tail_(length % kWidth) {}
    void put(ptrdiff_t i, Doubles v) {
        if (i < full_) return store_rounded(data_ + i * kWidth, v);
        rest_ = v;
        for (ptrdiff_t lane = 0; lane < tail_; ++lane) data_[i * kWidth + lane] = T(v[lane]);
    }
    Doubles operator[](ptrdiff_t i) const { return i < full_ ? load_wide(data_ + i * kWidth) : rest_; }

  private:
    T* data_;
    ptrdiff_t full_, tail_;
    Doubles rest_{};
};

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

// Each lane is a row: nothing to fold. Results pass through `scratch`, which has a vector for each class.
struct EachLane {
    double* scratch;
    static Doubles max(Doubles v) { return v; }
    static Doubles at_max(Doubles, Doubles v) { return v; }
    static Split sum(Split v) { return v; }

    // The vector where each lane's label stands; none for a label that is no class.
    static Doubles locate(const std::int64_t* labels, ptrdiff_t rows, ptrdiff_t classes) {
        Doubles place = broadcast<Doubles>(-1.0);
        for (ptrdiff_t lane = 0; lane < rows; ++lane)
            if (labels[lane] >= 0 && labels[lane] < classes) place[lane] = double(labels[lane]);
        return place;
    }
    template <class T> static Doubles pick(const Strip<T>& x, Doubles place) {
        Doubles picked = broadcast<Doubles>(__builtin_nan(""));
        for (ptrdiff_t lane = 0; lane < kWidth; ++lane)
            if (place[lane] >= 0) picked[lane] = x[ptrdiff_t(place[lane])][lane];
        return picked;
    }
    template <class Real> static Doubles read(const Real* numbers, ptrdiff_t rows) {
        Doubles v = broadcast<Doubles>(0.0);
        for (ptrdiff_t lane = 0; lane < rows; ++lane) v[lane] = numbers[lane];
        return v;
    }
    template <class Real> static void write(Real* to, ptrdiff_t rows, Doubles v) {
        for (ptrdiff_t lane = 0; lane < rows; ++lane) to[lane] = Real(v[lane]);
    }
    // Let `fill` write the rows.
    template <class Real, class Fill>
    void write_rows(Real* to, ptrdiff_t rows, ptrdiff_t classes, Fill fill) const {
        Target<double> target(scratch, classes * kWidth);
        fill(target);
        for (ptrdiff_t lane = 0; lane < rows; ++lane)
            for (ptrdiff_t c = 0; c < classes; ++c) to[lane * classes + c] = Real(scratch[c * kWidth + lane]);
    }
};

// The lanes are parts of one row.
struct OneRow {
    static Doubles max(Doubles v) {
        double largest = v[0];
        for (ptrdiff_t lane = 1; lane < kWidth; ++lane)
            largest = v[lane] > largest || v[lane] != v[lane] ? v[lane] : largest;
        return broadcast<Doubles>(largest);
    }
    // The number that belongs to the largest.
    static Doubles at_max(Doubles size, Doubles v) {
        ptrdiff_t best = 0;
        for (ptrdiff_t lane = 1; lane < kWidth; ++lane) best = size[lane] > size[best] ? lane : best;
        return broadcast<Doubles>(v[best]);
    }
    static Split sum(Split v) {
        Split total{broadcast<Doubles>(0.0), broadcast<Doubles>(0.0)};
        for (ptrdiff_t lane = 0; lane < kWidth; ++lane) {
            const Split next = two_sum(total.value, broadcast<Doubles>(v.value[lane]));
            total = {next.value, total.lost + next.lost + v.lost[lane]};
        }
        return total;
    }
    static Doubles locate(const std::int64_t* label, ptrdiff_t, ptrdiff_t classes) {
        Doubles place = broadcast<Doubles>(-1.0);
        if (*label >= 0 && *label < classes) place[*label % kWidth] = double(*label / kWidth);
        return place;
    }
    template <class T> static Doubles pick(const Strip<T>& x, Doubles place) {
        for (ptrdiff_t lane = 0; lane < kWidth; ++lane)
            if (place[lane] >= 0) return broadcast<Doubles>(x[ptrdiff_t(place[lane])][lane]);
        return broadcast<Doubles>(__builtin_nan(""));
    }
    template <class Real> static Doubles read(const Real* number, ptrdiff_t) {
        return broadcast<Doubles>(double(*number));
    }
    template <class Real> static void write(Real* to, ptrdiff_t, Doubles v) { *to = Real(v[0]); }
    template <class Real, class Fill>
    static void write_rows(Real* to, ptrdiff_t, ptrdiff_t classes, Fill fill) {
        Target<Real> target(to, classes);
        fill(target);
    }
};

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
