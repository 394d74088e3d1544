// Logits, a tile of rows at a time, to losses, probabilities and residuals; and the same for given logits.
#pragma once

#include "kernels.hpp"
#include "softmax_rows.hpp"
#include "transpose.hpp"

namespace {

using dxent::Entry;
using dxent::Matrix;

// Call visit with M's entries as what they are.
template <class Visit> void as_typed(const Matrix& M, Visit visit) {
    switch (M.entry) {
        case Entry::real: return visit(static_cast<const double*>(M.data));
        case Entry::single: return visit(static_cast<const float*>(M.data));
        case Entry::byte: return visit(static_cast<const std::uint8_t*>(M.data));
    }
}

// Fewer classes are transposed one by one.
constexpr ptrdiff_t kFewestInSquares = 3;

// Transpose kWidth rows of single or double numbers, to row r on.
template <class Source>
inline void read_square_rows(const Source* rows, ptrdiff_t row_stride, ptrdiff_t classes, ClassMajor to, ptrdiff_t r) {
    for (ptrdiff_t c = 0; c < classes; c = next_square(c, classes)) {
        Doubles square[kWidth];
        for (ptrdiff_t i = 0; i < kWidth; ++i) square[i] = load_wide(rows + i * row_stride + c);
        transpose(square);
        for (ptrdiff_t i = 0; i < minimum(kWidth, classes - c); ++i) store(to.at(c + i, r), square[i]);
    }
}

// Transpose rows first … first + count of a matrix of single or double numbers.
template <class Source>
void read_class_major(const Source* entries, const Matrix& M, ptrdiff_t first, ptrdiff_t count, ClassMajor to) {
    ptrdiff_t r = 0;
    if (M.column_stride == 1 && M.row_stride >= M.columns && M.columns >= kFewestInSquares)
        // a vector may reach beyond its row, into those that follow it, but not beyond the matrix
        for (; r + kWidth <= count && first + r + 2 * kWidth <= M.rows; r += kWidth)
            read_square_rows(entries + (first + r) * M.row_stride, M.row_stride, M.columns, to, r);
    for (; r < count; ++r)
        for (ptrdiff_t c = 0; c < M.columns; ++c)
            *to.at(c, r) = entries[(first + r) * M.row_stride + c * M.column_stride];
}

inline void read_class_major(const Matrix& M, ptrdiff_t first, ptrdiff_t count, ClassMajor to) {
    M.entry == Entry::real ? read_class_major(static_cast<const double*>(M.data), M, first, count, to)
                           : read_class_major(static_cast<const float*>(M.data), M, first, count, to);
}

// Transpose back, to rows first … first + count; `later` rows behind them are yet to be written.
template <class Real>
void write_row_major(ClassMajor from, ptrdiff_t classes, ptrdiff_t first, ptrdiff_t count, Real* to,
                     ptrdiff_t later = 0) {
    Real* rows = to + first * classes;
    const ptrdiff_t room = (count + later) * classes;
    ptrdiff_t r = 0;
    // a vector may reach into the next row, which is written after it
    for (; classes >= kFewestInSquares && r + kWidth <= count && (r + kWidth) * classes + kWidth <= room;
         r += kWidth)
        for (ptrdiff_t c = 0; c < classes; c = next_square(c, classes)) {
            Doubles square[kWidth];
            for (ptrdiff_t i = 0; i < kWidth; ++i) square[i] = load(from.at(minimum(c + i, classes - 1), r));
            transpose(square);
            for (ptrdiff_t i = 0; i < kWidth; ++i) store_rounded(rows + (r + i) * classes + c, square[i]);
        }
    for (; r < count; ++r)
        for (ptrdiff_t c = 0; c < classes; ++c) rows[r * classes + c] = Real(*from.at(c, r));
}

// Rows whose probabilities are written together: until then, these stay in the first-level cache.
constexpr ptrdiff_t kRowsOfProbs = 32;

// The losses of a tile. One output stands for two classes.
class TileLosses {
  public:
    TileLosses(ptrdiff_t outputs, ptrdiff_t height)
        : outputs_(outputs), classes_(outputs == 1 ? 2 : outputs), together_(minimum(kRowsOfProbs, height)),
          probs_(classes_ * together_),
          losses_(round_up(height, kLanes<double>)), labels_(round_up(height, kLanes<double>)) {}

