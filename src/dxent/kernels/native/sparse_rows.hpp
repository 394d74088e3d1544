// Sparse rows as they are stored.
#pragma once

#include "kernels.hpp"
#include "vector.hpp"

namespace {

using dxent::SparseRows;

// The values of a matrix of zeros and ones, which are not read.
struct Ones {
    constexpr double operator[](ptrdiff_t) const { return 1; }
};

// Call visit(values, columns) with what those are.
template <class Visit> void as_stored(const SparseRows& X, Visit visit) {
    const auto with = [&](auto values) {
        if (X.wide_columns)
            visit(values, static_cast<const std::int64_t*>(X.columns));
        else
            visit(values, static_cast<const std::int32_t*>(X.columns));
    };
    if (!X.values)
        with(Ones{});
    else if (X.entry == dxent::Entry::real)
        with(static_cast<const double*>(X.values));
    else
        with(static_cast<const float*>(X.values));
}

}  // namespace
