// The workspace of one pass over the rows: a tile of them, a number for each of its rows and each output, and
// the gradient.
#pragma once

#include "dense_tile.hpp"

namespace {

// Weights as lines of whole vectors, and the biases beside them.
template <class Real> class Weights {
  public:
    Weights(const Matrix& W, ptrdiff_t features)
        : outputs_(W.rows), features_(features), stride_(line_stride<Real>(features)),
          rows_(W.rows * stride_), bias_(W.rows) {
        as_typed(W, [&](const auto* w) {
            for (ptrdiff_t t = 0; t < W.rows; ++t) {
                const auto* row = w + t * W.row_stride;
                for (ptrdiff_t k = 0; k < features; ++k)
                    rows_[t * stride_ + k] = Real(row[k * W.column_stride]);
                if (W.columns > features) bias_[t] = row[features * W.column_stride];
            }
        });
    }
    Lines<Real> lines() const { return {rows_, stride_, outputs_, features_}; }
    double bias(ptrdiff_t output) const { return bias_[output]; }

  private:
    ptrdiff_t outputs_, features_, stride_;
    Buffer<Real> rows_;
    Buffer<double> bias_;
};

// With few outputs there is little to do with a tile, which then stays in the first-level cache.
constexpr ptrdiff_t kFewOutputs = 3, kBytesForFew = 16 * 1024;

constexpr ptrdiff_t kTallest = 256;

template <class Real> inline ptrdiff_t pass_height(ptrdiff_t features, ptrdiff_t outputs) {
    return tile_height(features, sizeof(Real), outputs > kFewOutputs ? kTileBytes : kBytesForFew, kTallest);
}

// Vectors lie along the longer side of a tile: fewer sums cross lanes. `products` is how many of the two products
// follow the reading of each tile.
template <class Real> class Pass {
  public:
    Pass(const Matrix& X, const double* centre, ptrdiff_t outputs, ptrdiff_t products)
        : Pass(X, centre, outputs, products, pass_height<Real>(X.columns, outputs)) {}

    ClassMajor values() const { return {values_, height_}; }
    ptrdiff_t height() const { return height_; }

    // Call work(first, count) for each tile.
    template <class Work> void for_tiles(Work work) {
        for (ptrdiff_t first = 0; first < X_.rows; first += height_) {
            ahead_ = tile_.ahead(first, steps_);
            work(first, minimum(height_, X_.rows - first));
        }
    }

    void read(ptrdiff_t first, ptrdiff_t count) { tile_.read(first, count, ahead_); }

    // Read rows; values = W x + b for each.
    void multiply(const Weights<Real>& W, ptrdiff_t first, ptrdiff_t count) {
        for (ptrdiff_t t = 0; t < outputs_; ++t)
            for (ptrdiff_t r = 0; r < height_; ++r) *values().at(t, r) = W.bias(t);
        if (tile_.is_by_column()) {
            read(first, count);
            add_outer(W.lines(), tile_.lines(), values_, height_, ahead_);
        } else
            tile_.read_and_add_inner(first, count, W.lines(), values_, height_, ahead_);
    }

    // Add values × scale of each row, times the row, to the gradient.
    void accumulate(ptrdiff_t count, const double* scale) {
        const ptrdiff_t whole = round_up(count, kLanes<double>);
        std::memset(scale_, 0, std::size_t(height_) * sizeof(double));
        std::memcpy(scale_, scale, std::size_t(count) * sizeof(double));
        for (ptrdiff_t t = 0; t < outputs_; ++t) {
            const double* values = values_ + t * height_;
            Real* factors = factors_ + t * height_;
            Doubles total = broadcast<Doubles>(0.0);
            for (ptrdiff_t r = 0; r < whole; r += kLanes<double>)
                total += load(values + r) * load(scale_ + r);
            for (ptrdiff_t r = 0; r < height_; ++r) factors[r] = Real(values[r] * scale_[r]);
            bias_gradient_[t] += sums(total, total)[0];
        }
        const Lines<Real> factors = {factors_, height_, outputs_, count};
        if (tile_.is_by_column())
            add_inner(factors, tile_.lines(), gradient_, gradient_stride_, ahead_);
        else
            add_outer(factors, tile_.lines(), gradient_, gradient_stride_, ahead_);
    }

    // Write the gradient as a matrix (outputs, columns) in row order; the bias's is its last column.
    void write_gradient(ptrdiff_t columns, double* to) const {
        for (ptrdiff_t t = 0; t < outputs_; ++t) {
            const double* row = gradient_ + t * gradient_stride_;
            for (ptrdiff_t k = 0; k < X_.columns; ++k) to[t * columns + k] = row[k];
            if (columns > X_.columns) to[t * columns + X_.columns] = bias_gradient_[t];
        }
    }

  private:
    Pass(const Matrix& X, const double* centre, ptrdiff_t outputs, ptrdiff_t products, ptrdiff_t height)
        : X_(X), outputs_(outputs), tile_(X, centre, X.columns < height, height), height_(tile_.height()),
          gradient_stride_(line_stride<Real>(X.columns)),
          steps_(products * product_steps<Real>(outputs, height_, X.columns) + tile_.reading_steps()),
          values_(outputs * height_), scale_(height_), factors_(outputs * height_),
          gradient_(outputs * gradient_stride_), bias_gradient_(outputs) {}

    const Matrix& X_;
    ptrdiff_t outputs_;
    Tile<Real> tile_;
    ptrdiff_t height_, gradient_stride_, steps_;
    Ahead ahead_ = {};
    Buffer<double> values_, scale_;
    Buffer<Real> factors_;
    Buffer<double> gradient_, bias_gradient_;
};

}  // namespace
