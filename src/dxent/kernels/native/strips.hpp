// A "strip" of vectors, in which a lane holds either a row of its own (short rows, transposed) or every so
// many-th entry of one long row: only the folds at the end of a sweep know which.
#pragma once

#include "split.hpp"

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
constexpr int kAbreast = 2;

// Up to so many bytes, a row and the next have room in cache together.
constexpr ptrdiff_t kFetchedRow = 1 << 20;

// Vectors to read; those of a row that is no multiple of their width end with a filled up one.
template <class T> class Strip {
  public:
    Strip(const T* data, ptrdiff_t length, double filler)
        : data_(data), next_(data + (length * ptrdiff_t(sizeof(T)) <= kFetchedRow ? length : 0)),
          full_(length / kWidth), count_(round_up(length, kWidth) / kWidth) {
        T rest[kWidth];
        for (ptrdiff_t lane = 0; lane < kWidth; ++lane) rest[lane] = T(filler);
        std::memcpy(rest, data + full_ * kWidth, std::size_t(length % kWidth) * sizeof(T));
        rest_ = load_wide(rest);
    }
    ptrdiff_t count() const { return count_; }
    Doubles operator[](ptrdiff_t i) const { return i < full_ ? load_wide(data_ + i * kWidth) : rest_; }
    // Call work(i, vectors i, i + 1, …) for all of them, for kAbreast at a time while there are so many. What
    // follows in memory, the next row, is fetched meanwhile.
    template <class Work> void sweep(Work work) const {
        ptrdiff_t i = 0;
        for (; i + kAbreast <= full_; i += kAbreast) {
            Doubles several[kAbreast];
            for (int k = 0; k < kAbreast; ++k) {
                several[k] = load_wide(data_ + (i + k) * kWidth);
                __builtin_prefetch(next_ + (i + k) * kWidth);
            }
            work(i, several);
        }
        for (; i < count_; ++i) {
            const Doubles one[] = {(*this)[i]};
            work(i, one);
        }
    }

  private:
    const T *data_, *next_;
    ptrdiff_t full_, count_;
    Doubles rest_;
};

// Vectors to write, and to read again.
template <class T> class Target {
  public:
    Target(T* data, ptrdiff_t length) : data_(data), full_(length / kWidth), tail_(length % kWidth) {}
    void put_whole(ptrdiff_t i, Doubles v) { store_rounded(data_ + i * kWidth, v); }
    void put(ptrdiff_t i, Doubles v) {
        if (i < full_) return put_whole(i, v);
        T rest[kWidth];
        store_rounded(rest, v);
        std::memcpy(data_ + i * kWidth, rest, std::size_t(tail_) * sizeof(T));
        rest_ = v;
    }
    // Write value(i) to every vector.
    template <class Value> void fill(Value value) {
        for (ptrdiff_t i = 0; i < full_; ++i) put_whole(i, value(i));
        if (tail_) put(full_, value(full_));
    }
    Doubles operator[](ptrdiff_t i) const { return i < full_ ? load_wide(data_ + i * kWidth) : rest_; }
    // Write each lane to the vector that `place` names for it; nothing where that is negative.
    void put_at(Doubles place, Doubles v) {
        for (ptrdiff_t lane = 0; lane < kWidth; ++lane)
            if (place[lane] >= 0) data_[ptrdiff_t(place[lane]) * kWidth + lane] = T(v[lane]);
    }

  private:
    T* data_;
    ptrdiff_t full_, tail_;
    Doubles rest_{};
};

// What a row adds up to: how many of its entries are the largest, and Σ exp(x − largest) over the others.
struct Total {
    Doubles largest, ties;
    Split below;
};

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

// Each lane is a row: nothing to fold. Results pass through `scratch`, which has a vector for each class.
struct EachLane {
    double* scratch;
    static constexpr const Total* whole = nullptr;
    static Doubles max(Doubles v) { return v; }
    static Doubles at_max(Doubles, Doubles v) { return v; }
    static Split sum(Split v) { return v; }

