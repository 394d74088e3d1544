// The dense kernels: each row is read from memory once; logits, softmax and the gradient's rank update follow
// while its tile is in cache. Compiled once for each instruction set, under the name DXENT_LEVEL.
#include "column_spread.hpp"
#include "dense_pass.hpp"

namespace {

template <class Real> void logits(const Matrix& X, const double* centre, const Matrix& W, Real* out) {
    const Weights<Real> weights(W, X.columns);
    Pass<Real> pass(X, centre, W.rows, 1);
    pass.for_tiles([&](ptrdiff_t first, ptrdiff_t count) {
        pass.multiply(weights, first, count);
        write_row_major(pass.values(), W.rows, first, count, out);
    });
}

template <class Real>
void pullback(const Matrix& X, const double* centre, const Matrix& residuals, bool with_bias,
              double* gradient) {
    Pass<Real> pass(X, centre, residuals.columns, 1);
    const Buffer<double> ones(pass.height());
    for (ptrdiff_t r = 0; r < pass.height(); ++r) ones[r] = 1;
    pass.for_tiles([&](ptrdiff_t first, ptrdiff_t count) {
        pass.read(first, count);
        read_class_major(residuals, first, count, pass.values());
        pass.accumulate(count, ones);
    });
    pass.write_gradient(X.columns + with_bias, gradient);
}

template <class Real>
double loss_pass(const Matrix& X, const double* centre, const Matrix& W, const std::int64_t* labels,
                 const double* sample_weight, double* gradient, Real* probs) {
    const Weights<Real> weights(W, X.columns);
    Pass<Real> pass(X, centre, W.rows, 2);
    TileLosses losses(W.rows, pass.height());
    double loss = 0;
    pass.for_tiles([&](ptrdiff_t first, ptrdiff_t count) {
        pass.multiply(weights, first, count);
        loss += losses.weigh(pass.values(), first, count, labels, sample_weight, probs);
        pass.accumulate(count, sample_weight + first);
    });
    pass.write_gradient(W.columns, gradient);
    return loss;
}

template <class Real>
void hessian_pass(const Matrix& X, const double* centre, const Matrix& probs, const double* sample_weight,
                  const Matrix& direction, double* product) {
    const Weights<Real> weights(direction, X.columns);
    Pass<Real> pass(X, centre, direction.rows, 2);
    const Buffer<double> tile_probs(probs.columns * pass.height());
    const ClassMajor P{tile_probs, pass.height()};
    pass.for_tiles([&](ptrdiff_t first, ptrdiff_t count) {
        pass.multiply(weights, first, count);
        read_class_major(probs, first, count, P);
        for (ptrdiff_t r = 0; r < count; r += kLanes<double>)
            softmax_jacobian(P, direction.rows, r, pass.values());
        pass.accumulate(count, sample_weight + first);
    });
    pass.write_gradient(direction.columns, product);
}

template <Doubles function(Doubles)> void map(const double* x, double* y, ptrdiff_t count) {
    for (ptrdiff_t i = 0; i < count; i += kLanes<double>) {
        const std::size_t bytes = std::size_t(minimum(kLanes<double>, count - i)) * sizeof(double);
        Doubles v = broadcast<Doubles>(0.0);
        std::memcpy(&v, x + i, bytes);
        v = function(v);
        std::memcpy(y + i, &v, bytes);
    }
}

#define DXENT_NAME_(level) #level
#define DXENT_NAME(level) DXENT_NAME_(level)

constexpr dxent::Kernels table = {
    DXENT_NAME(DXENT_LEVEL),
    [](const Matrix& X, const double* centre, const Matrix& W, void* out) {
        W.entry == Entry::real ? ::logits(X, centre, W, static_cast<double*>(out))
                    : ::logits(X, centre, W, static_cast<float*>(out));
    },
    [](const Matrix& X, const double* centre, const Matrix& R, bool with_bias, double* gradient) {
        R.entry == Entry::real ? ::pullback<double>(X, centre, R, with_bias, gradient)
                    : ::pullback<float>(X, centre, R, with_bias, gradient);
    },
    [](const Matrix& X, const double* centre, const Matrix& W, const std::int64_t* labels,
       const double* sample_weight, double* gradient, void* probs) {
        return W.entry == Entry::real
                   ? ::loss_pass(X, centre, W, labels, sample_weight, gradient, static_cast<double*>(probs))
                   : ::loss_pass(X, centre, W, labels, sample_weight, gradient, static_cast<float*>(probs));
    },
    [](const Matrix& X, const double* centre, const Matrix& probs, const double* sample_weight,
       const Matrix& V, double* product) {
        if (V.entry == Entry::real) return ::hessian_pass<double>(X, centre, probs, sample_weight, V, product);
        const FlushedToZero flushed;
        ::hessian_pass<float>(X, centre, probs, sample_weight, V, product);
    },
    ::column_spread,
    [](const Matrix& Z, const std::int64_t* labels, const double* sample_weight, void* probs,
       void* residuals) {
        return Z.entry == Entry::real
                   ? ::weighted_cross_entropy(Z, labels, sample_weight, static_cast<double*>(probs),
                                              static_cast<double*>(residuals))
                   : ::weighted_cross_entropy(Z, labels, sample_weight, static_cast<float*>(probs),
                                              static_cast<float*>(residuals));
    },
    ::weighted_loss_slope,
    [](const Matrix& probs, const Matrix& U, const double* sample_weight, void* out) {
        if (U.entry == Entry::real)
            return ::weighted_softmax_jacobian(probs, U, sample_weight, static_cast<double*>(out));
        const FlushedToZero flushed;
        ::weighted_softmax_jacobian(probs, U, sample_weight, static_cast<float*>(out));
    },
    map<::exp>,
    map<::log1p>,
    dxent::sparse::DXENT_LEVEL,
    dxent::sparse_loss::DXENT_LEVEL,
    dxent::sparse_hessian::DXENT_LEVEL,
    dxent::sparse_spread::DXENT_LEVEL,
    dxent::grams::DXENT_LEVEL,
    dxent::sparse_grams::DXENT_LEVEL,
    dxent::to_outputs::DXENT_LEVEL,
    dxent::to_contrasts::DXENT_LEVEL,
    dxent::rows::DXENT_LEVEL,
};

}  // namespace

namespace dxent {
const Kernels DXENT_LEVEL = table;
}
