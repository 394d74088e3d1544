// Python's view of the kernels: checks shapes, allocates results, releases the interpreter's lock.
#include <nanobind/stl/optional.h>

#include <optional>
#include <vector>

#include "module.hpp"
#include "rows_module.hpp"

namespace {

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

const double* centre_of(const Matrix& X, const std::optional<Doubles>& centre) {
    require(!centre || std::ptrdiff_t(centre->shape(0)) == X.columns,
            "centre has one entry for each column of X");
    return centre ? centre->data() : nullptr;
}

void check_weights(const Matrix& X, const Matrix& W) {
    require(W.rows > 0 && (W.columns == X.columns || W.columns == X.columns + 1),
            "weights have a row for each output, and a column for each column of X [and one for the bias]");
}

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

using Probs = nb::ndarray<nb::ndim<2>, nb::c_contig, nb::device::cpu>;

template <class Real>
nb::tuple run_loss_pass(const Matrix& X, const double* centre, const Matrix& W, const Labels& labels,
                        const Doubles& sample_weight, const std::optional<Probs>& out) {
    Result<double> gradient(W.rows, W.columns);
    const std::ptrdiff_t classes = W.rows == 1 ? 2 : W.rows;
    std::optional<Result<Real>> made;
    if (out)
        require(out->dtype() == nb::dtype<Real>() && std::ptrdiff_t(out->shape(0)) == X.rows &&
                    std::ptrdiff_t(out->shape(1)) == classes,
                "out has a row for each row of X, a column for each class, and the type of the weights");
    else
        made.emplace(X.rows, classes);
    Real* probs = out ? static_cast<Real*>(out->data()) : made->data.get();
    double loss;
    {
        nb::gil_scoped_release unlocked;
        loss = kernels->loss_pass(X, centre, W, labels.data(), sample_weight.data(), gradient.data.get(), probs);
    }
    return nb::make_tuple(loss, gradient.array(), out ? nb::cast(*out) : made->array());
}

nb::tuple loss_pass(const AnyMatrix& X_array, const std::optional<Doubles>& centre, const AnyMatrix& weights,
                    const Labels& labels, const Doubles& sample_weight, const std::optional<Probs>& out) {
    const Matrix X = design(X_array), W = matrix(weights);
    check_weights(X, W);
    require(std::ptrdiff_t(labels.shape(0)) == X.rows, "labels have an entry for each row of X");
    check_sample_weight(sample_weight, X);
    const double* shift = centre_of(X, centre);
    return W.entry == Entry::real ? run_loss_pass<double>(X, shift, W, labels, sample_weight, out)
                                  : run_loss_pass<float>(X, shift, W, labels, sample_weight, out);
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

nb::object pair_grams(const AnyMatrix& X_array, const std::optional<Doubles>& centre, const AnyMatrix& probs,
                      const Doubles& sample_weight, const Labels& first_class, const Labels& second_class,
                      bool with_bias) {
    const Matrix X = design(X_array), P = matrix(probs);
    check_probs(P, X.rows, P.columns);
    check_sample_weight(sample_weight, X);
    check_pairs(first_class, second_class, P);
    const double* shift = centre_of(X, centre);
    const std::ptrdiff_t pairs = std::ptrdiff_t(first_class.shape(0)), width = X.columns + with_bias;
    Result<double> grams(pairs * width, width);
    {
        nb::gil_scoped_release unlocked;
        kernels->pair_grams(X, shift, P, sample_weight.data(), first_class.data(), second_class.data(),
                            pairs, with_bias, grams.data.get());
    }
    return grams.array();
}

nb::tuple column_spread(const AnyMatrix& X_array, const Doubles& centre, const Doubles& sample_weight,
                        const Doubles& unit) {
    const Matrix X = design(X_array);
    check_sample_weight(sample_weight, X);
    require(std::ptrdiff_t(unit.shape(0)) == X.columns, "unit has one entry for each column of X");
    const double* shift = centre_of(X, centre);
    Result<double> spread(3, X.columns);
    double longest;
    {
        nb::gil_scoped_release unlocked;
        longest = kernels->column_spread(X, shift, sample_weight.data(), unit.data(), spread.data.get());
    }
    return nb::make_tuple(spread.array(), longest);
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
          "sample_weight"_a, "out"_a.noconvert().none() = nb::none());
    m.def("hessian_pass", &hessian_pass, "X"_a.noconvert(), "centre"_a.none(), "probs"_a, "sample_weight"_a,
          "direction"_a);
    m.def("pair_grams", &pair_grams, "X"_a.noconvert(), "centre"_a.none(), "probs"_a, "sample_weight"_a, "s"_a,
          "t"_a, "with_bias"_a);
    m.def("column_spread", &column_spread, "X"_a.noconvert(), "centre"_a, "sample_weight"_a, "unit"_a);
    m.def("exp", [](const Doubles& x) { return apply(kernels->exp, x); });
    m.def("log1p", [](const Doubles& x) { return apply(kernels->log1p, x); });
    bind_rows(m, &kernels);
    bind_parts(m, &kernels);
    bind_sparse(m, &kernels);
    m.def("instruction_sets", &instruction_sets);
    m.def("use", &use, "instruction_set"_a);
    m.def("instruction_set", [] { return kernels->instruction_set; });
}