    // The vector where each lane's label stands; none for a label that is no class.
    static Doubles locate(const std::int64_t* labels, ptrdiff_t rows, ptrdiff_t classes) {
        Doubles place = broadcast<Doubles>(-1.0);
        for (ptrdiff_t lane = 0; lane < rows; ++lane)
            if (labels[lane] >= 0 && labels[lane] < classes) place[lane] = double(labels[lane]);
        return place;
    }
    template <class T> static Doubles pick(const Strip<T>& x, Doubles place) {
        Doubles picked = broadcast<Doubles>(__builtin_nan(""));
        for (ptrdiff_t lane = 0; lane < kWidth; ++lane)
            if (place[lane] >= 0) picked[lane] = x[ptrdiff_t(place[lane])][lane];
        return picked;
    }
    template <class Real> static Doubles read(const Real* numbers, ptrdiff_t rows) {
        Doubles v = broadcast<Doubles>(0.0);
        for (ptrdiff_t lane = 0; lane < rows; ++lane) v[lane] = numbers[lane];
        return v;
    }
    template <class Real> static void write(Real* to, ptrdiff_t rows, Doubles v) {
        for (ptrdiff_t lane = 0; lane < rows; ++lane) to[lane] = Real(v[lane]);
    }
    // Let `fill` write the rows.
    template <class Real, class Fill>
    void write_rows(Real* to, ptrdiff_t rows, ptrdiff_t classes, Fill fill) const {
        Target<double> target(scratch, classes * kWidth);
        fill(target);
        scatter(scratch, rows, classes, to);
    }
};

// The lanes are parts of one row, whose terms have room in `scratch` unless it is null. Where the strip itself is
// a part of a row, `whole` says what that adds up to.
struct OneRow {
    double* scratch;
    const Total* whole;
    static Doubles max(Doubles v) {
        double largest = v[0];
        for (ptrdiff_t lane = 1; lane < kWidth; ++lane)
            largest = v[lane] > largest || v[lane] != v[lane] ? v[lane] : largest;
        return broadcast<Doubles>(largest);
    }
    // The number that belongs to the largest.
    static Doubles at_max(Doubles size, Doubles v) {
        ptrdiff_t best = 0;
        for (ptrdiff_t lane = 1; lane < kWidth; ++lane) best = size[lane] > size[best] ? lane : best;
        return broadcast<Doubles>(v[best]);
    }
    static Split sum(Split v) {
        Split total{broadcast<Doubles>(0.0), broadcast<Doubles>(0.0)};
        for (ptrdiff_t lane = 0; lane < kWidth; ++lane) {
            const Split next = two_sum(total.value, broadcast<Doubles>(v.value[lane]));
            total = {next.value, total.lost + next.lost + v.lost[lane]};
        }
        return total;
    }
    static Doubles locate(const std::int64_t* label, ptrdiff_t, ptrdiff_t classes) {
        Doubles place = broadcast<Doubles>(-1.0);
        if (*label >= 0 && *label < classes) place[*label % kWidth] = double(*label / kWidth);
        return place;
    }
    template <class T> static Doubles pick(const Strip<T>& x, Doubles place) {
        for (ptrdiff_t lane = 0; lane < kWidth; ++lane)
            if (place[lane] >= 0) return broadcast<Doubles>(x[ptrdiff_t(place[lane])][lane]);
        return broadcast<Doubles>(__builtin_nan(""));
    }
    template <class Real> static Doubles read(const Real* number, ptrdiff_t) {
        return broadcast<Doubles>(double(*number));
    }
    template <class Real> static void write(Real* to, ptrdiff_t, Doubles v) { *to = Real(v[0]); }
    template <class Real, class Fill>
    static void write_rows(Real* to, ptrdiff_t, ptrdiff_t classes, Fill fill) {
        Target<Real> target(to, classes);
        fill(target);
    }
};

}  // namespace
