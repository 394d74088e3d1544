// Python's view of the kernels for sparse rows, which come as values, columns and starts.
#include <nanobind/stl/optional.h>

#include <optional>

#include "module.hpp"

namespace {

const dxent::Kernels* const* kernels;  // those in use

using Starts = nb::ndarray<const std::int64_t, nb::ndim<1>, nb::c_contig, nb::device::cpu>;
using Entries = nb::ndarray<nb::ro, nb::ndim<1>, nb::c_contig, nb::device::cpu>;
using RowOrder = nb::ndarray<nb::ro, nb::ndim<2>, nb::c_contig, nb::device::cpu>;
using Gathered = nb::ndarray<double, nb::ndim<2>, nb::c_contig, nb::device::cpu>;
using Probs = nb::ndarray<nb::ndim<2>, nb::c_contig, nb::device::cpu>;

using Values = std::optional<Entries>;  // without, all are 1

dxent::SparseRows sparse_rows(const Values& values, const Entries& columns, const Starts& starts) {
    const bool wide = columns.dtype() == nb::dtype<std::int64_t>();
    require(wide || columns.dtype() == nb::dtype<std::int32_t>(), "indices are int32 or int64");
    require(starts.shape(0) > 0 && (!values || columns.shape(0) == values->shape(0)),
            "a CSR matrix has an index a value");
    const Entry entry = values ? entry_of(values->dtype()) : Entry::real;
    require(entry != Entry::byte, "a sparse matrix is float32 or float64");
    return {values ? values->data() : nullptr, entry, columns.data(), wide, starts.data(),
            std::ptrdiff_t(starts.shape(0)) - 1, std::ptrdiff_t(columns.shape(0))};
}

void require_rows(std::size_t length, const dxent::SparseRows& X) {
    require(std::ptrdiff_t(length) == X.rows, "labels and sample_weight have an entry for each row of X");
}

void require_shift(const Doubles& shift, const Matrix& W) {
    require(std::ptrdiff_t(shift.shape(0)) == W.rows, "shift has an entry for each output");
}

void product(const Entries& values, const Entries& columns, const Starts& starts, const RowOrder& dense,
             const Doubles& u, const Doubles& v, const Output& result) {
    const dxent::SparseRows A = sparse_rows(values, columns, starts);
    const Matrix B = matrix(AnyMatrix(dense)), out = matrix(AnyMatrix(result));
    require(A.entry == Entry::single || B.entry == Entry::real,
            "a sparse matrix is float32, or float64 as the one it multiplies");
    require(out.rows == A.rows && out.columns == B.columns && std::ptrdiff_t(u.shape(0)) == A.rows &&
                std::ptrdiff_t(v.shape(0)) == B.columns,
            "u and the result have a row for each row of A, v and the result a column for each column of B");
    nb::gil_scoped_release unlocked;
    (*kernels)->sparse_product(A, B, u.data(), v.data(), out);
}

nb::tuple loss_pass(const Values& values, const Entries& columns, const Starts& starts, const AnyMatrix& weights,
                    const Doubles& shift, const Labels& labels, const Doubles& sample_weight, const Probs& out) {
    const dxent::SparseRows X = sparse_rows(values, columns, starts);
    const Matrix W = matrix(weights), P = matrix(AnyMatrix(out));
    require_shift(shift, W);
    require_rows(labels.shape(0), X);
    require_rows(sample_weight.shape(0), X);
    check_probs(P, X.rows, W.rows);
    require(P.entry == W.entry, "out has the type of the weights");
    Result<double> gradient(W.rows, W.columns + 1);
    double loss;
    {
        nb::gil_scoped_release unlocked;
        loss = (*kernels)->sparse_loss_pass(X, W, shift.data(), labels.data(), sample_weight.data(),
                                            gradient.data.get(), out.data());
    }
    return nb::make_tuple(loss, gradient.array());
}

nb::object hessian_pass(const Values& values, const Entries& columns, const Starts& starts,
                        const AnyMatrix& probs, const Doubles& sample_weight, const AnyMatrix& direction,
                        const Doubles& shift) {
    const dxent::SparseRows X = sparse_rows(values, columns, starts);
    const Matrix P = matrix(probs), V = matrix(direction);
    require_shift(shift, V);
    require_rows(sample_weight.shape(0), X);
    check_probs(P, X.rows, V.rows);
    Result<double> gradient(V.rows, V.columns + 1);
    {
        nb::gil_scoped_release unlocked;
        (*kernels)->sparse_hessian_pass(X, P, sample_weight.data(), V, shift.data(), gradient.data.get());
    }
    return gradient.array();
}

nb::object column_spread(const Values& values, const Entries& columns, const Starts& starts, const Doubles& centre,
                         const Doubles& sample_weight) {
    const dxent::SparseRows X = sparse_rows(values, columns, starts);
    require_rows(sample_weight.shape(0), X);
    const std::ptrdiff_t features = std::ptrdiff_t(centre.shape(0));
    Result<double> spread(5, features);
    {
        nb::gil_scoped_release unlocked;
        (*kernels)->sparse_column_spread(X, features, centre.data(), sample_weight.data(), spread.data.get());
    }
    return spread.array();
}

nb::object pair_grams(const Values& values, const Entries& columns, const Starts& starts, std::ptrdiff_t features,
                      const AnyMatrix& probs, const Doubles& sample_weight, const Labels& first_class,
                      const Labels& second_class) {
    const dxent::SparseRows X = sparse_rows(values, columns, starts);
    const Matrix P = matrix(probs);
    require_rows(sample_weight.shape(0), X);
    check_probs(P, X.rows, P.columns);
    check_pairs(first_class, second_class, P);
    const std::ptrdiff_t pairs = std::ptrdiff_t(first_class.shape(0)), width = features + 1;
    Result<double> grams(pairs * width, width);
    {
        nb::gil_scoped_release unlocked;
        (*kernels)->sparse_pair_grams(X, features, P, sample_weight.data(), first_class.data(),
                                      second_class.data(), pairs, grams.data.get());
    }
    return grams.array();
}

// Write the entries of some rows to the columns of `out` that `places` names, if it is not negative.
template <class Value, class Index>
void scatter(const dxent::SparseRows& X, const Labels& rows, const Labels& places, double* out,
             std::ptrdiff_t width) {
    const Value* values = static_cast<const Value*>(X.values);
    const Index* columns = static_cast<const Index*>(X.columns);
    for (std::size_t r = 0; r < rows.shape(0); ++r) {
        double* to = out + std::ptrdiff_t(r) * width;
        for (std::int64_t p = X.starts[rows.data()[r]]; p < X.starts[rows.data()[r] + 1]; ++p)
            if (const std::int64_t place = places.data()[columns[p]]; place >= 0) to[place] += double(values[p]);
    }
}

void gather(const Entries& values, const Entries& columns, const Starts& starts, const Labels& rows,
            const Labels& places, const Gathered& out) {
    const dxent::SparseRows X = sparse_rows(values, columns, starts);
    const std::ptrdiff_t width = std::ptrdiff_t(out.shape(1));
    require(out.shape(0) == rows.shape(0), "the result has a row for each that is taken");
    for (std::size_t r = 0; r < rows.shape(0); ++r)
        require(0 <= rows.data()[r] && rows.data()[r] < X.rows, "rows are those of X");
    for (std::size_t c = 0; c < places.shape(0); ++c)
        require(places.data()[c] < width, "places are columns of the result");
    nb::gil_scoped_release unlocked;
    if (X.entry == Entry::real)
        X.wide_columns ? scatter<double, std::int64_t>(X, rows, places, out.data(), width)
                       : scatter<double, std::int32_t>(X, rows, places, out.data(), width);
    else
        X.wide_columns ? scatter<float, std::int64_t>(X, rows, places, out.data(), width)
                       : scatter<float, std::int32_t>(X, rows, places, out.data(), width);
}

}  // namespace

