// The compiler's vector types, as wide as the instruction set this file is compiled for.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <new>
#include <utility>

#if defined(__FMA__)
#include <immintrin.h>
#elif defined(__SSE__)
#include <xmmintrin.h>
#endif

namespace {

using std::ptrdiff_t;

#if defined(__AVX512F__)
constexpr ptrdiff_t kVectorBytes = 64;
constexpr int kRegisters = 32;
#elif defined(__AVX__)
constexpr ptrdiff_t kVectorBytes = 32;
constexpr int kRegisters = 16;
#else
constexpr ptrdiff_t kVectorBytes = 16;
constexpr int kRegisters = 16;
#endif

typedef double Doubles __attribute__((vector_size(kVectorBytes)));
typedef float Floats __attribute__((vector_size(kVectorBytes)));
typedef std::int64_t Integers __attribute__((vector_size(kVectorBytes)));
typedef std::uint64_t Naturals __attribute__((vector_size(kVectorBytes)));

template <class Real> struct VectorOf;
template <> struct VectorOf<double> { using type = Doubles; };
template <> struct VectorOf<float> { using type = Floats; };
template <class Real> using Vector = typename VectorOf<Real>::type;

template <class Real> constexpr ptrdiff_t kLanes = kVectorBytes / ptrdiff_t(sizeof(Real));

template <class Real> inline Vector<Real> load(const Real* from) {
    Vector<Real> v;
    std::memcpy(&v, from, sizeof v);
    return v;
}

template <class V, class Real> inline void store(Real* to, V v) { std::memcpy(to, &v, sizeof v); }

// Less zero: unlike plus zero, the compiler may leave it out, for it keeps −0.
template <class V, class Scalar> inline V broadcast(Scalar value) { return value - V{}; }

inline Integers bits(Doubles x) { return reinterpret_cast<Integers>(x); }
inline Doubles from_bits(Integers n) { return reinterpret_cast<Doubles>(n); }

// a·b + c, in one rounding where the instruction set has it.
#if defined(__AVX512F__)
inline Doubles multiply_add(Doubles a, Doubles b, Doubles c) { return _mm512_fmadd_pd(a, b, c); }
inline Floats multiply_add(Floats a, Floats b, Floats c) { return _mm512_fmadd_ps(a, b, c); }
#elif defined(__FMA__)
inline Doubles multiply_add(Doubles a, Doubles b, Doubles c) { return _mm256_fmadd_pd(a, b, c); }
inline Floats multiply_add(Floats a, Floats b, Floats c) { return _mm256_fmadd_ps(a, b, c); }
#else
template <class V> inline V multiply_add(V a, V b, V c) { return a * b + c; }
#endif

// v, loaded once. The compiler would read a factor from memory again for each product, and loads are what limits.
template <class V> inline V in_register(V v) {
#if defined(__SSE__)
    asm("" : "+v"(v));
#endif
    return v;
}

// The larger of each two, and b where one is NaN. The compiler would compare and select.
#if defined(__AVX512F__)
inline Doubles larger(Doubles a, Doubles b) { return _mm512_maskz_max_pd(__mmask8(-1), a, b); }
#elif defined(__AVX__)
inline Doubles larger(Doubles a, Doubles b) { return _mm256_max_pd(a, b); }
#else
inline Doubles larger(Doubles a, Doubles b) { return a > b ? a : b; }
#endif

// (Σ a, Σ b): two sums across lanes cost little more than one.
typedef double Pair __attribute__((vector_size(16)));
#if defined(__AVX__)
typedef double Quad __attribute__((vector_size(32)));
inline Pair sums(Quad a, Quad b) {
    const Quad both = __builtin_shufflevector(a, b, 0, 4, 2, 6) + __builtin_shufflevector(a, b, 1, 5, 3, 7);
    return __builtin_shufflevector(both, both, 0, 1) + __builtin_shufflevector(both, both, 2, 3);
}
#endif
#if defined(__AVX512F__)
inline Quad folded(Doubles v) {
    return __builtin_shufflevector(v, v, 0, 1, 2, 3) + __builtin_shufflevector(v, v, 4, 5, 6, 7);
}
inline Pair sums(Doubles a, Doubles b) { return sums(folded(a), folded(b)); }
#elif !defined(__AVX__)
inline Pair sums(Doubles a, Doubles b) {
    return __builtin_shufflevector(a, b, 0, 2) + __builtin_shufflevector(a, b, 1, 3);
}
#endif

inline Doubles folded(Floats v) {
    typedef float Half __attribute__((vector_size(kVectorBytes / 2)));
    Half halves[2];
    std::memcpy(halves, &v, sizeof v);
    return __builtin_convertvector(halves[0] + halves[1], Doubles);
}
inline Pair sums(Floats a, Floats b) { return sums(folded(a), folded(b)); }

// (Σ a, Σ b, Σ c, Σ d), of single numbers in single precision.
#if defined(__AVX__)
template <ptrdiff_t... I, class V> inline V sums_of_pairs(V a, V b, std::integer_sequence<ptrdiff_t, I...>) {
    constexpr ptrdiff_t n = sizeof...(I);
    return __builtin_shufflevector(a, b, (I % 2 * n + I / 2 * 2)...) +
           __builtin_shufflevector(a, b, (I % 2 * n + I / 2 * 2 + 1)...);
}
template <ptrdiff_t... I, class V> inline V sums_of_fours(V ab, V cd, std::integer_sequence<ptrdiff_t, I...>) {
    constexpr ptrdiff_t n = sizeof...(I);
    return __builtin_shufflevector(ab, cd, (I / 2 % 2 * n + I / 4 * 4 + I % 2)...) +
           __builtin_shufflevector(ab, cd, (I / 2 % 2 * n + I / 4 * 4 + I % 2 + 2)...);
}
template <class V> inline V sums_of_lanes(V a, V b, V c, V d) {
    constexpr std::make_integer_sequence<ptrdiff_t, ptrdiff_t(sizeof(V) / sizeof(a[0]))> lane;
    return sums_of_fours(sums_of_pairs(a, b, lane), sums_of_pairs(c, d, lane), lane);
}
inline Quad sums(Doubles a, Doubles b, Doubles c, Doubles d) {
    Quad parts[sizeof a / sizeof(Quad)];
    const Doubles all = sums_of_lanes(a, b, c, d);
    std::memcpy(parts, &all, sizeof all);
    return sizeof a > sizeof(Quad) ? parts[0] + parts[sizeof a / sizeof(Quad) - 1] : parts[0];
}
inline Quad sums(Floats a, Floats b, Floats c, Floats d) {
    typedef float Four __attribute__((vector_size(16)));
    Four parts[sizeof a / sizeof(Four)];
    const Floats all = sums_of_lanes(a, b, c, d);
    std::memcpy(parts, &all, sizeof all);
    Four total = parts[0] + parts[1];
    if constexpr (sizeof a > 2 * sizeof(Four)) total += parts[2] + parts[3];
    return __builtin_convertvector(total, Quad);
}
#endif

inline ptrdiff_t round_up(ptrdiff_t n, ptrdiff_t multiple) {
    return (n + multiple - 1) / multiple * multiple;
}
// While it lives, numbers below the normal range count as zero, which take a hundred times as long: in single
// precision a row that is fitted closely has many.
#if defined(__SSE__)
class FlushedToZero {
  public:
    FlushedToZero() : before_(_mm_getcsr()) { _mm_setcsr(before_ | kFlushResults | kFlushOperands); }
    ~FlushedToZero() { _mm_setcsr(before_); }
    FlushedToZero(const FlushedToZero&) = delete;
    FlushedToZero& operator=(const FlushedToZero&) = delete;

  private:
    static constexpr unsigned kFlushResults = 0x8000, kFlushOperands = 0x0040;
    unsigned before_;
};
#else
struct FlushedToZero {
    FlushedToZero() {}  // not trivial: no warning of a variable that is not used
};
#endif

inline ptrdiff_t minimum(ptrdiff_t a, ptrdiff_t b) { return a < b ? a : b; }

// Zeroed memory on cache-line boundaries.
template <class Real> class Buffer {
  public:
    explicit Buffer(ptrdiff_t count) {
        const std::size_t bytes = std::size_t(count > 0 ? count : 1) * sizeof(Real);
        data_ = static_cast<Real*>(::operator new(bytes, std::align_val_t(64)));
        std::memset(data_, 0, bytes);
    }
    ~Buffer() { ::operator delete(data_, std::align_val_t(64)); }
    Buffer(const Buffer&) = delete;
    Buffer& operator=(const Buffer&) = delete;
    operator Real*() const { return data_; }

  private:
    Real* data_;
};

}  // namespace
