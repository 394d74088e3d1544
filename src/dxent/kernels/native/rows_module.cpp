// Binds the functions of rows and of single numbers: contiguous arrays in, results written into `out`.
#include "rows_module.hpp"

#include <nanobind/ndarray.h>
#include <nanobind/stl/optional.h>

#include <optional>
#include <stdexcept>

#if defined(__SSE__)
#include <xmmintrin.h>
#endif

namespace nb = nanobind;
using namespace nb::literals;

namespace {

template <class Real> using Rows = nb::ndarray<Real, nb::ndim<2>, nb::c_contig, nb::device::cpu>;
template <class Real> using Numbers = nb::ndarray<Real, nb::ndim<1>, nb::c_contig, nb::device::cpu>;

const dxent::Kernels* const* level;

template <class Real> const dxent::RowKernels<Real>& kernels();
template <> const dxent::RowKernels<double>& kernels() { return (*level)->rows.in_double; }
template <> const dxent::RowKernels<float>& kernels() { return (*level)->rows.in_single; }

// Other libraries may have told the processor to take numbers below the normal range for zero on this thread:
// make them count, and return what to restore. Elsewhere than on x86 nothing is done.
unsigned keep_subnormals() {
#if defined(__SSE__)
    constexpr unsigned flush_results = 0x8000, flush_operands = 0x0040;
    const unsigned state = _mm_getcsr(), flush = state & (flush_results | flush_operands);
    _mm_setcsr(state & ~flush);
    return flush;
#else
    return 0;
#endif
}

void restore_subnormals([[maybe_unused]] unsigned flush) {
#if defined(__SSE__)
    _mm_setcsr(_mm_getcsr() | flush);
#endif
}

struct Unlocked {
    nb::gil_scoped_release released;
    unsigned flush = keep_subnormals();
    ~Unlocked() { restore_subnormals(flush); }
};

void require(bool condition, const char* message) {
    if (!condition) throw std::invalid_argument(message);
}

template <class A, class B> void require_alike(const A& x, const B& out) {
    bool alike = true;
    for (std::size_t axis = 0; axis < x.ndim(); ++axis) alike = alike && x.shape(axis) == out.shape(axis);
    require(alike, "x and out have one shape");
}

using Total = std::optional<Numbers<const double>>;

// The numbers of a row's total, of which x is a part, or null.
template <class Real> const double* checked(const Rows<const Real>& x, const Total& total) {
    require(x.shape(1) > 0, "rows have at least one entry");
    if (!total) return nullptr;
    require(x.shape(0) == 1 && total->shape(0) == 4, "a total has four numbers and belongs to one row");
    return total->data();
}

template <class Real, auto member>
void to_rows(const Rows<const Real>& x, const Rows<Real>& out, const Total& total) {
    require_alike(x, out);
    const double* whole = checked(x, total);
    const Unlocked unlocked;
    (kernels<Real>().*member)(x.data(), std::ptrdiff_t(x.shape(0)), std::ptrdiff_t(x.shape(1)), out.data(),
                              whole);
}

template <class Real>
void logsumexp(const Rows<const Real>& x, const Numbers<Real>& out, const Total& total) {
    require(x.shape(0) == out.shape(0), "out has an entry for each row");
    const double* whole = checked(x, total);
    const Unlocked unlocked;
    kernels<Real>().logsumexp(x.data(), std::ptrdiff_t(x.shape(0)), std::ptrdiff_t(x.shape(1)), out.data(),
                              whole);
}

template <class Real>
void part_of_total(const Numbers<const Real>& x, double largest, const Numbers<double>& sums) {
    require(sums.shape(0) == 3, "a part has three sums");
    const Unlocked unlocked;
    kernels<Real>().part_of_total(x.data(), std::ptrdiff_t(x.shape(0)), largest, sums.data());
}

template <class Real>
void cross_entropy(const Rows<const Real>& x, const Numbers<const std::int64_t>& labels,
                   const Numbers<const double>& scale, const Numbers<double>& losses,
                   const std::optional<Rows<Real>>& gradient, const Total& total) {
    const std::size_t rows = x.shape(0);
    require(labels.shape(0) == rows && scale.shape(0) == rows && losses.shape(0) == rows,
            "labels, scale and losses have an entry for each row");
    const double* whole = checked(x, total);
    if (gradient) require_alike(x, *gradient);
    const Unlocked unlocked;
    kernels<Real>().cross_entropy(x.data(), std::ptrdiff_t(rows), std::ptrdiff_t(x.shape(1)), labels.data(),
                                  scale.data(), losses.data(), gradient ? gradient->data() : nullptr, whole);
}

void product(const Rows<const double>& probs, const Rows<const double>& v, const Rows<double>& out) {
    require_alike(probs, v);
    require_alike(probs, out);
    require(v.shape(1) > 0, "rows have at least one entry");
    const Unlocked unlocked;
    (*level)->rows.product(probs.data(), v.data(), std::ptrdiff_t(v.shape(0)), std::ptrdiff_t(v.shape(1)),
                           out.data());
}

template <auto member> void to_numbers(const Numbers<const double>& z, const Numbers<double>& out) {
    require_alike(z, out);
    const Unlocked unlocked;
    ((*level)->rows.*member)(z.data(), std::ptrdiff_t(z.shape(0)), out.data());
}

template <class Real> void bind(nb::module_& m) {
    using Kernels = dxent::RowKernels<Real>;
    const auto x = "x"_a.noconvert();
    const auto out = "out"_a.noconvert();
    const auto total = "total"_a.noconvert().none() = nb::none();
    m.def("softmax", &to_rows<Real, &Kernels::softmax>, x, out, total);
    m.def("complement", &to_rows<Real, &Kernels::complement>, x, out, total);
    m.def("log_softmax", &to_rows<Real, &Kernels::log_softmax>, x, out, total);
    m.def("logsumexp", &logsumexp<Real>, x, out, total);
    m.def("part_of_total", &part_of_total<Real>, x, "largest"_a, "sums"_a.noconvert());
    m.def("cross_entropy", &cross_entropy<Real>, x, "labels"_a.noconvert(), "scale"_a.noconvert(),
          "losses"_a.noconvert(), "gradient"_a.noconvert().none() = nb::none(), total);
}

}  // namespace

void bind_rows(nb::module_& m, const dxent::Kernels* const* current) {
    level = current;
    bind<double>(m);
    bind<float>(m);
    using Table = dxent::RowKernelTable;
    m.def("sigmoid", &to_numbers<&Table::sigmoid>, "z"_a.noconvert(), "out"_a.noconvert());
    m.def("sigmoid_slope", &to_numbers<&Table::sigmoid_slope>, "z"_a.noconvert(), "out"_a.noconvert());
    m.def("softplus", &to_numbers<&Table::softplus>, "z"_a.noconvert(), "out"_a.noconvert());
    m.def("keep_subnormals", &keep_subnormals);
    m.def("restore_subnormals", &restore_subnormals, "flush"_a);
    m.def("softmax_product", &product, "probs"_a.noconvert(), "v"_a.noconvert(), "out"_a.noconvert());
}
