// Σ w x̃ x̃ᵀ over the rows, for the weights of each pair of classes: the blocks of a softmax's Hessian. Compiled
// once for each instruction set, under the name DXENT_LEVEL.
#include "dense_tile.hpp"
#include "pair_weights.hpp"

namespace {

constexpr ptrdiff_t kColumnsTogether = 5;

// The rows' products, added up with one weight each. The part above the diagonal is wanted; five columns at a time, a
// little of what is below it comes along.
class Gram {
  public:
    Gram(ptrdiff_t features, bool with_bias, ptrdiff_t height)
        : features_(features), width_(features + with_bias), height_(height),
          scaled_(kColumnsTogether * height) {}

    void add(Lines<double> columns, const double* weights, double* gram, Ahead& ahead) const {
        for (ptrdiff_t j = 0; j < features_; j += kColumnsTogether) {
            const ptrdiff_t together = minimum(kColumnsTogether, features_ - j);
            for (ptrdiff_t c = 0; c < together; ++c) {
                const double total = scale(columns.at(j + c, 0), weights, scaled_ + c * height_);
                if (width_ > features_) gram[(j + c) * width_ + features_] += total;
            }
            add_inner(Lines<double>{scaled_, height_, together, columns.length},
                      Lines<double>{columns.at(j, 0), columns.stride, features_ - j, columns.length},
                      gram + j * width_ + j, width_, ahead);
        }
        if (width_ > features_)
            for (ptrdiff_t r = 0; r < columns.length; ++r) gram[width_ * width_ - 1] += weights[r];
    }

  private:
    // Write the product of two lines, and return its sum.
    double scale(const double* column, const double* weights, double* to) const {
        Doubles total = broadcast<Doubles>(0.0);
        for (ptrdiff_t r = 0; r < height_; r += kLanes<double>) {
            const Doubles product = load(column + r) * load(weights + r);
            store(to + r, product);
            total += product;
        }
        return sums(total, total)[0];
    }

    ptrdiff_t features_, width_, height_;
    Buffer<double> scaled_;
};

}  // namespace

namespace dxent::grams {

void DXENT_LEVEL(const Matrix& X, const double* centre, const Matrix& probs, const double* sample_weight,
                 const std::int64_t* first_class, const std::int64_t* second_class, ptrdiff_t pairs,
                 bool with_bias, double* grams) {
    const ptrdiff_t width = X.columns + with_bias, size = width * width;
    Tile<double> tile(X, centre, true);
    const ptrdiff_t height = tile.height();
    const Gram gram(X.columns, with_bias, height);
    PairWeights weights(probs.columns, height);
    const ptrdiff_t steps = product_steps<double>(width, height, width) * pairs / 2 + tile.reading_steps() + 1;
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

}  // namespace dxent::grams
