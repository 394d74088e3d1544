// The two products of a dense pass, blocked so that sums stay in registers. Both read lines of numbers that lie
// side by side; which of the two gives the logits, and which the gradient, depends on what a line is: a row of
// X, or a feature.
#pragma once

#include "vector.hpp"

namespace {

// Lines of equal length, each padded with zeros to whole vectors.
template <class Real> struct Lines {
    const Real* data;
    ptrdiff_t stride, count, length;
    const Real* at(ptrdiff_t line, ptrdiff_t place) const { return data + line * stride + place; }
    auto fetch(ptrdiff_t line, ptrdiff_t place) const {
        return [start = at(line, place), stride = stride](int n, ptrdiff_t k) {
            return load(start + n * stride + k);
        };
    }
};

// Memory that will be read soon, fetched into the second-level cache a little at every step of the work: rows of
// `length` bytes, `gap` bytes apart. Addresses, no pointers: the last may lie beyond the memory, where fetching
// does nothing.
struct Ahead {
    std::uintptr_t next, end;
    ptrdiff_t length, gap, bytes_a_step;
    void step() {
        for (ptrdiff_t byte = 0; byte < bytes_a_step; byte += 64)
            __builtin_prefetch(reinterpret_cast<const void*>(next + std::uintptr_t(byte)), 0, 2);
        next += std::uintptr_t(bytes_a_step);
        const bool past = next >= end;
        next += past ? std::uintptr_t(gap) : 0;
        end += past ? std::uintptr_t(length + gap) : 0;
    }
};

template <int N> struct Count {
    static constexpr int value = N;
};

// Beside the sums of so many classes, registers are left for the lines.
constexpr ptrdiff_t kMostClasses = kRegisters == 32 ? 7 : 5;

inline ptrdiff_t class_blocks(ptrdiff_t classes, ptrdiff_t most = kMostClasses) { return (classes + most - 1) / most; }

// Call block(first, Count) for blocks of so many classes at most that cover all of them evenly, without padding.
template <class Block>
inline void for_class_blocks(ptrdiff_t classes, Block block, ptrdiff_t most = kMostClasses) {
    const ptrdiff_t blocks = class_blocks(classes, most);
    for (ptrdiff_t b = 0, first = 0; b < blocks; ++b) {
        const ptrdiff_t size = classes / blocks + (b < classes % blocks);
        switch (size) {
            case 1: block(first, Count<1>()); break;
            case 2: block(first, Count<2>()); break;
            case 3: block(first, Count<3>()); break;
            case 4: block(first, Count<4>()); break;
            case 5: block(first, Count<5>()); break;
            default:
                if constexpr (kMostClasses == 7)
                    size == 6 ? block(first, Count<6>()) : block(first, Count<7>());
        }
        first += size;
    }
}

// How many lines, or vectors, share a register block with C classes.
constexpr int depth(int C) {
    return kRegisters == 32 || C <= 3 ? 4 : 2;
}

// Call block(first, Count) for blocks of N, then of N/2 …, that cover `total`.
template <int N, class Block> inline void for_blocks(ptrdiff_t total, Block block, ptrdiff_t first = 0) {
    for (; first + N <= total; first += N) block(first, Count<N>());
    if constexpr (N > 1) for_blocks<N / 2>(total, block, first);
}

// About how many steps one product of a tile with so many classes takes.
template <class Real> ptrdiff_t product_steps(ptrdiff_t classes, ptrdiff_t rows, ptrdiff_t columns) {
    return class_blocks(classes) * rows * columns / (depth(kMostClasses) * kLanes<Real>) + 1;
}

// to[n] += Σ totals[n].
template <class V, int N> inline void add_sums(const V (&totals)[N], double* to) {
#if defined(__AVX__)
    if constexpr (N == 4) {
        Quad before;
        std::memcpy(&before, to, sizeof before);
        return store(to, before + ::sums(totals[0], totals[1], totals[2], totals[3]));
    }
#endif
#pragma GCC unroll 8
    for (int n = 0; n < N; n += 2) {
        const Pair pair = ::sums(totals[n], totals[n + 1 < N ? n + 1 : n]);
        to[n] += pair[0];
        if (n + 1 < N) to[n + 1] += pair[1];
    }
}

// sums[c][i] += a_c · b_i for C classes and N lines, in C·N accumulators. `fetch(n, k)` is a vector of line n.
template <class Real, int C, int N, class Fetch>
inline void inner_block(const Real* a, ptrdiff_t a_stride, ptrdiff_t length, Fetch fetch, double* sums,
                        ptrdiff_t sums_stride, Ahead& then) {
    using V = Vector<Real>;
    Ahead ahead = then;
    V totals[C][N] = {};
    for (ptrdiff_t k = 0; k < length; k += kLanes<Real>) {
        ahead.step();
        V line[N];
#pragma GCC unroll 8
        for (int n = 0; n < N; ++n) line[n] = fetch(n, k);
#pragma GCC unroll 8
        for (int c = 0; c < C; ++c) {
            const V weight = in_register(load(a + c * a_stride + k));
#pragma GCC unroll 8
            for (int n = 0; n < N; ++n) totals[c][n] = multiply_add(line[n], weight, totals[c][n]);
        }
    }
    then = ahead;
#pragma GCC unroll 8
    for (int c = 0; c < C; ++c) add_sums(totals[c], sums + c * sums_stride);
}

// to[k] += v[k].
inline void add_lanes(Doubles v, double* to) { store(to, load(to) + v); }
inline void add_lanes(Floats v, double* to) {
    typedef float Half __attribute__((vector_size(kVectorBytes / 2)));
    Half halves[2];
    std::memcpy(halves, &v, sizeof v);
    for (int h = 0; h < 2; ++h) add_lanes(__builtin_convertvector(halves[h], Doubles), to + h * kLanes<double>);
}

// sums[c][k] += Σ_i a_c[i] b_i[k] for C classes and N vectors of places k.
template <class Real, int C, int N>
inline void outer_block(const Real* a, ptrdiff_t a_stride, const Real* b, ptrdiff_t b_stride, ptrdiff_t count,
                        double* sums, ptrdiff_t sums_stride, Ahead& then) {
    using V = Vector<Real>;
    Ahead ahead = then;
    V totals[C][N] = {};
    for (ptrdiff_t i = 0; i < count; ++i) {
        ahead.step();
        V line[N];
#pragma GCC unroll 8
        for (int n = 0; n < N; ++n) line[n] = load(b + i * b_stride + n * kLanes<Real>);
#pragma GCC unroll 8
        for (int c = 0; c < C; ++c) {
            const V factor = broadcast<V>(a[c * a_stride + i]);
#pragma GCC unroll 8
            for (int n = 0; n < N; ++n) totals[c][n] = multiply_add(factor, line[n], totals[c][n]);
        }
    }
    then = ahead;
#pragma GCC unroll 8
    for (int c = 0; c < C; ++c)
#pragma GCC unroll 8
        for (int n = 0; n < N; ++n) add_lanes(totals[c][n], sums + c * sums_stride + n * kLanes<Real>);
}

// sums[c][i] += a_c · b_i. `first_fetch(i)` fetches from line i on for the first classes, and may fill B as it
// does so. This and `add_outer` are large: one copy serves all kernels.
template <class Real, class FirstFetch>
__attribute__((noinline)) void add_inner(Lines<Real> A, Lines<Real> B, double* sums, ptrdiff_t sums_stride,
                                         Ahead& ahead, FirstFetch first_fetch) {
    // Five classes and four lines of a panel fill a first-level cache of 32 kB, seven and four one of 48.
    constexpr ptrdiff_t most = 3584 / sizeof(Real);
    const ptrdiff_t panel = round_up(B.length / (B.length / most + 1) + 1, kLanes<Real>);
    for (ptrdiff_t from = 0; from < B.length; from += panel)
        for_class_blocks(A.count, [&](ptrdiff_t c, auto C) {
            for_blocks<depth(C.value)>(B.count, [&](ptrdiff_t i, auto N) {
                const ptrdiff_t length = minimum(panel, B.length - from);
                double* to = sums + c * sums_stride + i;
                if (c == 0)
                    inner_block<Real, C.value, N.value>(A.at(c, from), A.stride, length, first_fetch(i, from), to,
                                                        sums_stride, ahead);
                else
                    inner_block<Real, C.value, N.value>(A.at(c, from), A.stride, length,
                                                        B.fetch(i, from), to, sums_stride, ahead);
            });
        });
}

template <class Real>
inline void add_inner(Lines<Real> A, Lines<Real> B, double* sums, ptrdiff_t sums_stride, Ahead& ahead) {
    add_inner(A, B, sums, sums_stride, ahead, [&](ptrdiff_t i, ptrdiff_t k) { return B.fetch(i, k); });
}

// sums[c][k] += Σ_i a_c[i] b_i[k].
template <class Real>
__attribute__((noinline)) void add_outer(Lines<Real> A, Lines<Real> B, double* sums, ptrdiff_t sums_stride,
                                         Ahead& ahead) {
    constexpr ptrdiff_t strip = 8 * kLanes<Real>;
    for (ptrdiff_t from = 0; from < B.length; from += strip) {
        const ptrdiff_t vectors = (minimum(strip, B.length - from) + kLanes<Real> - 1) / kLanes<Real>;
        for_class_blocks(A.count, [&](ptrdiff_t c, auto C) {
            for_blocks<depth(C.value)>(vectors, [&](ptrdiff_t v, auto N) {
                const ptrdiff_t k = from + v * kLanes<Real>;
                outer_block<Real, C.value, N.value>(A.at(c, 0), A.stride, B.at(0, k), B.stride, B.count,
                                                    sums + c * sums_stride + k, sums_stride, ahead);
            });
        });
    }
}

}  // namespace
