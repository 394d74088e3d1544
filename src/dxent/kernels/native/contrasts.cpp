// From contrasts of the classes to their outputs and back, and between the two orders of a matrix: a block of columns
// is turned in cache. Compiled once for each instruction set, under the name DXENT_LEVEL.
#include <type_traits>

#include "kernels.hpp"
#include "vector.hpp"

namespace {

using dxent::Entry;
using dxent::Matrix;

// Two lines of cache of each row, whose numbers stay in the second-level cache for a thousand classes.
constexpr ptrdiff_t kColumns = 16;

template <class Run> void as_typed(const Matrix& M, Run run) {
    if (M.entry == Entry::real)
        run(static_cast<double*>(const_cast<void*>(M.data)));
    else
        run(static_cast<float*>(const_cast<void*>(M.data)));
}

// Call work(row, column, place in memory) for `count` columns, in the order in which they lie there.
template <class Work> void visit(const Matrix& M, ptrdiff_t count, Work work) {
    if (M.column_stride == 1)
        for (ptrdiff_t k = 0; k < M.rows; ++k)
            for (ptrdiff_t c = 0; c < count; ++c) work(k, c, k * M.row_stride + c);
    else
        for (ptrdiff_t c = 0; c < count; ++c)
            for (ptrdiff_t k = 0; k < M.rows; ++k) work(k, c, k * M.row_stride + c * M.column_stride);
}

// A few columns: line(k) holds their numbers in row k.
struct Block {
    explicit Block(ptrdiff_t rows) : lines(rows * kColumns) {}
    double* line(ptrdiff_t k) { return lines + k * kColumns; }
    Buffer<double> lines;
};

// Call change(block, inverse scales) for every few columns of `from`, and write what it leaves to `to`.
template <class Change> void by_blocks(const Matrix& from, const double* scale, const Matrix& to, Change change) {
    Block block(from.rows < to.rows ? to.rows : from.rows);
    as_typed(from, [&](const auto* source) {
        as_typed(to, [&](auto* target) {
            for (ptrdiff_t first = 0; first < from.columns; first += kColumns) {
                const ptrdiff_t count = minimum(kColumns, from.columns - first);
                double inverse[kColumns] = {};
                for (ptrdiff_t c = 0; c < count; ++c) inverse[c] = 1 / scale[first + c];
                const auto* some = source + first * from.column_stride;
                auto* out = target + first * to.column_stride;
                visit(from, count, [&](auto k, auto c, auto at) { block.line(k)[c] = double(some[at]); });
                change(block, inverse);
                visit(to, count, [&](auto k, auto c, auto at) {
                    out[at] = std::remove_reference_t<decltype(*out)>(block.line(k)[c]);
                });
            }
        });
    });
}

void outputs(const Matrix& theta, const double* scale, const Matrix& weights) {
    const ptrdiff_t free = theta.rows;
    const double classes = double(weights.rows), root = __builtin_sqrt(classes);
    by_blocks(theta, scale, weights, [&](Block& block, const double* inverse) {
        double total[kColumns] = {}, shift[kColumns];
        for (ptrdiff_t k = 0; k < free; ++k)
            for (ptrdiff_t c = 0; c < kColumns; ++c) total[c] += block.line(k)[c] *= inverse[c];
        if (weights.rows == 1) return;
        for (ptrdiff_t c = 0; c < kColumns; ++c) shift[c] = total[c] / (classes - root);
        for (ptrdiff_t k = free; k > 0; --k)
            for (ptrdiff_t c = 0; c < kColumns; ++c) block.line(k)[c] = block.line(k - 1)[c] - shift[c];
        for (ptrdiff_t c = 0; c < kColumns; ++c) block.line(0)[c] = total[c] / root;
    });
}

void contrasts(const Matrix& weights, const double* scale, const Matrix& theta) {
    const ptrdiff_t free = theta.rows;
    const double classes = double(weights.rows), root = __builtin_sqrt(classes);
    by_blocks(weights, scale, theta, [&](Block& block, const double* inverse) {
        double shift[kColumns] = {};
        if (weights.rows > 1) {
            for (ptrdiff_t k = 1; k <= free; ++k)
                for (ptrdiff_t c = 0; c < kColumns; ++c) shift[c] += block.line(k)[c];
            for (ptrdiff_t c = 0; c < kColumns; ++c)
                shift[c] = block.line(0)[c] / root - shift[c] / (classes - root);
        }
        const ptrdiff_t from = weights.rows > 1;
        for (ptrdiff_t k = 0; k < free; ++k)
            for (ptrdiff_t c = 0; c < kColumns; ++c)
                block.line(k)[c] = (block.line(k + from)[c] + shift[c]) * inverse[c];
    });
}

}  // namespace

namespace dxent::to_outputs {
void DXENT_LEVEL(const Matrix& theta, const double* scale, const Matrix& weights) {
    ::outputs(theta, scale, weights);
}
}  // namespace dxent::to_outputs

namespace dxent::to_contrasts {
void DXENT_LEVEL(const Matrix& weights, const double* scale, const Matrix& theta) {
    ::contrasts(weights, scale, theta);
}
}  // namespace dxent::to_contrasts