void bind_sparse(nb::module_& m, const dxent::Kernels* const* in_use) {
    kernels = in_use;
    m.def("sparse_product", &product, "values"_a.noconvert(), "columns"_a.noconvert(), "starts"_a,
          "B"_a.noconvert(), "u"_a, "v"_a, "out"_a.noconvert());
    m.def("sparse_gather", &gather, "values"_a.noconvert(), "columns"_a.noconvert(), "starts"_a, "rows"_a,
          "places"_a, "out"_a.noconvert());
    m.def("sparse_loss_pass", &loss_pass, "values"_a.noconvert().none(), "columns"_a.noconvert(), "starts"_a,
          "weights"_a, "shift"_a, "labels"_a, "sample_weight"_a, "out"_a.noconvert());
    m.def("sparse_hessian_pass", &hessian_pass, "values"_a.noconvert().none(), "columns"_a.noconvert(), "starts"_a,
          "probs"_a, "sample_weight"_a, "direction"_a, "shift"_a);
    m.def("sparse_column_spread", &column_spread, "values"_a.noconvert().none(), "columns"_a.noconvert(), "starts"_a,
          "centre"_a, "sample_weight"_a);
    m.def("sparse_pair_grams", &pair_grams, "values"_a.noconvert().none(), "columns"_a.noconvert(), "starts"_a,
          "features"_a, "probs"_a, "sample_weight"_a, "s"_a, "t"_a);
}
