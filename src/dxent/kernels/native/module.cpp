// Python's view of the kernels: checks shapes, allocates results, releases the interpreter's lock.
#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/optional.h>

#include <cstring>
#include <memory>
#include <optional>
#include <stdexcept>
#include <vector>

#include "kernels.hpp"
#include "rows_module.hpp"

namespace nb = nanobind;
using namespace nb::literals;
using dxent::Entry;
using dxent::Matrix;

namespace {

using AnyMatrix = nb::ndarray<nb::ro, nb::ndim<2>, nb::device::cpu>;
using Doubles = nb::ndarray<const double, nb::ndim<1>, nb::c_contig, nb::device::cpu>;
using Labels = nb::ndarray<const std::int64_t, nb::ndim<1>, nb::c_contig, nb::device::cpu>;

// The levels that this processor has, best first.
std::vector<const dxent::Kernels*> available() {
    std::vector<const dxent::Kernels*> found;
#if defined(DXENT_X86_LEVELS)
    __builtin_cpu_init();
    const bool v3 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
                    __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2");
    if (v3 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
        __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") &&
        __builtin_cpu_supports("avx512vl"))
        found.push_back(&dxent::x86_64_v4);
    if (v3) found.push_back(&dxent::x86_64_v3);
#endif
    found.push_back(&dxent::plain);
    return found;
}

const dxent::Kernels* kernels = available().front();

nb::list instruction_sets() {
    nb::list names;
    for (const dxent::Kernels* level : available()) names.append(level->instruction_set);
    return names;
}

void use(const char* instruction_set) {
    for (const dxent::Kernels* level : available())
        if (std::strcmp(level->instruction_set, instruction_set) == 0) {
            kernels = level;
            return;
        }
    throw std::invalid_argument("this processor, or this build, lacks that instruction set");
}

void require(bool condition, const char* message) {
    if (!condition) throw std::invalid_argument(message);
}

Entry entry_of(const nb::dlpack::dtype& dtype) {
    if (dtype == nb::dtype<double>()) return Entry::real;
    if (dtype == nb::dtype<float>()) return Entry::single;
    if (dtype == nb::dtype<std::uint8_t>()) return Entry::byte;
    throw nb::type_error("matrices are float32, float64 or uint8");
}

Matrix design(const AnyMatrix& array) {
    return {array.data(),
            entry_of(array.dtype()),
            std::ptrdiff_t(array.shape(0)),
            std::ptrdiff_t(array.shape(1)),
            std::ptrdiff_t(array.stride(0)),
            std::ptrdiff_t(array.stride(1))};
}

Matrix matrix(const AnyMatrix& array) {
    const Matrix M = design(array);
    if (M.entry == Entry::byte) throw nb::type_error("all matrices but X are float32 or float64");
    return M;
}

const double* centre_of(const Matrix& X, const std::optional<Doubles>& centre) {
    require(!centre || std::ptrdiff_t(centre->shape(0)) == X.columns,
            "centre has one entry for each column of X");
    return centre ? centre->data() : nullptr;
}

void check_weights(const Matrix& X, const Matrix& W) {
    require(W.rows > 0 && (W.columns == X.columns || W.columns == X.columns + 1),
            "weights have a row for each output, and a column for each column of X [and one for the bias]");
}

void check_sample_weight(const Doubles& sample_weight, const Matrix& X) {
    require(std::ptrdiff_t(sample_weight.shape(0)) == X.rows, "sample_weight has an entry for each row of X");
}

void check_probs(const Matrix& P, std::ptrdiff_t rows, std::ptrdiff_t outputs) {
    require(P.rows == rows && P.columns == (outputs == 1 ? 2 : outputs),
            "probs have a row for each row of X and a column for each class");
}

// A new array of Real that owns its memory.
template <class Real> struct Result {
    Result(std::ptrdiff_t rows, std::ptrdiff_t columns)
        : rows(std::size_t(rows)), columns(std::size_t(columns)),
          data(new Real[this->rows * this->columns + 1]) {}
    nb::object array() {
        nb::capsule owner(data.get(), [](void* p) noexcept { delete[] static_cast<Real*>(p); });
        Real* released = data.release();
        return nb::cast(nb::ndarray<nb::numpy, Real>(released, {rows, columns}, owner));
    }
    std::size_t rows, columns;
    std::unique_ptr<Real[]> data;
};

template <class Real> nb::object run_logits(const Matrix& X, const double* centre, const Matrix& W) {
    Result<Real> Z(X.rows, W.rows);
    {
        nb::gil_scoped_release unlocked;
        kernels->logits(X, centre, W, Z.data.get());
    }
    return Z.array();
}

nb::object logits(const AnyMatrix& X_array, const std::optional<Doubles>& centre, const AnyMatrix& weights) {
    const Matrix X = design(X_array), W = matrix(weights);
    check_weights(X, W);
    const double* shift = centre_of(X, centre);
    return W.entry == Entry::real ? run_logits<double>(X, shift, W) : run_logits<float>(X, shift, W);
}

nb::object pullback(const AnyMatrix& X_array, const std::optional<Doubles>& centre,
                    const AnyMatrix& residuals, bool with_bias) {
    const Matrix X = design(X_array), R = matrix(residuals);
    require(R.rows == X.rows, "residuals have a row for each row of X");
    const double* shift = centre_of(X, centre);
    Result<double> gradient(R.columns, X.columns + with_bias);
    {
        nb::gil_scoped_release unlocked;
        kernels->pullback(X, shift, R, with_bias, gradient.data.get());
    }
    return gradient.array();
}

template <class Real>
nb::tuple run_loss_pass(const Matrix& X, const double* centre, const Matrix& W, const Labels& labels,
                        const Doubles& sample_weight) {
    Result<double> gradient(W.rows, W.columns);
    Result<Real> probs(X.rows, W.rows == 1 ? 2 : W.rows);
    double loss;
    {
        nb::gil_scoped_release unlocked;
        loss = kernels->loss_pass(X, centre, W, labels.data(), sample_weight.data(), gradient.data.get(),
                                 probs.data.get());
    }
    return nb::make_tuple(loss, gradient.array(), probs.array());
}

nb::tuple loss_pass(const AnyMatrix& X_array, const std::optional<Doubles>& centre, const AnyMatrix& weights,
                    const Labels& labels, const Doubles& sample_weight) {
    const Matrix X = design(X_array), W = matrix(weights);
    check_weights(X, W);
    require(std::ptrdiff_t(labels.shape(0)) == X.rows, "labels have an entry for each row of X");
    check_sample_weight(sample_weight, X);
    const double* shift = centre_of(X, centre);
    return W.entry == Entry::real ? run_loss_pass<double>(X, shift, W, labels, sample_weight)
                       : run_loss_pass<float>(X, shift, W, labels, sample_weight);
}

nb::object hessian_pass(const AnyMatrix& X_array, const std::optional<Doubles>& centre,
                        const AnyMatrix& probs, const Doubles& sample_weight, const AnyMatrix& direction) {
    const Matrix X = design(X_array), P = matrix(probs), V = matrix(direction);
    check_weights(X, V);
    check_probs(P, X.rows, V.rows);
    check_sample_weight(sample_weight, X);
    const double* shift = centre_of(X, centre);
    Result<double> product(V.rows, V.columns);
    {
        nb::gil_scoped_release unlocked;
        kernels->hessian_pass(X, shift, P, sample_weight.data(), V, product.data.get());
    }
    return product.array();
}

nb::object column_spread(const AnyMatrix& X_array, const Doubles& centre, const Doubles& sample_weight) {
    const Matrix X = design(X_array);
    check_sample_weight(sample_weight, X);
    const double* shift = centre_of(X, centre);
    Result<double> spread(3, X.columns);
    {
        nb::gil_scoped_release unlocked;
        kernels->column_spread(X, shift, sample_weight.data(), spread.data.get());
    }
    return spread.array();
}

template <class Real>
nb::tuple run_cross_entropy(const Matrix& Z, const Labels& labels, const Doubles& sample_weight) {
    Result<Real> probs(Z.rows, Z.columns == 1 ? 2 : Z.columns), residuals(Z.rows, Z.columns);
    double loss;
    {
        nb::gil_scoped_release unlocked;
        loss = kernels->weighted_cross_entropy(Z, labels.data(), sample_weight.data(), probs.data.get(),
                                               residuals.data.get());
    }
    return nb::make_tuple(loss, probs.array(), residuals.array());
}

nb::tuple weighted_cross_entropy(const AnyMatrix& logits, const Labels& labels, const Doubles& sample_weight) {
    const Matrix Z = matrix(logits);
    require(std::ptrdiff_t(labels.shape(0)) == Z.rows, "labels have an entry for each row of logits");
    check_sample_weight(sample_weight, Z);
    return Z.entry == Entry::real ? run_cross_entropy<double>(Z, labels, sample_weight)
                                  : run_cross_entropy<float>(Z, labels, sample_weight);
}

template <class Real>
nb::object run_softmax_jacobian(const Matrix& P, const Matrix& U, const Doubles& sample_weight) {
    Result<Real> out(U.rows, U.columns);
    {
        nb::gil_scoped_release unlocked;
        kernels->weighted_softmax_jacobian(P, U, sample_weight.data(), out.data.get());
    }
    return out.array();
}

nb::object weighted_softmax_jacobian(const AnyMatrix& probs, const AnyMatrix& directions,
                                     const Doubles& sample_weight) {
    const Matrix P = matrix(probs), U = matrix(directions);
    check_probs(P, U.rows, U.columns);
    check_sample_weight(sample_weight, U);
    return U.entry == Entry::real ? run_softmax_jacobian<double>(P, U, sample_weight)
                                  : run_softmax_jacobian<float>(P, U, sample_weight);
}

using Starts = nb::ndarray<const std::int64_t, nb::ndim<1>, nb::c_contig, nb::device::cpu>;
using Entries = nb::ndarray<nb::ro, nb::ndim<1>, nb::c_contig, nb::device::cpu>;
using RowOrder = nb::ndarray<nb::ro, nb::ndim<2>, nb::c_contig, nb::device::cpu>;
using Output = nb::ndarray<nb::ndim<2>, nb::device::cpu>;

void sparse_product(const Entries& values, const Entries& columns, const Starts& starts, const RowOrder& dense,
                    const Doubles& u, const Doubles& v, const Output& result) {
    const Matrix B = matrix(AnyMatrix(dense)), out = matrix(AnyMatrix(result));
    const bool wide = columns.dtype() == nb::dtype<std::int64_t>();
    require(wide || columns.dtype() == nb::dtype<std::int32_t>(), "indices are int32 or int64");
    require(starts.shape(0) > 0 && columns.shape(0) == values.shape(0), "a CSR matrix has an index a value");
    const dxent::SparseRows A = {values.data(),
                                 entry_of(values.dtype()),
                                 columns.data(),
                                 wide,
                                 starts.data(),
                                 std::ptrdiff_t(starts.shape(0)) - 1,
                                 std::ptrdiff_t(values.shape(0))};
    require(A.entry != Entry::byte && (A.entry == Entry::single || B.entry == Entry::real),
            "a sparse matrix is float32, or float64 as the one it multiplies");
    require(out.rows == A.rows && out.columns == B.columns && std::ptrdiff_t(u.shape(0)) == A.rows &&
                std::ptrdiff_t(v.shape(0)) == B.columns,
            "u and the result have a row for each row of A, v and the result a column for each column of B");
    nb::gil_scoped_release unlocked;
    kernels->sparse_product(A, B, u.data(), v.data(), out);
}

using Map = void (*)(const double*, double*, std::ptrdiff_t);

nb::object apply(Map function, const Doubles& x) {
    Result<double> y(1, std::ptrdiff_t(x.shape(0)));
    function(x.data(), y.data.get(), std::ptrdiff_t(x.shape(0)));
    return y.array();
}

}  // namespace

