// Python's view of the parts of a pass between its products, where those are not ours or not dense.
#include "module.hpp"

namespace {

const dxent::Kernels* const* kernels;  // those in use

using Rows = nb::ndarray<nb::ndim<2>, nb::c_contig, nb::device::cpu>;  // written to

void check_outputs(const Matrix& Z) { require(Z.columns > 0, "a row has a logit or more"); }

double weighted_cross_entropy(const AnyMatrix& logits, const Labels& labels, const Doubles& sample_weight,
                              const Rows& probs, const Rows& residuals) {
    const Matrix Z = matrix(logits), P = matrix(AnyMatrix(probs)), R = matrix(AnyMatrix(residuals));
    require(std::ptrdiff_t(labels.shape(0)) == Z.rows, "labels have an entry for each row of logits");
    check_sample_weight(sample_weight, Z);
    check_outputs(Z);
    check_probs(P, Z.rows, Z.columns);
    require(R.rows == Z.rows && R.columns == Z.columns, "residuals have the shape of the logits");
    require(P.entry == Z.entry && R.entry == Z.entry, "probs and residuals have the type of the logits");
    nb::gil_scoped_release unlocked;
    return (*kernels)->weighted_cross_entropy(Z, labels.data(), sample_weight.data(), probs.data(), residuals.data());
}

double weighted_loss_slope(const AnyMatrix& logits, const AnyMatrix& directions, double step, const Labels& labels,
                           const Doubles& sample_weight) {
    const Matrix Z = matrix(logits), U = matrix(directions);
    check_outputs(Z);
    require(U.rows == Z.rows && U.columns == Z.columns, "directions have the shape of the logits");
    require(std::ptrdiff_t(labels.shape(0)) == Z.rows, "labels have an entry for each row of logits");
    check_sample_weight(sample_weight, Z);
    nb::gil_scoped_release unlocked;
    return (*kernels)->weighted_loss_slope(Z, U, step, labels.data(), sample_weight.data());
}

void weighted_softmax_jacobian(const AnyMatrix& probs, const AnyMatrix& directions, const Doubles& sample_weight,
                               const Rows& out) {
    const Matrix P = matrix(probs), U = matrix(directions), R = matrix(AnyMatrix(out));
    check_outputs(U);
    check_probs(P, U.rows, U.columns);
    check_sample_weight(sample_weight, U);
    require(R.rows == U.rows && R.columns == U.columns && R.entry == U.entry,
            "the result has the shape and type of the directions");
    nb::gil_scoped_release unlocked;
    (*kernels)->weighted_softmax_jacobian(P, U, sample_weight.data(), out.data());
}

using RowOrder = nb::ndarray<nb::ro, nb::ndim<2>, nb::c_contig, nb::device::cpu>;

// The first class at which the running sum of `terms` exceeds a share of the whole, or the last.
template <class Terms> std::int64_t pick(std::ptrdiff_t classes, double chance, Terms terms) {
    double total = 0, sum = 0;
    for (std::ptrdiff_t c = 0; c < classes; ++c) total += terms(c);
    for (std::ptrdiff_t c = 0; c < classes; ++c)
        if ((sum += terms(c)) > chance * total) return c;
    return classes - 1;
}

template <class Real> nb::object run_draw_pairs(const Matrix& P, const Labels& rows, const double* chances) {
    const std::ptrdiff_t count = std::ptrdiff_t(rows.shape(0));
    Result<std::int64_t> pairs(2, count);
    {
        nb::gil_scoped_release unlocked;
        for (std::ptrdiff_t i = 0; i < count; ++i) {
            const Real* row = static_cast<const Real*>(P.data) + rows.data()[i] * P.row_stride;
            const auto p = [&](std::ptrdiff_t c) { return double(row[c * P.column_stride]); };
            const auto bend = [&](std::ptrdiff_t c) { return p(c) * (1 - p(c)); };
            const std::int64_t first = pick(P.columns, chances[i], bend);
            const auto other = [&](std::ptrdiff_t c) { return c == first ? 0 : p(c); };
            pairs.data[i] = first;
            pairs.data[count + i] = pick(P.columns, chances[count + i], other);
        }
    }
    return pairs.array();
}

nb::object draw_pairs(const AnyMatrix& probs, const Labels& rows, const RowOrder& chances) {
    const Matrix P = matrix(probs), u = matrix(AnyMatrix(chances));
    require(u.entry == Entry::real && u.rows == 2 && u.columns == std::ptrdiff_t(rows.shape(0)),
            "chances have two rows, and a column for each row that is drawn");
    for (std::size_t i = 0; i < rows.shape(0); ++i)
        require(0 <= rows.data()[i] && rows.data()[i] < P.rows, "rows are those of probs");
    const double* chance = static_cast<const double*>(u.data);
    return P.entry == Entry::real ? run_draw_pairs<double>(P, rows, chance) : run_draw_pairs<float>(P, rows, chance);
}

using Change = void(const Matrix&, const double*, const Matrix&);

void change(Change* kernel, const AnyMatrix& from, const Doubles& scale, const Output& to) {
    const Matrix source = matrix(from), target = matrix(AnyMatrix(to));
    require(source.columns == target.columns && std::ptrdiff_t(scale.shape(0)) == source.columns,
            "the results and the scale have an entry for each column");
    nb::gil_scoped_release unlocked;
    kernel(source, scale.data(), target);
}

void to_outputs(const AnyMatrix& theta, const Doubles& scale, const Output& out) {
    const std::size_t free = theta.shape(0);
    require(out.shape(0) == free + (free > 1), "there is one output more than contrasts, or one of each");
    change((*kernels)->to_outputs, theta, scale, out);
}

void to_contrasts(const AnyMatrix& gradient, const Doubles& scale, const Output& out) {
    const std::size_t free = out.shape(0);
    require(gradient.shape(0) == free + (free > 1), "there is one output more than contrasts, or one of each");
    change((*kernels)->to_contrasts, gradient, scale, out);
}

}  // namespace

void bind_parts(nb::module_& m, const dxent::Kernels* const* in_use) {
    kernels = in_use;
    m.def("weighted_cross_entropy", &weighted_cross_entropy, "Z"_a, "labels"_a, "sample_weight"_a,
          "probs"_a.noconvert(), "residuals"_a.noconvert());
    m.def("weighted_loss_slope", &weighted_loss_slope, "Z"_a, "U"_a, "step"_a, "labels"_a, "sample_weight"_a);
    m.def("weighted_softmax_jacobian", &weighted_softmax_jacobian, "probs"_a, "U"_a, "sample_weight"_a,
          "out"_a.noconvert());
    m.def("to_outputs", &to_outputs, "theta"_a.noconvert(), "scale"_a, "out"_a.noconvert());
    m.def("to_contrasts", &to_contrasts, "gradient"_a.noconvert(), "scale"_a, "out"_a.noconvert());
    m.def("draw_pairs", &draw_pairs, "probs"_a, "rows"_a, "chances"_a);
}
