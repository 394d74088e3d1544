// The functions of rows and of single numbers, for each instruction set, under the name DXENT_LEVEL.
#include "kernels.hpp"
#include "rows.hpp"

namespace {

// Up to so many classes, each lane takes a row of its own.
constexpr ptrdiff_t kShortRow = 32;

// Up to so many classes, the terms of a row of floats are kept in cache, in double precision.
constexpr ptrdiff_t kKeptRow = 1 << 17;

// Call work(fold, first row, number of rows, strip) for all rows, or for a part of a row whose total is given.
template <class Real, class Work>
void for_rows(const Real* x, ptrdiff_t rows, ptrdiff_t classes, const double* total, Work work) {
    if (classes > kShortRow || total) {
        const bool kept = sizeof(Real) < sizeof(double) && classes <= kKeptRow && !total;
        const Buffer<double> terms(kept ? classes : 0);
        Total whole;
        if (total)
            whole = {broadcast<Doubles>(total[0]),
                     broadcast<Doubles>(total[1]),
                     {broadcast<Doubles>(total[2]), broadcast<Doubles>(total[3])}};
        const OneRow fold{kept ? static_cast<double*>(terms) : nullptr, total ? &whole : nullptr};
        for (ptrdiff_t r = 0; r < rows; ++r)
            work(fold, r, 1, Strip<Real>(x + r * classes, classes, -__builtin_inf()));
        return;
    }
    const ptrdiff_t length = classes * kWidth;
    const Buffer<double> strip(length), scratch(length);
    for (ptrdiff_t r = 0; r < rows; r += kWidth) {
        const ptrdiff_t count = minimum(kWidth, rows - r);
        gather(x + r * classes, count, classes, strip);
        work(EachLane{scratch}, r, count, Strip<double>(strip, length, 0.0));
    }
}

// Shift a row and write finish(row, exp(gap)) for each of its vectors; return the row.
template <class Real, class Fold, class T, class U, class Finish>
Shifted<Real> write_terms(Fold fold, const Strip<T>& x, Target<U>& to, ptrdiff_t length, Finish finish) {
    const auto write = [&](auto& kept) {
        const auto row = shift<Real>(fold, x, kept);
        to.fill([&](ptrdiff_t i) { return finish(row, kept[i]); });
        return row;
    };
    if (sizeof(U) == sizeof(double) && !fold.whole) return write(to);
    Target<double> kept(fold.scratch, length);  // where a term would be rounded, it is kept elsewhere
    if (sizeof(U) < sizeof(double) && fold.scratch) return write(kept);
    Nowhere nowhere;
    const auto row = shift<Real>(fold, x, nowhere);
    x.sweep([&](ptrdiff_t i, const auto& entries) {  // or else computed again
        constexpr int n = sizeof(entries) / sizeof(Doubles);
        Doubles again[n];
        terms<Real>(row.largest, entries, again);
        for (int k = 0; k < n; ++k) to.put(i + k, finish(row, again[k]));
    });
    return row;
}

template <class Real, class Finish>
void from_terms(const Real* x, ptrdiff_t rows, ptrdiff_t classes, Real* out, const double* total,
                Finish finish) {
    for_rows(x, rows, classes, total, [&](auto fold, ptrdiff_t r, ptrdiff_t count, const auto& strip) {
        fold.write_rows(out + r * classes, count, classes,
                        [&](auto& to) { write_terms<Real>(fold, strip, to, classes, finish); });
    });
}

template <class Real>
void softmax(const Real* x, ptrdiff_t rows, ptrdiff_t classes, Real* p, const double* total) {
    from_terms(x, rows, classes, p, total,
               [](const auto& row, Doubles term) { return row.probability(term); });
}

template <class Real>
void complement(const Real* x, ptrdiff_t rows, ptrdiff_t classes, Real* q, const double* total) {
    from_terms(x, rows, classes, q, total,
               [](const auto& row, Doubles term) { return row.complement(term); });
}

template <class Real>
void log_softmax(const Real* x, ptrdiff_t rows, ptrdiff_t classes, Real* log_p, const double* total) {
    for_rows(x, rows, classes, total, [&](auto fold, ptrdiff_t r, ptrdiff_t count, const auto& strip) {
        Nowhere nowhere;
        const auto row = shift<Real>(fold, strip, nowhere);
        fold.write_rows(log_p + r * classes, count, classes, [&](auto& to) {
            to.fill([&](ptrdiff_t i) { return row.log_probability(strip[i]); });
        });
    });
}

template <class Real>
void logsumexp(const Real* x, ptrdiff_t rows, ptrdiff_t classes, Real* out, const double* total) {
    for_rows(x, rows, classes, total, [&](auto fold, ptrdiff_t r, ptrdiff_t count, const auto& strip) {
        Nowhere nowhere;
        const auto row = shift<Real>(fold, strip, nowhere);
        fold.write(out + r, count, row.logsumexp.value);
    });
}

// What a part of a row adds to its total: how many of its entries are the largest, and the others' sum.
template <class Real> void part_of_total(const Real* x, ptrdiff_t count, double largest, double* sums) {
    Nowhere nowhere;
    const Strip<Real> strip(x, count, -__builtin_inf());
    const Total total = total_of<Real, OneRow>(broadcast<Doubles>(largest), strip, nowhere);
    const double found[] = {total.ties[0], total.below.value[0], total.below.lost[0]};
    std::memcpy(sums, found, sizeof found);
}

// −log p of each row's label and, unless it is null, the gradient scale (p − e_label). A label that is no class
// gives NaN.
template <class Real>
void cross_entropy(const Real* x, ptrdiff_t rows, ptrdiff_t classes, const std::int64_t* labels,
                   const double* scale, double* losses, Real* gradient, const double* total) {
    for_rows(x, rows, classes, total, [&](auto fold, ptrdiff_t r, ptrdiff_t count, const auto& strip) {
        const Doubles label = fold.locate(labels + r, count, classes), at_label = fold.pick(strip, label);
        Nowhere nowhere;
        if (!gradient) {
            const auto row = shift<Real>(fold, strip, nowhere);
            return fold.write(losses + r, count, 0.0 - row.log_probability(at_label));
        }
        const Doubles factor = fold.read(scale + r, count);
        fold.write_rows(gradient + r * classes, count, classes, [&](auto& to) {
            const auto scaled = [&](Doubles slope) {
                return factor == 0.0 ? broadcast<Doubles>(0.0) : factor * slope;
            };
            const auto row =
                write_terms<Real>(fold, strip, to, classes, [&](const auto& shifted, Doubles term) {
                    return scaled(shifted.probability(term));
                });
            to.put_at(label, scaled(-row.complement(row.term(at_label))));
            fold.write(losses + r, count, 0.0 - row.log_probability(at_label));
        });
    });
}

// (diag p − p pᵀ) v for one strip; see deviation in rows.py for the two means.
template <class Fold, class U>
void multiply(const Strip<double>& p, const Strip<double>& v, Target<U>& to) {
    Doubles likeliest = p[0], origin = v[0];
    for (ptrdiff_t i = 1; i < p.count(); ++i) {
        origin = p[i] > likeliest ? v[i] : origin;
        likeliest = p[i] > likeliest ? p[i] : likeliest;
    }
    origin = Fold::at_max(likeliest, origin);
    Sum<double> total, first, second;
    for (ptrdiff_t i = 0; i < p.count(); ++i) {
        total.add(p[i]);
        first.add(p[i] * (v[i] - origin));
    }
    const Doubles mass = total.template folded<Fold>().value;
    const Doubles inverse = mass == 0.0 ? broadcast<Doubles>(0.0) : 1.0 / mass;
    const Doubles mean = origin + first.template folded<Fold>().value * inverse;
    for (ptrdiff_t i = 0; i < p.count(); ++i) second.add(p[i] * (v[i] - mean));
    const Doubles rest = second.template folded<Fold>().value * inverse;
    to.fill([&](ptrdiff_t i) {
        const Split centred = two_sum(v[i], -mean);
        return p[i] * ((centred.value - rest) + centred.lost);
    });
}

void product(const double* p, const double* v, ptrdiff_t rows, ptrdiff_t classes, double* out) {
    if (classes > kShortRow) {
        for (ptrdiff_t r = 0; r < rows * classes; r += classes) {
            Target<double> target(out + r, classes);
            multiply<OneRow>(Strip<double>(p + r, classes, 0.0), Strip<double>(v + r, classes, 0.0), target);
        }
        return;
    }
    const ptrdiff_t length = classes * kWidth;
    const Buffer<double> probs(length), vectors(length), scratch(length);
    for (ptrdiff_t r = 0; r < rows; r += kWidth) {
        const ptrdiff_t count = minimum(kWidth, rows - r);
        gather(p + r * classes, count, classes, probs);
        gather(v + r * classes, count, classes, vectors);
        EachLane{scratch}.write_rows(out + r * classes, count, classes, [&](auto& to) {
            multiply<EachLane>(Strip<double>(probs, length, 0.0), Strip<double>(vectors, length, 0.0), to);
        });
    }
}

// The logistic functions; see kernels/logistic.py.
Doubles decay(Doubles z) { return exp(z > 0.0 ? -z : z); }

Doubles sigmoid(Doubles z) {
    const Doubles t = decay(z);
    return (z >= 0.0 ? broadcast<Doubles>(1.0) : t) / (1.0 + t);
}

Doubles sigmoid_slope(Doubles z) {
    const Doubles t = decay(z), total = 1.0 + t, slope = t / total / total;
    return slope - 2.0 * slope * ((t - (total - 1.0)) / total);
}

Doubles softplus(Doubles z) { return (z > 0.0 ? z : broadcast<Doubles>(0.0)) + log1p(decay(z)); }

template <Doubles function(Doubles)> void each(const double* z, ptrdiff_t count, double* out) {
    const Strip<double> from(z, count, 0.0);
    Target<double> to(out, count);
    to.fill([&](ptrdiff_t i) { return function(from[i]); });
}

template <class Real>
constexpr dxent::RowKernels<Real> kernels = {softmax<Real>, complement<Real>, log_softmax<Real>,
                                             logsumexp<Real>, cross_entropy<Real>, part_of_total<Real>};

}  // namespace

namespace dxent::rows {
const RowKernelTable DXENT_LEVEL = {kernels<double>, kernels<float>,        ::product,
                                    each<::sigmoid>, each<::sigmoid_slope>, each<::softplus>};
}
