// What the Gram matrices of a softmax's Hessian share: what its rows weigh in each, a tile at a time.
#pragma once

#include "logit_tile.hpp"

namespace {

// The probabilities of a tile's rows, by class, and what the rows weigh in a block.
class PairWeights {
  public:
    PairWeights(ptrdiff_t classes, ptrdiff_t height)
        : height_(height), probs_(classes * height), most_(height), others_(height), sample_weight_(height),
          weights_(height) {}

    void read(const Matrix& probs, const double* sample_weight, ptrdiff_t first, ptrdiff_t count) {
        read_class_major(probs, first, count, ClassMajor{probs_, height_});
        // rows beyond the last weigh nothing
        std::memset(sample_weight_, 0, std::size_t(height_) * sizeof(double));
        std::memcpy(sample_weight_, sample_weight + first, std::size_t(count) * sizeof(double));
        for (ptrdiff_t r = 0; r < height_; r += kLanes<double>) {
            Doubles most = load(probs_ + r), others = broadcast<Doubles>(0.0);
            for (ptrdiff_t c = 1; c < probs.columns; ++c) {
                const Doubles p = load(probs_ + c * height_ + r);
                others += p > most ? most : p;
                most = p > most ? p : most;
            }
            store(most_ + r, most);
            store(others_ + r, others);
        }
    }

    // s p_a p_b; or s p_a (1 − p_a), where 1 − p is the sum of the others if p is the largest.
    const double* of(ptrdiff_t a, ptrdiff_t b) const {
        const double *first = probs_ + a * height_, *second = probs_ + b * height_;
        for (ptrdiff_t r = 0; r < height_; r += kLanes<double>) {
            const Doubles p = load(first + r);
            Doubles partner = load(second + r);
            if (a == b) partner = p == load(most_ + r) ? load(others_ + r) : 1.0 - p;
            store(weights_ + r, load(sample_weight_ + r) * p * partner);
        }
        return weights_;
    }

  private:
    ptrdiff_t height_;
    Buffer<double> probs_, most_, others_, sample_weight_, weights_;
};

// Copy what is above the diagonal to below it.
inline void mirror(double* gram, ptrdiff_t width) {
    for (ptrdiff_t j = 0; j < width; ++j)
        for (ptrdiff_t k = 0; k < j; ++k) gram[j * width + k] = gram[k * width + j];
}

}  // namespace