NB_MODULE(_native, m) {
    m.doc() = "The compiled kernels; dxent.kernels.reference defines them.";
    m.def("logits", &logits, "X"_a.noconvert(), "centre"_a.none(), "weights"_a);
    m.def("pullback", &pullback, "X"_a.noconvert(), "centre"_a.none(), "residuals"_a, "with_bias"_a);
    m.def("loss_pass", &loss_pass, "X"_a.noconvert(), "centre"_a.none(), "weights"_a, "labels"_a,
          "sample_weight"_a);
    m.def("hessian_pass", &hessian_pass, "X"_a.noconvert(), "centre"_a.none(), "probs"_a, "sample_weight"_a,
          "direction"_a);
    m.def("column_spread", &column_spread, "X"_a.noconvert(), "centre"_a, "sample_weight"_a);
    m.def("weighted_cross_entropy", &weighted_cross_entropy, "Z"_a, "labels"_a, "sample_weight"_a);
    m.def("weighted_softmax_jacobian", &weighted_softmax_jacobian, "probs"_a, "U"_a, "sample_weight"_a);
    m.def("sparse_product", &sparse_product, "values"_a.noconvert(), "columns"_a.noconvert(), "starts"_a,
          "B"_a.noconvert(), "u"_a, "v"_a, "out"_a.noconvert());
    m.def("exp", [](const Doubles& x) { return apply(kernels->exp, x); });
    m.def("log1p", [](const Doubles& x) { return apply(kernels->log1p, x); });
    bind_rows(m, &kernels);
    m.def("instruction_sets", &instruction_sets);
    m.def("use", &use, "instruction_set"_a);
    m.def("instruction_set", [] { return kernels->instruction_set; });
}
