// What each column of a dense matrix sums to, squared and not, how far it reaches, and how long the longest row is.
#pragma once

#include "dense_tile.hpp"

namespace {

// The columns' sums, sums of squares and largest deviations, below each other.
struct Spread {
    double *sums, *squares, *largest;
};

// Add to them the rows that count, of N vectors of columns from k on, and to each row's sum of squares in units.
// `deviation(r, k)` is a vector of row r.
template <int N, class Deviation>
inline void add_spread(ptrdiff_t count, Deviation deviation, ptrdiff_t k, const double* sample_weight,
                       const double* unit, Spread to, double* row_squares, Ahead& then) {
    Ahead ahead = then;
    Doubles sums[N] = {}, squares[N] = {}, largest[N], units[N];
    for (int n = 0; n < N; ++n) {
        largest[n] = load(to.largest + k + n * kLanes<double>);
        units[n] = load(unit + k + n * kLanes<double>);
    }
    for (ptrdiff_t r = 0; r < count; ++r) {
        ahead.step();
        if (!(sample_weight[r] > 0)) continue;
        const Doubles weight = broadcast<Doubles>(sample_weight[r]);
        Doubles length = load(row_squares + r * kLanes<double>);
#pragma GCC unroll 4
        for (int n = 0; n < N; ++n) {
            const Doubles d = deviation(r, k + n * kLanes<double>), weighted = weight * d, scaled = units[n] * d;
            sums[n] += weighted;
            squares[n] = multiply_add(weighted, d, squares[n]);
            largest[n] = larger(larger(d, -d), largest[n]);
            length = multiply_add(scaled, scaled, length);
        }
        store(row_squares + r * kLanes<double>, length);
    }
    then = ahead;
    for (int n = 0; n < N; ++n) {
        add_lanes(sums[n], to.sums + k + n * kLanes<double>);
        add_lanes(squares[n], to.squares + k + n * kLanes<double>);
        store(to.largest + k + n * kLanes<double>, largest[n]);
    }
}

// So few rows stay in the first-level cache.
constexpr ptrdiff_t kRowsOfSpread = 16;

// Rows of doubles are read where they lie but for the columns behind the last whole vector; those, and all other
// matrices, are copied to a tile.
double column_spread(const Matrix& X, const double* centre, const double* sample_weight, const double* unit,
                     double* spread) {
    const ptrdiff_t stride = round_up(X.columns, kLanes<double>);
    const Buffer<double> sums(stride), squares(stride), largest(stride), units(stride), origin(stride);
    const Buffer<double> row_squares(kRowsOfSpread * kLanes<double>);
    const std::size_t bytes = std::size_t(X.columns) * sizeof(double);
    std::memcpy(units, unit, bytes);
    if (centre) std::memcpy(origin, centre, bytes);
    const bool in_place = X.entry == Entry::real && X.column_stride == 1;
    const double* entries = static_cast<const double*>(X.data);
    const ptrdiff_t whole = in_place ? X.columns / kLanes<double> * kLanes<double> : 0;
    Matrix rest = X;
    rest.columns -= whole;
    if (whole) rest.data = entries + whole;
    Tile<double> tile(rest, origin + whole, false, kRowsOfSpread);
    double longest = 0;
    for (ptrdiff_t first = 0; first < X.rows; first += kRowsOfSpread) {
        const ptrdiff_t count = minimum(kRowsOfSpread, X.rows - first);
        const ptrdiff_t steps = count * (stride / (4 * kLanes<double>) + 1);
        Ahead ahead = rows_ahead(X, first + kRowsOfSpread, kRowsOfSpread, steps);
        std::memset(row_squares, 0, std::size_t(count * kLanes<double>) * sizeof(double));
        const auto add = [&](ptrdiff_t from, ptrdiff_t to, auto deviation) {
            for_blocks<4>((to - from) / kLanes<double>, [&](ptrdiff_t v, auto N) {
                add_spread<N.value>(count, deviation, from + v * kLanes<double>, sample_weight + first, units,
                                    {sums, squares, largest}, row_squares, ahead);
            });
        };
        if (whole)
            add(0, whole, [&](ptrdiff_t r, ptrdiff_t k) {
                return load(entries + (first + r) * X.row_stride + k) - load(origin + k);
            });
        if (rest.columns) {
            tile.read(first, count, ahead);
            add(whole, stride, [&](ptrdiff_t r, ptrdiff_t k) { return load(tile.lines().at(r, k - whole)); });
        }
        for (ptrdiff_t r = 0; r < count; ++r) {
            const Doubles length = load(row_squares + r * kLanes<double>);
            const double total = ::sums(length, length)[0];
            longest = total > longest ? total : longest;
        }
    }
    std::memcpy(spread, sums, bytes);
    std::memcpy(spread + X.columns, squares, bytes);
    std::memcpy(spread + 2 * X.columns, largest, bytes);
    return __builtin_sqrt(longest);
}

}  // namespace
