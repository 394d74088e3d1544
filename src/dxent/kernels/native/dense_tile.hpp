// A tile of centred rows in cache, and the two products with it, blocked so that sums stay in registers.
#pragma once

#include "kernels.hpp"
#include "vector.hpp"

namespace {

using dxent::Matrix;

// A tile stays in the second-level cache while it is used twice. The more rows it has, the fewer times the
// gradient is read and written.
constexpr ptrdiff_t kTileBytes = 384 * 1024;

inline ptrdiff_t tile_height(ptrdiff_t features, ptrdiff_t size) {
    const ptrdiff_t fitting = kTileBytes / (size * (features + 1)) / 8 * 8;
    return fitting < 8 ? 8 : minimum(fitting, 128);
}

// Rows of a matrix less its centre, converted to Real; each starts on a vector and is padded with zeros.
template <class Real> class Rows {
  public:
    // `centre` may be null: nothing is subtracted.
    Rows(ptrdiff_t height, ptrdiff_t columns, const double* centre)
        : columns_(columns), stride_(padded(columns)), data_(height * stride_), centre_(columns) {
        if (centre) std::memcpy(centre_, centre, std::size_t(columns) * sizeof(double));
    }

    ptrdiff_t stride() const { return stride_; }
    const Real* operator[](ptrdiff_t row) const { return data_ + row * stride_; }

    // Copy rows first … first + count of M. The difference is taken in the wider of the two types: a large
    // offset must not cost the digits that it hides.
    void read(const Matrix& M, ptrdiff_t first, ptrdiff_t count) {
        if (M.is_double)
            copy<double, double>(M, first, count);
        else
            copy<float, Real>(M, first, count);
    }

  private:
    static ptrdiff_t padded(ptrdiff_t columns) {
        const ptrdiff_t whole = round_up(columns, kLanes<Real>);
        // Rows that lie a multiple of 4096 bytes apart would share the sets of the first-level cache.
        return whole * ptrdiff_t(sizeof(Real)) % 1024 == 0 ? whole + kLanes<Real> : whole;
    }

    template <class Source, class Wide> void copy(const Matrix& M, ptrdiff_t first, ptrdiff_t count) {
        const Source* source = static_cast<const Source*>(M.data) + first * M.row_stride;
        if (M.column_stride == 1 && columns_ >= kLanes<Real>) {
            for (ptrdiff_t r = 0; r < count; ++r)
                line<Source, Wide>(source + r * M.row_stride, data_ + r * stride_);
            return;
        }
        // Columns apart in memory: a few at a time, so that each cache line serves several rows.
        for (ptrdiff_t from = 0; from < columns_; from += 8)
            for (ptrdiff_t r = 0; r < count; ++r)
                for (ptrdiff_t k = from; k < minimum(columns_, from + 8); ++k)
                    data_[r * stride_ + k] = less<Wide>(source[r * M.row_stride + k * M.column_stride], k);
    }

    // One row whose entries are adjacent, in whole vectors; the last may overlap the one before.
    template <class Source, class Wide> void line(const Source* x, Real* out) {
        for (ptrdiff_t k = 0; k < columns_; k += kLanes<Real>) {
            const ptrdiff_t at = minimum(k, columns_ - kLanes<Real>);
            Real part[kLanes<Real>];
            for (ptrdiff_t i = 0; i < kLanes<Real>; ++i) part[i] = less<Wide>(x[at + i], at + i);
            std::memcpy(out + at, part, sizeof part);
        }
    }

    template <class Wide, class Source> Real less(Source x, ptrdiff_t column) const {
        return Real(Wide(x) - Wide(centre_[column]));
    }

    ptrdiff_t columns_, stride_;
    Buffer<Real> data_;
    Buffer<double> centre_;
};

template <int N> struct Count {
    static constexpr int value = N;
};

// Call block(first, Count) for blocks of classes that cover all of them evenly, without padding. Of sixteen
// registers, five classes leave enough for the rows.
template <class Block> inline void for_class_blocks(ptrdiff_t classes, Block block) {
    const ptrdiff_t blocks = (classes + 4) / 5;
    for (ptrdiff_t b = 0, first = 0; b < blocks; ++b) {
        const ptrdiff_t size = classes / blocks + (b < classes % blocks);
        switch (size) {
            case 1: block(first, Count<1>()); break;
            case 2: block(first, Count<2>()); break;
            case 3: block(first, Count<3>()); break;
            case 4: block(first, Count<4>()); break;
            default: block(first, Count<5>());
        }
        first += size;
    }
}

// How many rows, or vectors of features, share a register block with C classes.
constexpr int depth(int C) {
    return kRegisters == 32 ? (C <= 2 ? 8 : 4) : (C == 1 ? 8 : C <= 3 ? 4 : 2);
}

// Call block(first, Count) for blocks of N, then of 1, that cover `total`.
template <int N, class Block> inline void for_blocks(ptrdiff_t total, Block block) {
    ptrdiff_t i = 0;
    for (; i + N <= total; i += N) block(i, Count<N>());
    for (; i < total; ++i) block(i, Count<1>());
}

// z[c][r] += x_r · w_c for R rows and C classes, in R·C accumulators.
template <class Real, int C, int R>
inline void dot_block(const Real* x, ptrdiff_t x_stride, const Real* w, ptrdiff_t w_stride, ptrdiff_t length,
                      double* z, ptrdiff_t z_stride) {
    using V = Vector<Real>;
    V totals[C][R] = {};
    for (ptrdiff_t k = 0; k < length; k += kLanes<Real>) {
        V row[R];
#pragma GCC unroll 8
        for (int r = 0; r < R; ++r) row[r] = load(x + r * x_stride + k);
#pragma GCC unroll 8
        for (int c = 0; c < C; ++c) {
            const V weight = load(w + c * w_stride + k);
#pragma GCC unroll 8
            for (int r = 0; r < R; ++r) totals[c][r] = multiply_add(row[r], weight, totals[c][r]);
        }
    }
#pragma GCC unroll 8
    for (int c = 0; c < C; ++c)
#pragma GCC unroll 8
        for (int r = 0; r < R; r += 2) {
            double* to = z + c * z_stride + r;
            const Pair pair = sums(totals[c][r], totals[c][r + 1 < R ? r + 1 : r]);
            to[0] += pair[0];
            if (r + 1 < R) to[1] += pair[1];
        }
}

// g[c][k] += Σ_r residual[c][r] x_r[k] for C classes and N vectors of features.
template <class Real, int C, int N>
inline void rank_update(const Real* x, ptrdiff_t x_stride, ptrdiff_t rows, const Real* residual,
                        ptrdiff_t residual_stride, double* g, ptrdiff_t g_stride) {
    using V = Vector<Real>;
    V totals[C][N] = {};
    for (ptrdiff_t r = 0; r < rows; ++r) {
        V row[N];
#pragma GCC unroll 8
        for (int n = 0; n < N; ++n) row[n] = load(x + r * x_stride + n * kLanes<Real>);
#pragma GCC unroll 8
        for (int c = 0; c < C; ++c) {
            const V factor = broadcast<V>(residual[c * residual_stride + r]);
#pragma GCC unroll 8
            for (int n = 0; n < N; ++n) totals[c][n] = multiply_add(factor, row[n], totals[c][n]);
        }
    }
#pragma GCC unroll 8
    for (int c = 0; c < C; ++c)
#pragma GCC unroll 8
        for (int n = 0; n < N; ++n) {
            Real part[kLanes<Real>];
            store(part, totals[c][n]);
            double* to = g + c * g_stride + n * kLanes<Real>;
            for (ptrdiff_t i = 0; i < kLanes<Real>; ++i) to[i] += double(part[i]);
        }
}

}  // namespace
