// Rows of float or double as vectors of doubles, one row a lane, and back.
#pragma once

#include "vector.hpp"

namespace {

typedef float Singles __attribute__((vector_size(kVectorBytes / 2)));

inline Doubles load_wide(const double* from) { return load(from); }
inline Doubles load_wide(const float* from) {
    Singles v;
    std::memcpy(&v, from, sizeof v);
    return __builtin_convertvector(v, Doubles);
}
inline void store_rounded(double* to, Doubles v) { store(to, v); }
inline void store_rounded(float* to, Doubles v) { store(to, __builtin_convertvector(v, Singles)); }

constexpr ptrdiff_t kWidth = kLanes<double>;

// Exchange what a has in the lanes that are `distance` above others with what b has in those others.
template <int distance, int... lane> inline void exchange_lanes(Doubles& a, Doubles& b) {
    const Doubles low = __builtin_shufflevector(a, b, (lane & distance ? lane + kWidth - distance : lane)...);
    b = __builtin_shufflevector(a, b, (lane & distance ? lane + kWidth : lane + distance)...);
    a = low;
}
template <int distance> inline void exchange(Doubles& a, Doubles& b) {
#if defined(__AVX512F__)
    exchange_lanes<distance, 0, 1, 2, 3, 4, 5, 6, 7>(a, b);
#elif defined(__AVX__)
    exchange_lanes<distance, 0, 1, 2, 3>(a, b);
#else
    exchange_lanes<distance, 0, 1>(a, b);
#endif
}
template <int distance = 1> inline void transpose(Doubles (&square)[kWidth]) {
    if constexpr (distance < kWidth) {
        for (int i = 0; i < kWidth; ++i)
            if (!(i & distance)) exchange<distance>(square[i], square[i + distance]);
        transpose<2 * distance>(square);
    }
}

// Where the next square of columns begins; the last may overlap the one before.
inline ptrdiff_t next_square(ptrdiff_t column, ptrdiff_t columns) {
    const ptrdiff_t next = column + kWidth;
    return next < columns ? minimum(next, columns - kWidth) : next;
}

// Transpose `rows` ≤ kWidth rows into vectors; the last row fills up the lanes.
template <class Real> void gather(const Real* x, ptrdiff_t rows, ptrdiff_t classes, double* to) {
    if (classes < kWidth) {
        for (ptrdiff_t lane = 0; lane < kWidth; ++lane)
            for (ptrdiff_t c = 0; c < classes; ++c)
                to[c * kWidth + lane] = x[minimum(lane, rows - 1) * classes + c];
        return;
    }
    for (ptrdiff_t c = 0; c < classes; c = next_square(c, classes)) {
        Doubles square[kWidth];
        for (ptrdiff_t lane = 0; lane < kWidth; ++lane)
            square[lane] = load_wide(x + minimum(lane, rows - 1) * classes + c);
        transpose(square);
        for (ptrdiff_t i = 0; i < kWidth; ++i) store(to + (c + i) * kWidth, square[i]);
    }
}

// Transpose vectors back into rows.
template <class Real> void scatter(const double* from, ptrdiff_t rows, ptrdiff_t classes, Real* to) {
    if (classes < kWidth) {
        for (ptrdiff_t lane = 0; lane < rows; ++lane)
            for (ptrdiff_t c = 0; c < classes; ++c) to[lane * classes + c] = Real(from[c * kWidth + lane]);
        return;
    }
    for (ptrdiff_t c = 0; c < classes; c = next_square(c, classes)) {
        Doubles square[kWidth];
        for (ptrdiff_t i = 0; i < kWidth; ++i) square[i] = load(from + (c + i) * kWidth);
        transpose(square);
        for (ptrdiff_t lane = 0; lane < rows; ++lane) store_rounded(to + lane * classes + c, square[lane]);
    }
}

}  // namespace
