// The dense kernels: each row is read from memory once; logits, softmax and the gradient's rank update follow
// while its tile is in cache. Compiled once for each instruction set, under the name DXENT_LEVEL.
#include "dense_tile.hpp"
#include "softmax_rows.hpp"

namespace {

// Call visit with M's entries as what they are, float or double.
template <class Visit> void as_typed(const Matrix& M, Visit visit) {
    if (M.is_double)
        visit(static_cast<const double*>(M.data));
    else
        visit(static_cast<const float*>(M.data));
}

void read_class_major(const Matrix& M, ptrdiff_t first, ptrdiff_t count, ClassMajor to) {
    as_typed(M, [&](const auto* entries) {
        for (ptrdiff_t r = 0; r < count; ++r)
            for (ptrdiff_t c = 0; c < M.columns; ++c)
                *to.at(c, r) = entries[(first + r) * M.row_stride + c * M.column_stride];
    });
}

template <class Real>
void write_row_major(ClassMajor from, ptrdiff_t classes, ptrdiff_t first, ptrdiff_t count, Real* to) {
    for (ptrdiff_t r = 0; r < count; ++r)
        for (ptrdiff_t c = 0; c < classes; ++c) to[(first + r) * classes + c] = Real(*from.at(c, r));
}

// Weights as rows of whole vectors, and the biases beside them.
template <class Real> struct Weights {
    Weights(const Matrix& W, ptrdiff_t features)
        : outputs(W.rows), rows(W.rows, features, nullptr), bias(W.rows) {
        rows.read(W, 0, W.rows);
        if (W.columns > features)
            as_typed(W, [&](const auto* w) {
                w += features * W.column_stride;
                for (ptrdiff_t t = 0; t < outputs; ++t) bias[t] = w[t * W.row_stride];
            });
    }
    ptrdiff_t outputs;
    Rows<Real> rows;
    Buffer<double> bias;
};

// The workspace of one pass: a tile of rows, a number for each of its rows and each output, and the gradient.
template <class Real> class Pass {
  public:
    Pass(const Matrix& X, const double* centre, ptrdiff_t outputs)
        : X_(X), outputs_(outputs), height_(tile_height(X.columns, sizeof(Real))),
          tile_(height_, X.columns, centre), values_(outputs * height_), factors_(outputs * height_),
          gradient_(outputs * tile_.stride()), bias_gradient_(outputs) {}

    ClassMajor values() const { return {values_, height_}; }
    ptrdiff_t height() const { return height_; }

    // Call work(first, count) for each tile, once its rows are in cache.
    template <class Work> void for_tiles(Work work) {
        for (ptrdiff_t first = 0; first < X_.rows; first += height_) {
            const ptrdiff_t count = minimum(height_, X_.rows - first);
            tile_.read(X_, first, count);
            work(first, count);
        }
    }

    // values = W x + b for each row of the tile. This and `update` are large: one copy serves all kernels.
    __attribute__((noinline)) void multiply(const Weights<Real>& W, ptrdiff_t count) {
        for (ptrdiff_t t = 0; t < outputs_; ++t)
            for (ptrdiff_t r = 0; r < height_; ++r) *values().at(t, r) = W.bias[t];
        const ptrdiff_t panel = round_up(X_.columns / (X_.columns / kPanel + 1) + 1, kLanes<Real>);
        for (ptrdiff_t from = 0; from < X_.columns; from += panel) {
            const ptrdiff_t length = minimum(panel, tile_.stride() - from);
            for_class_blocks(outputs_, [&](ptrdiff_t t, auto C) {
                const Real* w = W.rows[t] + from;
                for_blocks<depth(C.value)>(count, [&](ptrdiff_t r, auto R) {
                    dot_block<Real, C.value, R.value>(tile_[r] + from, tile_.stride(), w, W.rows.stride(),
                                                      length, values().at(t, r), height_);
                });
            });
        }
    }

    // Add values × scale of each row, times the row, to the gradient.
    template <class Scale> void accumulate(ptrdiff_t count, Scale scale) {
        for (ptrdiff_t t = 0; t < outputs_; ++t)
            for (ptrdiff_t r = 0; r < count; ++r) {
                const double factor = *values().at(t, r) * scale(r);
                factors_[t * height_ + r] = Real(factor);
                bias_gradient_[t] += factor;
            }
        update(count);
    }

    // Write the gradient as a matrix (outputs, columns) in row order; the bias's is its last column.
    void write_gradient(ptrdiff_t columns, double* to) const {
        for (ptrdiff_t t = 0; t < outputs_; ++t) {
            const double* row = gradient_ + t * tile_.stride();
            for (ptrdiff_t k = 0; k < X_.columns; ++k) to[t * columns + k] = row[k];
            if (columns > X_.columns) to[t * columns + X_.columns] = bias_gradient_[t];
        }
    }

  private:
    // gradient += Σ_r factors_r × row r of the tile.
    __attribute__((noinline)) void update(ptrdiff_t count) {
        constexpr ptrdiff_t strip = 8 * kLanes<Real>;
        for (ptrdiff_t from = 0; from < tile_.stride(); from += strip) {
            const ptrdiff_t vectors = minimum(strip, tile_.stride() - from) / kLanes<Real>;
            for_class_blocks(outputs_, [&](ptrdiff_t t, auto C) {
                for_blocks<depth(C.value)>(vectors, [&](ptrdiff_t v, auto N) {
                    const ptrdiff_t k = from + v * kLanes<Real>;
                    rank_update<Real, C.value, N.value>(tile_[0] + k, tile_.stride(), count,
                                                        factors_ + t * height_, height_,
                                                        gradient_ + t * tile_.stride() + k, tile_.stride());
                });
            });
        }
    }

    // Five classes and four rows of a panel fill the first-level cache.
    static constexpr ptrdiff_t kPanel = 3584 / sizeof(Real);

    const Matrix& X_;
    ptrdiff_t outputs_, height_;
    Rows<Real> tile_;
    Buffer<double> values_;
    Buffer<Real> factors_;
    Buffer<double> gradient_, bias_gradient_;
};

template <class Real> void logits(const Matrix& X, const double* centre, const Matrix& W, Real* out) {
    const Weights<Real> weights(W, X.columns);
    Pass<Real> pass(X, centre, W.rows);
    pass.for_tiles([&](ptrdiff_t first, ptrdiff_t count) {
        pass.multiply(weights, count);
        write_row_major(pass.values(), W.rows, first, count, out);
    });
}

template <class Real>
void pullback(const Matrix& X, const double* centre, const Matrix& residuals, bool with_bias,
              double* gradient) {
    Pass<Real> pass(X, centre, residuals.columns);
    pass.for_tiles([&](ptrdiff_t first, ptrdiff_t count) {
        read_class_major(residuals, first, count, pass.values());
        pass.accumulate(count, [](ptrdiff_t) { return 1.0; });
    });
    pass.write_gradient(X.columns + with_bias, gradient);
}

template <class Real>
double loss_pass(const Matrix& X, const double* centre, const Matrix& W, const std::int64_t* labels,
                 const double* sample_weight, double* gradient, Real* probs) {
    const Weights<Real> weights(W, X.columns);
    Pass<Real> pass(X, centre, W.rows);
    const ptrdiff_t outputs = W.rows, classes = outputs == 1 ? 2 : outputs, height = pass.height();
    const Buffer<double> tile_probs(classes * height), losses(height);
    const Buffer<std::int64_t> tile_labels(height);
    const ClassMajor P{tile_probs, height}, Z = pass.values();
    double loss = 0;
    pass.for_tiles([&](ptrdiff_t first, ptrdiff_t count) {
        pass.multiply(weights, count);
        std::memcpy(tile_labels, labels + first, std::size_t(count) * sizeof *labels);
        for (ptrdiff_t r = 0; r < count; r += kLanes<double>)
            store(losses + r, outputs == 1 ? binary_cross_entropy(Z, r, tile_labels, P)
                                           : cross_entropy(Z, outputs, r, tile_labels, P));
        for (ptrdiff_t r = 0; r < count; ++r) loss += sample_weight[first + r] * losses[r];
        write_row_major(P, classes, first, count, probs);
        pass.accumulate(count, [&](ptrdiff_t r) { return sample_weight[first + r]; });
    });
    pass.write_gradient(W.columns, gradient);
    return loss;
}

template <class Real>
void hessian_pass(const Matrix& X, const double* centre, const Matrix& probs, const double* sample_weight,
                  const Matrix& direction, double* product) {
    const Weights<Real> weights(direction, X.columns);
    Pass<Real> pass(X, centre, direction.rows);
    const Buffer<double> tile_probs(probs.columns * pass.height());
    const ClassMajor P{tile_probs, pass.height()};
    pass.for_tiles([&](ptrdiff_t first, ptrdiff_t count) {
        pass.multiply(weights, count);
        read_class_major(probs, first, count, P);
        for (ptrdiff_t r = 0; r < count; r += kLanes<double>)
            softmax_jacobian(P, direction.rows, r, pass.values());
        pass.accumulate(count, [&](ptrdiff_t r) { return sample_weight[first + r]; });
    });
    pass.write_gradient(direction.columns, product);
}

void column_spread(const Matrix& X, const double* centre, const double* sample_weight, double* spread) {
    const ptrdiff_t height = tile_height(X.columns, sizeof(double));
    Rows<double> tile(height, X.columns, centre);
    const Buffer<double> sums(tile.stride()), squares(tile.stride()), largest(tile.stride());
    for (ptrdiff_t first = 0; first < X.rows; first += height) {
        const ptrdiff_t count = minimum(height, X.rows - first);
        tile.read(X, first, count);
        for (ptrdiff_t r = 0; r < count; ++r) {
            const double weight = sample_weight[first + r];
            if (!(weight > 0)) continue;
            for (ptrdiff_t k = 0; k < tile.stride(); k += kLanes<double>) {
                const Doubles deviation = load(tile[r] + k), weighted = weight * deviation;
                const Doubles size = deviation < 0.0 ? -deviation : deviation, most = load(largest + k);
                store(sums + k, load(sums + k) + weighted);
                store(squares + k, load(squares + k) + weighted * deviation);
                store(largest + k, size > most ? size : most);
            }
        }
    }
    const std::size_t bytes = std::size_t(X.columns) * sizeof(double);
    std::memcpy(spread, sums, bytes);
    std::memcpy(spread + X.columns, squares, bytes);
    std::memcpy(spread + 2 * X.columns, largest, bytes);
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
        W.is_double ? ::logits(X, centre, W, static_cast<double*>(out))
                    : ::logits(X, centre, W, static_cast<float*>(out));
    },
    [](const Matrix& X, const double* centre, const Matrix& R, bool with_bias, double* gradient) {
        R.is_double ? ::pullback<double>(X, centre, R, with_bias, gradient)
                    : ::pullback<float>(X, centre, R, with_bias, gradient);
    },
    [](const Matrix& X, const double* centre, const Matrix& W, const std::int64_t* labels,
       const double* sample_weight, double* gradient, void* probs) {
        return W.is_double
                   ? ::loss_pass(X, centre, W, labels, sample_weight, gradient, static_cast<double*>(probs))
                   : ::loss_pass(X, centre, W, labels, sample_weight, gradient, static_cast<float*>(probs));
    },
    [](const Matrix& X, const double* centre, const Matrix& probs, const double* sample_weight,
       const Matrix& V, double* product) {
        V.is_double ? ::hessian_pass<double>(X, centre, probs, sample_weight, V, product)
                    : ::hessian_pass<float>(X, centre, probs, sample_weight, V, product);
    },
    ::column_spread,
    map<::exp>,
    map<::log1p>,
    dxent::rows::DXENT_LEVEL,
};

}  // namespace

namespace dxent {
const Kernels DXENT_LEVEL = table;
}