    // Return Σ s ℓ over the rows of the tile; write p − e_y over its logits, and the probabilities of rows
    // first … first + count.
    template <class Real>
    double weigh(ClassMajor Z, ptrdiff_t first, ptrdiff_t count, const std::int64_t* labels,
                 const double* sample_weight, Real* probs) {
        const ClassMajor P{probs_, together_};
        std::memcpy(labels_, labels + first, std::size_t(count) * sizeof *labels);
        for (ptrdiff_t from = 0; from < count; from += together_) {
            const ptrdiff_t some = minimum(together_, count - from), later = count - from - some;
            const ClassMajor part{Z.data + from, Z.stride};
            for (ptrdiff_t r = 0; r < some; r += kLanes<double>)
                store(losses_ + from + r, outputs_ == 1
                                              ? binary_cross_entropy(part, r, labels_ + from, P)
                                              : cross_entropy(part, outputs_, r, labels_ + from, P));
            write_row_major(P, classes_, first + from, some, probs, later);
        }
        double loss = 0;
        for (ptrdiff_t r = 0; r < count; ++r) loss += sample_weight[first + r] * losses_[r];
        return loss;
    }

  private:
    ptrdiff_t outputs_, classes_, together_;
    Buffer<double> probs_, losses_;
    Buffer<std::int64_t> labels_;
};

constexpr ptrdiff_t kRowsOfLogits = 64, kLogitsTogether = 4096;

// Rows whose logits are worked on together.
inline ptrdiff_t rows_of_logits(ptrdiff_t outputs) {
    const ptrdiff_t fitting = kLogitsTogether / outputs / kWidth * kWidth;
    return fitting < kWidth ? kWidth : minimum(fitting, kRowsOfLogits);
}

// Call work(first, count, tile) for the rows of Z, tile by tile, and write the tile, weighted, to `out`.
template <class Real, class Work>
void map_rows(const Matrix& Z, const double* sample_weight, Real* out, Work work) {
    const ptrdiff_t rows = rows_of_logits(Z.columns);
    const Buffer<double> values(Z.columns * rows);
    const ClassMajor tile{values, rows};
    for (ptrdiff_t first = 0; first < Z.rows; first += rows) {
        const ptrdiff_t count = minimum(rows, Z.rows - first);
        read_class_major(Z, first, count, tile);
        work(first, count, tile);
        for (ptrdiff_t c = 0; c < Z.columns; ++c)
            for (ptrdiff_t r = 0; r < count; ++r) *tile.at(c, r) *= sample_weight[first + r];
        write_row_major(tile, Z.columns, first, count, out);
    }
}

template <class Real>
double weighted_cross_entropy(const Matrix& Z, const std::int64_t* labels, const double* sample_weight,
                              Real* probs, Real* residuals) {
    TileLosses losses(Z.columns, rows_of_logits(Z.columns));
    double loss = 0;
    map_rows(Z, sample_weight, residuals, [&](ptrdiff_t first, ptrdiff_t count, ClassMajor tile) {
        loss += losses.weigh(tile, first, count, labels, sample_weight, probs);
    });
    return loss;
}

inline double weighted_loss_slope(const Matrix& Z, const Matrix& U, double step, const std::int64_t* labels,
                                  const double* sample_weight) {
    const ptrdiff_t rows = rows_of_logits(Z.columns);
    const Buffer<double> logits(Z.columns * rows), directions(Z.columns * rows), slopes(rows);
    const Buffer<std::int64_t> tile_labels(rows);
    const ClassMajor tile{logits, rows}, tile_directions{directions, rows};
    double slope = 0;
    for (ptrdiff_t first = 0; first < Z.rows; first += rows) {
        const ptrdiff_t count = minimum(rows, Z.rows - first);
        read_class_major(Z, first, count, tile);
        read_class_major(U, first, count, tile_directions);
        for (ptrdiff_t k = 0; k < Z.columns * rows; k += kLanes<double>)
            store(logits + k, load(logits + k) + step * load(directions + k));
        std::memcpy(tile_labels, labels + first, std::size_t(count) * sizeof *labels);
        for (ptrdiff_t r = 0; r < count; r += kLanes<double>)
            store(slopes + r, Z.columns == 1
                                  ? binary_loss_slope(tile, tile_directions, r, tile_labels)
                                  : loss_slope(tile, tile_directions, Z.columns, r, tile_labels));
        for (ptrdiff_t r = 0; r < count; ++r) slope += sample_weight[first + r] * slopes[r];
    }
    return slope;
}

template <class Real>
void weighted_softmax_jacobian(const Matrix& probs, const Matrix& U, const double* sample_weight,
                               Real* out) {
    const ptrdiff_t rows = rows_of_logits(U.columns);
    const Buffer<double> tile_probs(probs.columns * rows);
    const ClassMajor P{tile_probs, rows};
    map_rows(U, sample_weight, out, [&](ptrdiff_t first, ptrdiff_t count, ClassMajor tile) {
        read_class_major(probs, first, count, P);
        for (ptrdiff_t r = 0; r < count; r += kLanes<double>) softmax_jacobian(P, U.columns, r, tile);
    });
}

}  // namespace
