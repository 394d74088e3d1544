// A "strip" of vectors, in which a lane holds either a row of its own (short rows, transposed) or every so
// many-th entry of one long row: only the folds at the end of a sweep know which.
#pragma once

#include "split.hpp"
#include "transpose.hpp"

namespace {

// So many vectors are worked on side by side.
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
