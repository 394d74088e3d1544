// Σ w (x, 1) (x, 1)ᵀ over sparse rows, for the weights of each pair of classes: a product for every two stored
// entries of a row. Compiled once for each instruction set, under the name DXENT_LEVEL.
#include "pair_weights.hpp"
#include "sparse_rows.hpp"

namespace {

constexpr ptrdiff_t kRowsTogether = 64;

// Sums of so many rows, at least, are added up by themselves: the rounding errors stay small.
constexpr ptrdiff_t kRowsASum = 256;

// So many products, for each entry of the result, outweigh adding up the sums.
constexpr ptrdiff_t kProductsASum = 2;

// Add rows' products to the part of `gram` above its diagonal; the columns of each are in order. A function of its own,
// that its loops have the registers to themselves.
template <class Values, class Columns>
[[gnu::noinline]] void add_rows(Values values, Columns columns, const std::int64_t* starts, ptrdiff_t rows,
                                const double* weights, ptrdiff_t width, double* gram) {
    for (ptrdiff_t r = 0; r < rows; ++r) {
        const ptrdiff_t stop = starts[r + 1];
        for (ptrdiff_t p = starts[r]; p < stop; ++p) {
            const double factor = weights[r] * double(values[p]);
            double* line = gram + columns[p] * width;
#pragma GCC unroll 4
            for (ptrdiff_t q = p; q < stop; ++q) line[columns[q]] += factor * double(values[q]);
            line[width - 1] += factor;
        }
        gram[width * width - 1] += weights[r];
    }
}

// One sum of products, in two stages.
class Sums {
  public:
    Sums(ptrdiff_t width, double* total) : size_(width * width), sums_(size_), total_(total) {}
    operator double*() const { return sums_; }

    void count(ptrdiff_t rows, ptrdiff_t products) {
        rows_ += rows;
        products_ += products;
        if (rows_ >= kRowsASum && products_ >= kProductsASum * size_) add_up();
    }
    void add_up() {
        for (ptrdiff_t k = 0; k < size_; ++k) total_[k] += sums_[k];
        std::memset(sums_, 0, std::size_t(size_) * sizeof(double));
        rows_ = products_ = 0;
    }

  private:
    ptrdiff_t size_, rows_ = 0, products_ = 0;
    Buffer<double> sums_;
    double* total_;
};

template <class Values, class Columns>
void pair_grams(const SparseRows& X, Values values, Columns columns, ptrdiff_t features, const Matrix& probs,
                const double* sample_weight, const std::int64_t* first_class, const std::int64_t* second_class,
                ptrdiff_t pairs, double* grams) {
    const ptrdiff_t width = features + 1, size = width * width;
    PairWeights weights(probs.columns, kRowsTogether);
    std::memset(grams, 0, std::size_t(pairs * size) * sizeof(double));
    for (ptrdiff_t m = 0; m < pairs; ++m) {
        Sums sums(width, grams + m * size);
        for (ptrdiff_t first = 0; first < X.rows; first += kRowsTogether) {
            const ptrdiff_t rows = minimum(kRowsTogether, X.rows - first);
            weights.read(probs, sample_weight, first, rows);
            const std::int64_t* starts = X.starts + first;
            add_rows(values, columns, starts, rows, weights.of(first_class[m], second_class[m]), width, sums);
            ptrdiff_t products = 0;
            for (ptrdiff_t r = 0; r < rows; ++r)
                products += (starts[r + 1] - starts[r]) * (starts[r + 1] - starts[r]) / 2;
            sums.count(rows, products);
        }
        sums.add_up();
        mirror(grams + m * size, width);
    }
}

}  // namespace

namespace dxent::sparse_grams {

void DXENT_LEVEL(const SparseRows& X, ptrdiff_t features, const Matrix& probs, const double* sample_weight,
                 const std::int64_t* first_class, const std::int64_t* second_class, ptrdiff_t pairs,
                 double* grams) {
    as_stored(X, [&](auto values, auto columns) {
        pair_grams(X, values, columns, features, probs, sample_weight, first_class, second_class, pairs, grams);
    });
}

}  // namespace dxent::sparse_grams
