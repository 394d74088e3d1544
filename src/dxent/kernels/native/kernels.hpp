// What the compiled kernels offer: one table of functions for each instruction set.
#pragma once

#include <cstddef>
#include <cstdint>

namespace dxent {

// What a number is stored as; bytes are unsigned.
enum class Entry { real, single, byte };

// A matrix as NumPy lays it out; strides are counted in elements.
struct Matrix {
    const void* data;
    Entry entry;
    std::ptrdiff_t rows, columns, row_stride, column_stride;
};

// Rows of a CSR matrix: the entries of row r are starts[r] … starts[r + 1], of float or double, in columns of 32
// or 64 bits. Without values, all are 1; the product alone has to have them.
struct SparseRows {
    const void* values;
    Entry entry;
    const void* columns;
    bool wide_columns;
    const std::int64_t* starts;
    std::ptrdiff_t rows, stored;
};

namespace sparse {
// out = A B − u vᵀ for B in row order, and an array `out` that may be written to.
using Product = void(const SparseRows& A, const Matrix& B, const double* u, const double* v,
                     const Matrix& out);
Product plain, x86_64_v3, x86_64_v4;
}  // namespace sparse

// Passes over sparse rows, whose logits are X Wᵀ − shift. The gradient is (outputs, features + 1) in row order, of
// rows (x, 1); the centre is for the caller to take out.
namespace sparse_loss {
using Pass = double(const SparseRows& X, const Matrix& W, const double* shift, const std::int64_t* labels,
                    const double* sample_weight, double* gradient, void* probs);
Pass plain, x86_64_v3, x86_64_v4;
}  // namespace sparse_loss

namespace sparse_hessian {
using Pass = void(const SparseRows& X, const Matrix& probs, const double* sample_weight, const Matrix& direction,
                  const double* shift, double* product);
Pass plain, x86_64_v3, x86_64_v4;
}  // namespace sparse_hessian

namespace sparse_spread {
// Writes five rows (features,) of sums over the stored entries of rows that count: Σ s δ, Σ s δ², Σ s, how many there
// are, and max |δ|, where δ = x − centre.
using Spread = void(const SparseRows& X, std::ptrdiff_t features, const double* centre, const double* sample_weight,
                    double* spread);
Spread plain, x86_64_v3, x86_64_v4;
}  // namespace sparse_spread

namespace grams {
// Those of reference.pair_grams: one matrix in row order for each pair of classes.
using PairGrams = void(const Matrix& X, const double* centre, const Matrix& probs, const double* sample_weight,
                       const std::int64_t* first_class, const std::int64_t* second_class, std::ptrdiff_t pairs,
                       bool with_bias, double* grams);
PairGrams plain, x86_64_v3, x86_64_v4;
}  // namespace grams

namespace sparse_grams {
// The same of rows (x, 1) whose columns are in order, each once.
using PairGrams = void(const SparseRows& X, std::ptrdiff_t features, const Matrix& probs,
                       const double* sample_weight, const std::int64_t* first_class,
                       const std::int64_t* second_class, std::ptrdiff_t pairs, double* grams);
PairGrams plain, x86_64_v3, x86_64_v4;
}  // namespace sparse_grams

// Those of contrasts.py: out is (outputs, columns), and (classes − 1, columns), in any order.
namespace to_outputs {
using Change = void(const Matrix& theta, const double* scale, const Matrix& out);
Change plain, x86_64_v3, x86_64_v4;
}  // namespace to_outputs

namespace to_contrasts {
using Change = void(const Matrix& weights, const double* scale, const Matrix& out);
Change plain, x86_64_v3, x86_64_v4;
}  // namespace to_contrasts

// The functions of rows.py, on contiguous arrays; `gradient` may be null. So is `total`, unless x is a part of one
// row: then the largest entry of all, how many there are, and Σ exp(x − largest) over the others, in two parts.
template <class Real> struct RowKernels {
    using ByRow = void (*)(const Real* x, std::ptrdiff_t rows, std::ptrdiff_t classes, Real* out,
                           const double* total);
    ByRow softmax, complement, log_softmax, logsumexp;
    void (*cross_entropy)(const Real* x, std::ptrdiff_t rows, std::ptrdiff_t classes,
                          const std::int64_t* labels, const double* scale, double* losses, Real* gradient,
                          const double* total);
    // Writes those three sums of a part.
    void (*part_of_total)(const Real* x, std::ptrdiff_t count, double largest, double* sums);
};

struct RowKernelTable {
    RowKernels<double> in_double;
    RowKernels<float> in_single;
    void (*product)(const double* probs, const double* v, std::ptrdiff_t rows, std::ptrdiff_t classes,
                    double* out);
    // Those of logistic.py.
    void (*sigmoid)(const double* z, std::ptrdiff_t count, double* out);
    void (*sigmoid_slope)(const double* z, std::ptrdiff_t count, double* out);
    void (*softplus)(const double* z, std::ptrdiff_t count, double* out);
};

namespace rows {
extern const RowKernelTable plain;
extern const RowKernelTable x86_64_v3;
extern const RowKernelTable x86_64_v4;
}  // namespace rows

// The functions of reference.py. `centre` may be null. Gradients are (outputs, weights.columns) in row order;
// probabilities and logits are in row order and in the dtype of the weights.
struct Kernels {
    const char* instruction_set;
    void (*logits)(const Matrix& X, const double* centre, const Matrix& weights, void* logits);
    void (*pullback)(const Matrix& X, const double* centre, const Matrix& residuals, bool with_bias,
                     double* gradient);
    double (*loss_pass)(const Matrix& X, const double* centre, const Matrix& weights,
                        const std::int64_t* labels, const double* sample_weight, double* gradient,
                        void* probs);
    void (*hessian_pass)(const Matrix& X, const double* centre, const Matrix& probs,
                         const double* sample_weight, const Matrix& direction, double* product);
    // Writes three rows (features,): Σ s δ, Σ s δ² and max |δ|, where δ = x − centre; returns max ‖unit δ‖.
    double (*column_spread)(const Matrix& X, const double* centre, const double* sample_weight,
                            const double* unit, double* spread);
    // Those of given logits, or of a direction's; they write arrays in row order and of the logits' type.
    double (*weighted_cross_entropy)(const Matrix& Z, const std::int64_t* labels, const double* sample_weight,
                                     void* probs, void* residuals);
    // Of the logits Z + step · U.
    double (*weighted_loss_slope)(const Matrix& Z, const Matrix& U, double step, const std::int64_t* labels,
                                  const double* sample_weight);
    void (*weighted_softmax_jacobian)(const Matrix& probs, const Matrix& U, const double* sample_weight,
                                      void* out);
    void (*exp)(const double* x, double* y, std::ptrdiff_t count);
    void (*log1p)(const double* x, double* y, std::ptrdiff_t count);
    sparse::Product* sparse_product;
    sparse_loss::Pass* sparse_loss_pass;
    sparse_hessian::Pass* sparse_hessian_pass;
    sparse_spread::Spread* sparse_column_spread;
    grams::PairGrams* pair_grams;
    sparse_grams::PairGrams* sparse_pair_grams;
    to_outputs::Change* to_outputs;
    to_contrasts::Change* to_contrasts;
    const RowKernelTable& rows;
};

extern const Kernels plain;
extern const Kernels x86_64_v3;
extern const Kernels x86_64_v4;

}  // namespace dxent
