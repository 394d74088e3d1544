// Passes over sparse rows whose weights and gradient stay in cache: a few rows' logits, their residuals and what
// those add to the gradient follow each other, so that each stored entry is read from memory once. Compiled once for
// each instruction set, under the name DXENT_LEVEL.
#include "logit_tile.hpp"
#include "sparse_rows.hpp"

namespace {

// Sums of so many rows are added up by themselves: the rounding errors of a long column stay small.
constexpr ptrdiff_t kRowsASum = 8 * kRowsOfLogits;

// A number for each of some outputs; for one output it is just that.
template <int lanes> struct Several {
    typedef double type __attribute__((vector_size(lanes * sizeof(double))));
};
template <> struct Several<1> { using type = double; };

template <class V> inline V several(const double* from) {
    V v;
    std::memcpy(&v, from, sizeof v);
    return v;
}
template <class V> inline void put(double* to, V v) { std::memcpy(to, &v, sizeof v); }

// rows = X B for some columns of B, and sums += Xᵀ rows, whose last line is that of a column of ones. Both are
// functions of their own, that their loops have the registers to themselves.
template <int lanes, class Values, class Columns>
[[gnu::noinline]] void multiply(Values values, Columns columns, const std::int64_t* starts, ptrdiff_t count,
                                const double* B, ptrdiff_t width, double* rows) {
    using V = typename Several<lanes>::type;
    const ptrdiff_t stride = lanes == 1 ? 1 : width;
    for (ptrdiff_t r = 0; r < count; ++r) {
        V total = {};
#pragma GCC unroll 4
        for (ptrdiff_t p = starts[r]; p < starts[r + 1]; ++p)
            total += double(values[p]) * several<V>(B + columns[p] * stride);
        put(rows + r * stride, total);
    }
}

template <int lanes, class Values, class Columns>
[[gnu::noinline]] void accumulate(Values values, Columns columns, const std::int64_t* starts, ptrdiff_t count,
                                  const double* rows, ptrdiff_t width, double* sums, ptrdiff_t last) {
    using V = typename Several<lanes>::type;
    const ptrdiff_t stride = lanes == 1 ? 1 : width;
    V total = {};
    for (ptrdiff_t r = 0; r < count; ++r) {
        const V row = several<V>(rows + r * stride);
        total += row;
        const ptrdiff_t stop = starts[r + 1];
#pragma GCC unroll 4
        for (ptrdiff_t p = starts[r]; p < stop; ++p) {
            double* to = sums + columns[p] * stride;
            put(to, several<V>(to) + double(values[p]) * row);
        }
    }
    put(sums + last * stride, several<V>(sums + last * stride) + total);
}

// Weights, sums and the rows' numbers have the outputs side by side, filled up to whole vectors.
template <int lanes, class Values, class Columns> class SparsePass {
  public:
    using V = typename Several<lanes>::type;

    SparsePass(const SparseRows& X, Values values, Columns columns, const Matrix& W, const double* shift)
        : X_(X), values_(values), columns_(columns), features_(W.columns), outputs_(W.rows),
          stride_(round_up(outputs_, lanes)), shift_(shift), weights_(features_ * stride_),
          sums_((features_ + 1) * stride_), gradient_((features_ + 1) * stride_),
          rows_(kRowsOfLogits * stride_), tile_(outputs_ * kRowsOfLogits) {
        as_typed(W, [&](const auto* w) {
            for (ptrdiff_t t = 0; t < outputs_; ++t)
                for (ptrdiff_t k = 0; k < features_; ++k)
                    weights_[k * stride_ + t] = w[t * W.row_stride + k * W.column_stride];
        });
    }

    // Call work(first, count, tile), which makes residuals of logits, for a few rows at a time.
    template <class Work> void for_rows(const double* sample_weight, Work work) {
        const ClassMajor tile{tile_, kRowsOfLogits};
        for (ptrdiff_t first = 0; first < X_.rows; first += kRowsOfLogits) {
            const ptrdiff_t count = minimum(kRowsOfLogits, X_.rows - first);
            multiply(first, count);
            for (ptrdiff_t t = 0; t < outputs_; ++t)
                for (ptrdiff_t r = 0; r < count; ++r) *tile.at(t, r) = rows_[r * stride_ + t] - shift_[t];
            work(first, count, tile);
            for (ptrdiff_t t = 0; t < outputs_; ++t)
                for (ptrdiff_t r = 0; r < count; ++r)
                    rows_[r * stride_ + t] = *tile.at(t, r) * sample_weight[first + r];
            accumulate(first, count);
            if ((first + kRowsOfLogits) % kRowsASum == 0) add_sums();
        }
        add_sums();
    }

    // Write the gradient as a matrix (outputs, features + 1) in row order; the last column sums the residuals.
    void write_gradient(double* to) const {
        for (ptrdiff_t t = 0; t < outputs_; ++t)
            for (ptrdiff_t k = 0; k <= features_; ++k) *to++ = gradient_[k * stride_ + t];
    }

  private:
    void multiply(ptrdiff_t first, ptrdiff_t count) const {
        for (ptrdiff_t t = 0; t < outputs_; t += lanes)
            ::multiply<lanes>(values_, columns_, X_.starts + first, count, weights_ + t, stride_, rows_ + t);
    }
    void accumulate(ptrdiff_t first, ptrdiff_t count) const {
        for (ptrdiff_t t = 0; t < outputs_; t += lanes)
            ::accumulate<lanes>(values_, columns_, X_.starts + first, count, rows_ + t, stride_, sums_ + t,
                                features_);
    }

    void add_sums() {
        const ptrdiff_t size = (features_ + 1) * stride_;
        for (ptrdiff_t k = 0; k < size; ++k) gradient_[k] += sums_[k];
        std::memset(sums_, 0, std::size_t(size) * sizeof(double));
    }

    const SparseRows& X_;
    Values values_;
    Columns columns_;
    ptrdiff_t features_, outputs_, stride_;
    const double* shift_;
    Buffer<double> weights_, sums_, gradient_, rows_, tile_;
};

// Call run with a pass over X as it is stored.
template <class Run> void with_pass(const SparseRows& X, const Matrix& W, const double* shift, Run run) {
    as_stored(X, [&](auto values, auto columns) {
        if (W.rows == 1)
            run(SparsePass<1, decltype(values), decltype(columns)>(X, values, columns, W, shift));
        else
            run(SparsePass<int(kLanes<double>), decltype(values), decltype(columns)>(X, values, columns, W,
                                                                                    shift));
    });
}

template <class Real>
double loss_pass(const SparseRows& X, const Matrix& W, const double* shift, const std::int64_t* labels,
                 const double* sample_weight, double* gradient, Real* probs) {
    TileLosses losses(W.rows, kRowsOfLogits);
    double loss = 0;
    with_pass(X, W, shift, [&](auto pass) {
        pass.for_rows(sample_weight, [&](ptrdiff_t first, ptrdiff_t count, ClassMajor tile) {
            loss += losses.weigh(tile, first, count, labels, sample_weight, probs);
        });
        pass.write_gradient(gradient);
    });
    return loss;
}

// What is summed of each column; a number of rows is a sum of ones.
struct ColumnSums {
    double deviation, square, weight, count;
};

template <class Values, class Columns>
void column_spread(const SparseRows& X, Values values, Columns columns, ptrdiff_t features, const double* centre,
                   const double* sample_weight, double* spread) {
    double* largest = spread + 4 * features;
    std::memset(spread, 0, std::size_t(5 * features) * sizeof(double));
    const Buffer<ColumnSums> sums(features);
    for (ptrdiff_t first = 0; first < X.rows; first += kRowsASum) {
        std::memset(sums, 0, std::size_t(features) * sizeof(ColumnSums));
        for (ptrdiff_t r = first; r < minimum(first + kRowsASum, X.rows); ++r) {
            const double weight = sample_weight[r];
            if (!(weight > 0)) continue;
            for (ptrdiff_t p = X.starts[r]; p < X.starts[r + 1]; ++p) {
                const ptrdiff_t c = columns[p];
                const double deviation = double(values[p]) - centre[c], weighted = weight * deviation;
                const double size = deviation < 0 ? -deviation : deviation;
                const ColumnSums old = sums[c];
                sums[c] = {old.deviation + weighted, old.square + weighted * deviation, old.weight + weight,
                           old.count + 1};
                largest[c] = size > largest[c] ? size : largest[c];
            }
        }
        for (ptrdiff_t c = 0; c < features; ++c) {
            spread[c] += sums[c].deviation;
            spread[features + c] += sums[c].square;
            spread[2 * features + c] += sums[c].weight;
            spread[3 * features + c] += sums[c].count;
        }
    }
}

}  // namespace

