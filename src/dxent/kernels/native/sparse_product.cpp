// A B − u vᵀ for sparse A: each stored entry adds a multiple of one row of B, whose columns fill whole vectors.
// The outer product is what centring subtracts: nothing is filled in. Compiled once for each instruction set,
// under the name DXENT_LEVEL.
#include "kernels.hpp"
#include "vector.hpp"

namespace {

using dxent::Entry;
using dxent::Matrix;
using dxent::SparseRows;

// The rows of B come from far away in memory, in no order that the processor could guess.
constexpr ptrdiff_t kEntriesAhead = 32;

// What stays in the second-level cache needs no fetching.
constexpr ptrdiff_t kNearBytes = 256 * 1024;

// Sums of so many terms are added up by themselves: the rounding errors of a long row, or column, stay small.
constexpr ptrdiff_t kEntriesASum = 512;

constexpr int kMostVectors = 8;

// So many rows of the product are formed before they are written: to memory in either order.
constexpr ptrdiff_t kRowsTogether = 32;

template <class Real, int lanes> struct VectorOfLanes {
    typedef Real type __attribute__((vector_size(lanes * sizeof(Real))));
};
template <class Real> struct VectorOfLanes<Real, 1> { using type = Real; };

template <class Real> inline void fetch(const Real* entries, ptrdiff_t count) {
    for (ptrdiff_t k = 0; k < count; k += 64 / ptrdiff_t(sizeof(Real))) __builtin_prefetch(entries + k);
    __builtin_prefetch(entries + count - 1);
}

// Sparse rows times `width` adjacent columns of B, held in N vectors. The last may overlap the one before: no
// column is padded, none is read that is not there.
template <int lanes, int N, class Value, class Index, class Real>
void multiply_columns(const SparseRows& A, const Real* B, bool far, ptrdiff_t stride, ptrdiff_t width,
                      Real* out) {
    using V = typename VectorOfLanes<Real, lanes>::type;
    const Value* values = static_cast<const Value*>(A.values);
    const Index* columns = static_cast<const Index*>(A.columns);
    const ptrdiff_t last = width - lanes;
    for (ptrdiff_t r = 0; r < A.rows; ++r) {
        V totals[N] = {};
        for (ptrdiff_t from = A.starts[r]; from < A.starts[r + 1]; from += kEntriesASum) {
            V sums[N] = {};
            const ptrdiff_t stop = minimum(from + kEntriesASum, A.starts[r + 1]);
            for (ptrdiff_t p = from; p < stop; ++p) {
                if (far) fetch(B + columns[minimum(p + kEntriesAhead, A.stored - 1)] * stride, width);
                const Real* b = B + columns[p] * stride;
                const V value = Real(values[p]) - V{};
#pragma GCC unroll 8
                for (int n = 0; n < N; ++n) {
                    V entries;
                    std::memcpy(&entries, b + (n < N - 1 ? n * lanes : last), sizeof entries);
                    sums[n] += value * entries;
                }
            }
            for (int n = 0; n < N; ++n) totals[n] += sums[n];
        }
        for (int n = 0; n < N; ++n)
            std::memcpy(out + r * stride + (n < N - 1 ? n * lanes : last), &totals[n], sizeof(V));
    }
}

template <int lanes, class Value, class Index, class Real>
void multiply_in_vectors(const SparseRows& A, const Real* B, bool far, ptrdiff_t stride, ptrdiff_t width,
                      Real* out) {
    switch ((width + lanes - 1) / lanes) {
        case 1: return multiply_columns<lanes, 1, Value, Index>(A, B, far, stride, width, out);
        case 2: return multiply_columns<lanes, 2, Value, Index>(A, B, far, stride, width, out);
    }
    if constexpr (lanes == kLanes<Real>) switch ((width + lanes - 1) / lanes) {
            case 3: return multiply_columns<lanes, 3, Value, Index>(A, B, far, stride, width, out);
            case 4: return multiply_columns<lanes, 4, Value, Index>(A, B, far, stride, width, out);
            case 5: return multiply_columns<lanes, 5, Value, Index>(A, B, far, stride, width, out);
            case 6: return multiply_columns<lanes, 6, Value, Index>(A, B, far, stride, width, out);
            case 7: return multiply_columns<lanes, 7, Value, Index>(A, B, far, stride, width, out);
            default: return multiply_columns<lanes, 8, Value, Index>(A, B, far, stride, width, out);
        }
}

// The widest vectors that the columns fill.
template <int lanes, class Value, class Index, class Real>
void multiply_fitting(const SparseRows& A, const Real* B, bool far, ptrdiff_t stride, ptrdiff_t width,
                      Real* out) {
    if (lanes == 1 || width >= lanes)
        return multiply_in_vectors<lanes, Value, Index>(A, B, far, stride, width, out);
    if constexpr (lanes > 1) multiply_fitting<lanes / 2, Value, Index>(A, B, far, stride, width, out);
}

// to = rows − u vᵀ
template <class Real, class Out>
void write_less_outer(const Real* rows, ptrdiff_t count, const double* u, const double* v, Out* to,
                      ptrdiff_t columns, ptrdiff_t row_stride, ptrdiff_t column_stride) {
    if (column_stride == 1)
        for (ptrdiff_t r = 0; r < count; ++r)
            for (ptrdiff_t c = 0; c < columns; ++c)
                to[r * row_stride + c] = Out(rows[r * columns + c] - u[r] * v[c]);
    else
        for (ptrdiff_t c = 0; c < columns; ++c)
            for (ptrdiff_t r = 0; r < count; ++r)
                to[r * row_stride + c * column_stride] = Out(rows[r * columns + c] - u[r] * v[c]);
}

template <class Value, class Index, class Real>
void multiply(const SparseRows& A, const Matrix& B, const double* u, const double* v, const Matrix& out) {
    const Real* entries = static_cast<const Real*>(B.data);
    const bool far = B.rows * B.columns * ptrdiff_t(sizeof(Real)) > kNearBytes;
    const Buffer<Real> product(kRowsTogether * B.columns);
    // Equal blocks of columns, that none is left with a few.
    const ptrdiff_t most = kMostVectors * kLanes<Real>, blocks = (B.columns + most - 1) / most;
    for (ptrdiff_t first = 0; first < A.rows; first += kRowsTogether) {
        SparseRows some = A;
        some.starts += first;
        some.rows = minimum(kRowsTogether, A.rows - first);
        for (ptrdiff_t b = 0; b < blocks; ++b) {
            const ptrdiff_t from = B.columns * b / blocks, to = B.columns * (b + 1) / blocks;
            multiply_fitting<int(kLanes<Real>), Value, Index>(some, entries + from, far, B.columns,
                                                              to - from, product + from);
        }
        const auto write = [&](auto* to) {
            write_less_outer<Real>(product, some.rows, u + first, v, to + first * out.row_stride, B.columns,
                                   out.row_stride, out.column_stride);
        };
        if (out.entry == Entry::real)
            write(static_cast<double*>(const_cast<void*>(out.data)));
        else
            write(static_cast<float*>(const_cast<void*>(out.data)));
    }
}

template <class Value, class Real>
void multiply_indexed(const SparseRows& A, const Matrix& B, const double* u, const double* v,
                      const Matrix& out) {
    if (A.wide_columns)
        multiply<Value, std::int64_t, Real>(A, B, u, v, out);
    else
        multiply<Value, std::int32_t, Real>(A, B, u, v, out);
}

}  // namespace

namespace dxent::sparse {

void DXENT_LEVEL(const SparseRows& A, const Matrix& B, const double* u, const double* v, const Matrix& out) {
    if (B.entry == Entry::single)
        multiply_indexed<float, float>(A, B, u, v, out);
    else if (A.entry == Entry::real)
        multiply_indexed<double, double>(A, B, u, v, out);
    else
        multiply_indexed<float, double>(A, B, u, v, out);
}

}  // namespace dxent::sparse
