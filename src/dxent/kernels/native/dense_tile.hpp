// A tile of centred rows in cache: rows of X, converted and padded, or, where they are short, its columns.
#pragma once

#include <type_traits>
#include <utility>

#include "dense_products.hpp"
#include "logit_tile.hpp"

namespace {

// A tile stays in the second-level cache while it is used twice, and beside it what is fetched of the next.
constexpr ptrdiff_t kTileBytes = 256 * 1024;

// Rows read together, which take so many bytes. The more there are, the fewer times the gradient is read and written.
inline ptrdiff_t tile_height(ptrdiff_t features, ptrdiff_t size, ptrdiff_t bytes, ptrdiff_t tallest) {
    const ptrdiff_t fitting = bytes / (size * (features + 1));
    if (fitting < 8) return 8;
    return fitting < 32 ? fitting / 8 * 8 : minimum(fitting / 32 * 32, tallest);
}

// The type in which entries of type Source are less their centre before they become Real. A large offset must
// not cost the digits that it hides.
template <class Source, class Real> struct Wider { using type = Real; };
template <class Real> struct Wider<double, Real> { using type = double; };

template <ptrdiff_t... I, class V> inline V low_halves(V a, V b, std::integer_sequence<ptrdiff_t, I...>) {
    return __builtin_shufflevector(a, b, (I % 2 * ptrdiff_t(sizeof...(I)) + I / 2)...);
}
template <ptrdiff_t... I, class V> inline V high_halves(V a, V b, std::integer_sequence<ptrdiff_t, I...>) {
    constexpr ptrdiff_t lanes = sizeof...(I);
    return __builtin_shufflevector(a, b, (I % 2 * lanes + (I + lanes) / 2)...);
}

// Transpose a square of numbers: as many perfect shuffles of its lines as a lane's number has bits.
template <class Real> inline void transpose(Vector<Real> (&square)[kLanes<Real>]) {
    constexpr ptrdiff_t lanes = kLanes<Real>;
    constexpr std::make_integer_sequence<ptrdiff_t, lanes> lane;
#pragma GCC unroll 8
    for (ptrdiff_t bit = 1; bit < lanes; bit *= 2) {
        Vector<Real> shuffled[lanes];
#pragma GCC unroll 16
        for (ptrdiff_t i = 0; i < lanes / 2; ++i) {
            shuffled[2 * i] = low_halves(square[i], square[i + lanes / 2], lane);
            shuffled[2 * i + 1] = high_halves(square[i], square[i + lanes / 2], lane);
        }
#pragma GCC unroll 16
        for (ptrdiff_t i = 0; i < lanes; ++i) square[i] = shuffled[i];
    }
}

// The distance between lines of this length, each of whole vectors.
template <class Real> inline ptrdiff_t line_stride(ptrdiff_t length) {
    const ptrdiff_t whole = round_up(length, kLanes<Real>);
    // Lines that lie a multiple of 4096 bytes apart would share the sets of the first-level cache.
    return whole * ptrdiff_t(sizeof(Real)) % 1024 == 0 ? whole + kLanes<Real> : whole;
}

// Rows first … first + count of X, to be fetched in so many steps.
inline Ahead rows_ahead(const Matrix& X, ptrdiff_t first, ptrdiff_t count, ptrdiff_t steps) {
    ptrdiff_t entry = 0;
    as_typed(X, [&](const auto* entries) { entry = ptrdiff_t(sizeof *entries); });
    const ptrdiff_t length = X.columns * entry, stride = X.row_stride * entry;
    const std::uintptr_t next = reinterpret_cast<std::uintptr_t>(X.data) + std::uintptr_t(first * stride);
    return {next, next + std::uintptr_t(length), length, stride - length, count * length / steps + 1};
}

// Some rows of X less its centre, converted to Real. A line is a row or, `by_column`, a column.
template <class Real> class Tile {
  public:
    // `centre` may be null: nothing is subtracted.
    Tile(const Matrix& X, const double* centre, bool by_column, ptrdiff_t height)
        : X_(X), height_(round_up(height, by_column ? kLanes<Real> : 1)), by_column_(by_column),
          stride_(line_stride<Real>(by_column_ ? height_ : X.columns)),
          data_((by_column_ ? X.columns : height_) * stride_), wide_centre_(round_up(X.columns, kLanes<Real>)),
          centre_(round_up(X.columns, kLanes<Real>)) {
        if (centre) std::memcpy(wide_centre_, centre, std::size_t(X.columns) * sizeof(double));
        for (ptrdiff_t k = 0; k < X.columns; ++k) centre_[k] = Real(wide_centre_[k]);
    }

    ptrdiff_t height() const { return height_; }
    bool is_by_column() const { return by_column_; }
    Lines<Real> lines() const {
        return by_column_ ? Lines<Real>{data_, stride_, X_.columns, count_}
                          : Lines<Real>{data_, stride_, count_, X_.columns};
    }

    // About how many steps ahead it takes while it is read by itself.
    ptrdiff_t reading_steps() const {
        return by_column_ ? height_ * X_.columns / (kLanes<Real> * kLanes<Real>) : 0;
    }

    // Copy rows first … first + count of X.
    void read(ptrdiff_t first, ptrdiff_t count, Ahead& ahead) {
        count_ = count;
        as_typed(X_, [&](const auto* entries) { copy(entries + first * X_.row_stride, ahead); });
        if (by_column_ && count % kLanes<Real> != 0)
            for (ptrdiff_t k = 0; k < X_.columns; ++k)
                std::memset(data_ + k * stride_ + count, 0, std::size_t(stride_ - count) * sizeof(Real));
    }

    // sums[c][r] += w_c · row r for rows first … first + count of X, read as they are multiplied: the arithmetic
    // hides the copying. The tile must be by row.
    void read_and_add_inner(ptrdiff_t first, ptrdiff_t count, Lines<Real> W, double* sums,
                            ptrdiff_t sums_stride, Ahead& ahead) {
        if (X_.column_stride != 1) {
            read(first, count, ahead);
            return add_inner(W, lines(), sums, sums_stride, ahead);
        }
        count_ = count;
        as_typed(X_, [&](const auto* entries) {
            const auto* x = entries + first * X_.row_stride;
            const ptrdiff_t whole = X_.columns / kLanes<Real> * kLanes<Real>;
            for (ptrdiff_t r = 0; r < count; ++r)
                for (ptrdiff_t k = whole; k < X_.columns; ++k)
                    data_[r * stride_ + k] = less(x[r * X_.row_stride + k], centre_as(x)[k]);
            const auto read_on = [&](ptrdiff_t row, ptrdiff_t from) {
                return [source = x + row * X_.row_stride + from, row_stride = X_.row_stride,
                        centre = centre_as(x) + from, to = data_ + row * stride_ + from, stride = stride_,
                        whole = whole - from](int n, ptrdiff_t k) {
                    Real* line = to + n * stride + k;
                    if (k >= whole) return load(line);
                    const Vector<Real> entries = less(source + n * row_stride + k, centre + k);
                    store(line, entries);
                    return entries;
                };
            };
            add_inner(W, lines(), sums, sums_stride, ahead, read_on);
        });
    }

    // The rows after those of the tile, to be fetched in so many steps.
    Ahead ahead(ptrdiff_t first, ptrdiff_t steps) const {
        return rows_ahead(X_, first + height_, height_, steps);
    }

  private:
    template <class Source> void copy(const Source* source, Ahead& ahead) {
        const Lines<Real> to = lines();
        const ptrdiff_t across = by_column_ ? X_.column_stride : X_.row_stride;
        const ptrdiff_t along = by_column_ ? X_.row_stride : X_.column_stride;
        if (along == 1 && to.length >= kLanes<Real>)
            for (ptrdiff_t i = 0; i < to.count; ++i)
                by_column_ ? copy_column(source + i * across, i, to.length)
                           : copy_row(source + i * across, i, to.length);
        else if (across == 1 && to.count >= kLanes<Real> && to.length >= kLanes<Real>)
            by_column_ ? transpose_rows(source, along, to, ahead) : transpose_columns(source, along, to);
        else
            for (ptrdiff_t i = 0; i < to.count; ++i)
                for (ptrdiff_t k = 0; k < to.length; ++k)
                    data_[i * stride_ + k] =
                        less(source[i * across + k * along], centre_as(source)[by_column_ ? i : k]);
    }

    // Adjacent entries, in whole vectors; the last may overlap the one before.
    template <class Source> void copy_row(const Source* x, ptrdiff_t row, ptrdiff_t length) {
        for (ptrdiff_t k = 0; k < length; k += kLanes<Real>) {
            const ptrdiff_t at = minimum(k, length - kLanes<Real>);
            store(data_ + row * stride_ + at, less(x + at, centre_as(x) + at));
        }
    }

    template <class Source> void copy_column(const Source* x, ptrdiff_t column, ptrdiff_t length) {
        Wide<Source> centre[kLanes<Real>];
        fill(centre, centre_as(x)[column]);
        for (ptrdiff_t k = 0; k < length; k += kLanes<Real>) {
            const ptrdiff_t at = minimum(k, length - kLanes<Real>);
            store(data_ + column * stride_ + at, less(x + at, centre));
        }
    }

    // Rows into columns, square by square; the last squares may overlap those before.
    template <class Source> void transpose_rows(const Source* x, ptrdiff_t row_stride, Lines<Real> to, Ahead& then) {
        Ahead ahead = then;
        for (ptrdiff_t r = 0; r < to.length; r += kLanes<Real>)
            for (ptrdiff_t c = 0; c < to.count; c += kLanes<Real>) {
                ahead.step();
                const ptrdiff_t row = minimum(r, to.length - kLanes<Real>);
                const ptrdiff_t column = minimum(c, to.count - kLanes<Real>);
                Vector<Real> square[kLanes<Real>];
#pragma GCC unroll 16
                for (ptrdiff_t m = 0; m < kLanes<Real>; ++m)
                    square[m] = less(x + (row + m) * row_stride + column, centre_as(x) + column);
                store_transposed(square, column, row);
            }
        then = ahead;
    }

    template <class Source> void transpose_columns(const Source* x, ptrdiff_t column_stride, Lines<Real> to) {
        for (ptrdiff_t k = 0; k < to.length; k += kLanes<Real>)
            for (ptrdiff_t r = 0; r < to.count; r += kLanes<Real>) {
                const ptrdiff_t row = minimum(r, to.count - kLanes<Real>);
                const ptrdiff_t column = minimum(k, to.length - kLanes<Real>);
                Vector<Real> square[kLanes<Real>];
#pragma GCC unroll 16
                for (ptrdiff_t m = 0; m < kLanes<Real>; ++m) {
                    Wide<Source> centre[kLanes<Real>];
                    fill(centre, centre_as(x)[column + m]);
                    square[m] = less(x + (column + m) * column_stride + row, centre);
                }
                store_transposed(square, row, column);
            }
    }

    void store_transposed(Vector<Real> (&square)[kLanes<Real>], ptrdiff_t line, ptrdiff_t place) {
        transpose<Real>(square);
#pragma GCC unroll 16
        for (ptrdiff_t m = 0; m < kLanes<Real>; ++m) store(data_ + (line + m) * stride_ + place, square[m]);
    }

    template <class Source> using Wide = typename Wider<Source, Real>::type;

    // The centre in the type of its differences from such entries.
    template <class Source> const Wide<Source>* centre_as(const Source*) const {
        if constexpr (std::is_same_v<Wide<Source>, Real>)
            return centre_;
        else
            return wide_centre_;
    }

    template <class Number> static void fill(Number* centre, Number value) {
        for (ptrdiff_t n = 0; n < kLanes<Real>; ++n) centre[n] = value;
    }

    template <class Source> static Vector<Real> less(const Source* x, const Wide<Source>* centre) {
        Vector<Real> difference;
        for (ptrdiff_t n = 0; n < kLanes<Real>; ++n) difference[n] = less(x[n], centre[n]);
        return difference;
    }

    template <class Source> static Real less(Source x, Wide<Source> centre) {
        return Real(Wide<Source>(x) - centre);
    }

    const Matrix& X_;
    ptrdiff_t height_;
    bool by_column_;
    ptrdiff_t stride_, count_ = 0;
    Buffer<Real> data_;
    Buffer<double> wide_centre_;
    Buffer<Real> centre_;
};

}  // namespace