namespace dxent::sparse_loss {

double DXENT_LEVEL(const SparseRows& X, const Matrix& W, const double* shift, const std::int64_t* labels,
                   const double* sample_weight, double* gradient, void* probs) {
    if (W.entry == Entry::real)
        return ::loss_pass(X, W, shift, labels, sample_weight, gradient, static_cast<double*>(probs));
    return ::loss_pass(X, W, shift, labels, sample_weight, gradient, static_cast<float*>(probs));
}

}  // namespace dxent::sparse_loss

namespace dxent::sparse_hessian {

void DXENT_LEVEL(const SparseRows& X, const Matrix& probs, const double* sample_weight, const Matrix& V,
                 const double* shift, double* product) {
    const Buffer<double> tile_probs(probs.columns * kRowsOfLogits);
    const ClassMajor P{tile_probs, kRowsOfLogits};
    with_pass(X, V, shift, [&](auto pass) {
        pass.for_rows(sample_weight, [&](ptrdiff_t first, ptrdiff_t count, ClassMajor tile) {
            read_class_major(probs, first, count, P);
            for (ptrdiff_t r = 0; r < count; r += kLanes<double>) softmax_jacobian(P, V.rows, r, tile);
        });
        pass.write_gradient(product);
    });
}

}  // namespace dxent::sparse_hessian

namespace dxent::sparse_spread {

void DXENT_LEVEL(const SparseRows& X, ptrdiff_t features, const double* centre, const double* sample_weight,
                 double* spread) {
    as_stored(X, [&](auto values, auto columns) {
        column_spread(X, values, columns, features, centre, sample_weight, spread);
    });
}

}  // namespace dxent::sparse_spread
