// What the bindings share: views of arrays, their checks, and results that own their memory.
#pragma once

#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>

#include <cstring>
#include <memory>
#include <stdexcept>

#include "kernels.hpp"

namespace nb = nanobind;
using namespace nb::literals;
using dxent::Entry;
using dxent::Matrix;

// The kernels of given logits.
void bind_parts(nb::module_& m, const dxent::Kernels* const* kernels);

void bind_sparse(nb::module_& m, const dxent::Kernels* const* kernels);

using AnyMatrix = nb::ndarray<nb::ro, nb::ndim<2>, nb::device::cpu>;
using Output = nb::ndarray<nb::ndim<2>, nb::device::cpu>;
using Doubles = nb::ndarray<const double, nb::ndim<1>, nb::c_contig, nb::device::cpu>;
using Labels = nb::ndarray<const std::int64_t, nb::ndim<1>, nb::c_contig, nb::device::cpu>;

inline void require(bool condition, const char* message) {
    if (!condition) throw std::invalid_argument(message);
}

inline Entry entry_of(const nb::dlpack::dtype& dtype) {
    if (dtype == nb::dtype<double>()) return Entry::real;
    if (dtype == nb::dtype<float>()) return Entry::single;
    if (dtype == nb::dtype<std::uint8_t>()) return Entry::byte;
    throw nb::type_error("matrices are float32, float64 or uint8");
}

inline Matrix design(const AnyMatrix& array) {
    return {array.data(),
            entry_of(array.dtype()),
            std::ptrdiff_t(array.shape(0)),
            std::ptrdiff_t(array.shape(1)),
            std::ptrdiff_t(array.stride(0)),
            std::ptrdiff_t(array.stride(1))};
}

inline Matrix matrix(const AnyMatrix& array) {
    const Matrix M = design(array);
    if (M.entry == Entry::byte) throw nb::type_error("all matrices but X are float32 or float64");
    return M;
}

inline void check_sample_weight(const Doubles& sample_weight, const Matrix& X) {
    require(std::ptrdiff_t(sample_weight.shape(0)) == X.rows, "sample_weight has an entry for each row of X");
}

inline void check_probs(const Matrix& P, std::ptrdiff_t rows, std::ptrdiff_t outputs) {
    require(P.rows == rows && P.columns == (outputs == 1 ? 2 : outputs),
            "probs have a row for each row of X and a column for each class");
}

inline void check_pairs(const Labels& first_class, const Labels& second_class, const Matrix& P) {
    require(second_class.shape(0) == first_class.shape(0), "pairs have two classes");
    for (std::size_t m = 0; m < first_class.shape(0); ++m)
        for (const std::int64_t k : {first_class.data()[m], second_class.data()[m]})
            require(0 <= k && k < P.columns, "pairs are of classes that probs have a column for");
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
