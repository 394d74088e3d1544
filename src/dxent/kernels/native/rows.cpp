// The functions of rows and of single numbers, for each instruction set, under the name DXENT_LEVEL.
#include "kernels.hpp"
#include "rows.hpp"

namespace {

// Up to so many classes, each lane takes a row of its own.
constexpr ptrdiff_t kShortRow = 32;
constexpr ptrdiff_t kStrips = 8;

// Up to so many classes, the terms of a row of floats are kept in cache, in double precision.
constexpr ptrdiff_t kKeptRow = 1 << 17;

// Transpose `rows` ≤ kWidth rows into vectors; the last row fills up the lanes.
template <class Real> void gather(const Real* x, ptrdiff_t rows, ptrdiff_t classes, double* to) {
    for (ptrdiff_t lane = 0; lane < kWidth; ++lane) {
        const Real* row = x + minimum(lane, rows - 1) * classes;
        for (ptrdiff_t c = 0; c < classes; ++c) to[c * kWidth + lane] = row[c];
    }
}

// Call work(fold, first row, number of rows, strip) for all rows.
template <class Real, class Work> void for_rows(const Real* x, ptrdiff_t rows, ptrdiff_t classes, Work work) {
    if (classes > kShortRow) {
        const bool kept = sizeof(Real) < sizeof(double) && classes <= kKeptRow;
        const Buffer<double> terms(kept ? classes : 0);
        const OneRow fold{kept ? static_cast<double*>(terms) : nullptr};
        for (ptrdiff_t r = 0; r < rows; ++r)
            work(fold, r, 1, Strip<Real>(x + r * classes, classes, -__builtin_inf()));
        return;
    }
    // Several strips are read before the first is used, which hides the time that their stores take.
    const ptrdiff_t length = classes * kWidth, block = kStrips * kWidth;
    const Buffer<double> from(kStrips * length), scratch(length);
    for (ptrdiff_t first = 0; first < rows; first += block) {
        const ptrdiff_t last = minimum(first + block, rows);
        double* strip = from;
        for (ptrdiff_t r = first; r < last; r += kWidth, strip += length)
            gather(x + r * classes, minimum(kWidth, last - r), classes, strip);
        strip = from;
        for (ptrdiff_t r = first; r < last; r += kWidth, strip += length)
            work(EachLane{scratch}, r, minimum(kWidth, last - r), Strip<double>(strip, length, 0.0));
    }
}

// Shift a row and write finish(row, exp(gap)) for each of its vectors; return the row.
template <class Real, class Fold, class T, class U, class Finish>
Shifted<Real> write_terms(Fold fold, const Strip<T>& x, Target<U>& to, ptrdiff_t length, Finish finish) {
    const auto write = [&](auto& terms) {
        const auto row = shift<Real, Fold>(x, terms);
        for (ptrdiff_t i = 0; i < x.count(); ++i) to.put(i, finish(row, terms[i]));
        return row;
    };
    if constexpr (sizeof(U) == sizeof(double)) {
        return write(to);
    } else {  // where a term would be rounded, it is kept elsewhere, or else computed again
        Target<double> terms(fold.scratch, length);
        if (fold.scratch) return write(terms);
        Nowhere nowhere;
        const auto row = shift<Real, Fold>(x, nowhere);
        for (ptrdiff_t i = 0; i < x.count(); ++i) to.put(i, finish(row, row.term(x[i])));
        return row;
    }
}

template <class Real, class Finish>
void from_terms(const Real* x, ptrdiff_t rows, ptrdiff_t classes, Real* out, Finish finish) {
    for_rows(x, rows, classes, [&](auto fold, ptrdiff_t r, ptrdiff_t count, const auto& strip) {
        fold.write_rows(out + r * classes, count, classes,
                        [&](auto& to) { write_terms<Real>(fold, strip, to, classes, finish); });
    });
}

template <class Real> void softmax(const Real* x, ptrdiff_t rows, ptrdiff_t classes, Real* p) {
    from_terms(x, rows, classes, p,
               [](const auto& row, Doubles term) { return row.probability(term); });
}

template <class Real> void complement(const Real* x, ptrdiff_t rows, ptrdiff_t classes, Real* q) {
    from_terms(x, rows, classes, q,
               [](const auto& row, Doubles term) { return row.complement(term); });
}

template <class Real> void log_softmax(const Real* x, ptrdiff_t rows, ptrdiff_t classes, Real* log_p) {
    for_rows(x, rows, classes, [&](auto fold, ptrdiff_t r, ptrdiff_t count, const auto& strip) {
        Nowhere nowhere;
        const auto row = shift<Real, decltype(fold)>(strip, nowhere);
        fold.write_rows(log_p + r * classes, count, classes, [&](auto& to) {
            for (ptrdiff_t i = 0; i < strip.count(); ++i) to.put(i, row.log_probability(strip[i]));
        });
    });
}

template <class Real> void logsumexp(const Real* x, ptrdiff_t rows, ptrdiff_t classes, Real* out) {
    for_rows(x, rows, classes, [&](auto fold, ptrdiff_t r, ptrdiff_t count, const auto& strip) {
        Nowhere nowhere;
        const auto row = shift<Real, decltype(fold)>(strip, nowhere);
        fold.write(out + r, count, row.largest + row.log_total);
    });
}

// −log p of each row's label and, unless it is null, the gradient scale (p − e_label). A label that is no class
// gives NaN.
template <class Real>
void cross_entropy(const Real* x, ptrdiff_t rows, ptrdiff_t classes, const std::int64_t* labels,
                   const double* scale, double* losses, Real* gradient) {
    for_rows(x, rows, classes, [&](auto fold, ptrdiff_t r, ptrdiff_t count, const auto& strip) {
        using Fold = decltype(fold);
        const Doubles label = fold.locate(labels + r, count, classes), at_label = fold.pick(strip, label);
        Nowhere nowhere;
        if (!gradient) {
            const auto row = shift<Real, Fold>(strip, nowhere);
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
    for (ptrdiff_t i = 0; i < p.count(); ++i) {
        const Split centred = two_sum(v[i], -mean);
        to.put(i, p[i] * ((centred.value - rest) + centred.lost));
    }
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
    for (ptrdiff_t i = 0; i < from.count(); ++i) to.put(i, function(from[i]));
}

template <class Real>
constexpr dxent::RowKernels<Real> kernels = {softmax<Real>, complement<Real>, log_softmax<Real>,
                                             logsumexp<Real>, cross_entropy<Real>};

}  // namespace

namespace dxent::rows {
const RowKernelTable DXENT_LEVEL = {kernels<double>, kernels<float>,        ::product,
                                    each<::sigmoid>, each<::sigmoid_slope>, each<::softplus>};
}
