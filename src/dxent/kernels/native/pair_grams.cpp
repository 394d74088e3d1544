// Σ w x̃ x̃ᵀ over the rows, for the weights of each pair of classes: the blocks of a softmax's Hessian. Compiled
// once for each instruction set, under the name DXENT_LEVEL.
#include "dense_tile.hpp"
#include "pair_weights.hpp"

namespace {

// More are wasted on what is below the diagonal, fewer on loads; four leave nothing over of a multiple of four.
constexpr ptrdiff_t kColumnsTogether = 5;

// Numbers of a column that are added up in each lane: the more there are, the fewer sums cross lanes, but the more
// do those of equal numbers lose in single precision.
constexpr ptrdiff_t kLongestSum = 52;

// The rows' products, added up with one weight each. The part above the diagonal is wanted; of a few columns at a
// time, a little of what is below it comes along.
template <class Real> class Gram {
  public:
    Gram(ptrdiff_t features, bool with_bias, ptrdiff_t height)
        : features_(features), width_(features + with_bias), height_(height),
          weights_(height), scaled_(kColumnsTogether * height) {}

    void add(Lines<Real> columns, const double* weights, double* gram, Ahead& ahead) const {
        Doubles total = broadcast<Doubles>(0.0);
        for (ptrdiff_t r = 0; r < height_; r += kLanes<double>) total += load(weights + r);
        for (ptrdiff_t r = 0; r < height_; ++r) weights_[r] = Real(weights[r]);
        for_class_blocks(features_, [&](ptrdiff_t j, auto C) {
            double* block = gram + j * width_;
            weigh<C.value>(columns, j, block + features_);
            add_inner(Lines<Real>{scaled_, height_, C.value, columns.length},
                      Lines<Real>{columns.at(j, 0), columns.stride, features_ - j, columns.length}, block + j,
                      width_, ahead);
        }, features_ % 4 ? kColumnsTogether : 4);
        if (width_ > features_) gram[width_ * width_ - 1] += sums(total, total)[0];
    }

  private:
    // Copy C columns, weighted; add the sum of each to a column of the result if there is a bias.
    template <int C> void weigh(Lines<Real> columns, ptrdiff_t first, double* bias) const {
        Vector<Real> totals[C] = {};
        for (ptrdiff_t r = 0; r < height_; r += kLanes<Real>) {
            const Vector<Real> weight = load(weights_ + r);
#pragma GCC unroll 8
            for (int c = 0; c < C; ++c) {
                const Vector<Real> product = load(columns.at(first + c, r)) * weight;
                store(scaled_ + c * height_ + r, product);
                totals[c] += product;
            }
        }
        for (int c = 0; width_ > features_ && c < C; ++c) bias[c * width_] += sums(totals[c], totals[c])[0];
    }

    ptrdiff_t features_, width_, height_;
    Buffer<Real> weights_, scaled_;
};

template <class Real>
void pair_grams(const Matrix& X, const double* centre, const Matrix& probs, const double* sample_weight,
                const std::int64_t* first_class, const std::int64_t* second_class, ptrdiff_t pairs,
                bool with_bias, double* grams) {
    const ptrdiff_t width = X.columns + with_bias, size = width * width;
    const ptrdiff_t most = tile_height(X.columns, sizeof(Real), kTileBytes, kLongestSum * kLanes<Real>);
    const ptrdiff_t tiles = (X.rows + most - 1) / most + (X.rows == 0);  // none is short of rows
    Tile<Real> tile(X, centre, true, (X.rows + tiles - 1) / tiles);
    const ptrdiff_t height = tile.height();
    const Gram<Real> gram(X.columns, with_bias, height);
    PairWeights weights(probs.columns, height);
    const ptrdiff_t steps = product_steps<Real>(width, height, width) * pairs / 2 + tile.reading_steps() + 1;
    std::memset(grams, 0, std::size_t(pairs * size) * sizeof(double));
    for (ptrdiff_t first = 0; first < X.rows; first += height) {
        const ptrdiff_t count = minimum(height, X.rows - first);
        Ahead ahead = tile.ahead(first, steps);
        tile.read(first, count, ahead);
        weights.read(probs, sample_weight, first, count);
        for (ptrdiff_t m = 0; m < pairs; ++m)
            gram.add(tile.lines(), weights.of(first_class[m], second_class[m]), grams + m * size, ahead);
    }
    for (ptrdiff_t m = 0; m < pairs; ++m) mirror(grams + m * size, width);
}

}  // namespace

namespace dxent::grams {

void DXENT_LEVEL(const Matrix& X, const double* centre, const Matrix& probs, const double* sample_weight,
                 const std::int64_t* first_class, const std::int64_t* second_class, ptrdiff_t pairs,
                 bool with_bias, double* grams) {
    if (probs.entry == Entry::real)
        return pair_grams<double>(X, centre, probs, sample_weight, first_class, second_class, pairs, with_bias, grams);
    const FlushedToZero flushed;
    pair_grams<float>(X, centre, probs, sample_weight, first_class, second_class, pairs, with_bias, grams);
}

}  // namespace dxent::grams
