// Softmax, cross-entropy and the softmax Jacobian on a tile of logits. The tile is stored class by class, so
// that a vector holds one class of several rows, and there is no summing across lanes.
#pragma once

#include "exp.hpp"

namespace {

// A tile of numbers (classes, rows): `at(c, r)` starts a vector of class c, rows r, r + 1, …
struct ClassMajor {
    double* data;
    ptrdiff_t stride;
    double* at(ptrdiff_t c, ptrdiff_t r) const { return data + c * stride + r; }
};

inline Integers equal(const std::int64_t* labels, std::int64_t label) {
    Integers v;
    std::memcpy(&v, labels, sizeof v);
    return v == label;
}

inline Doubles largest_logit(ClassMajor Z, ptrdiff_t classes, ptrdiff_t r) {
    Doubles largest = load(Z.at(0, r));
    for (ptrdiff_t c = 1; c < classes; ++c) largest = larger(load(Z.at(c, r)), largest);
    return largest;
}

// Call visit(lane, number) for the numbers of the labels' classes. A label that is no class has none.
template <class Visit>
inline void visit_labels(ClassMajor numbers, ptrdiff_t classes, ptrdiff_t r, const std::int64_t* labels, Visit visit) {
    for (ptrdiff_t lane = 0; lane < kLanes<double>; ++lane) {
        const std::int64_t label = labels[r + lane];
        if (label >= 0 && label < classes) visit(lane, *numbers.at(label, r + lane));
    }
}

inline Doubles at_labels(ClassMajor numbers, ptrdiff_t classes, ptrdiff_t r, const std::int64_t* labels) {
    Doubles found = broadcast<Doubles>(0.0);
    visit_labels(numbers, classes, r, labels, [&](ptrdiff_t lane, double number) { found[lane] = number; });
    return found;
}

// Return the loss, write the probabilities, and the residuals p − e_y over the logits. As in
// reference.cross_entropy_rows, 1 − p is formed from the other classes' terms.
inline Doubles cross_entropy(ClassMajor Z, ptrdiff_t classes, ptrdiff_t r, const std::int64_t* labels,
                             ClassMajor probs) {
    const Doubles largest = largest_logit(Z, classes, r), one = broadcast<Doubles>(1.0);
    Doubles below = broadcast<Doubles>(0.0), tops = below;
    for (ptrdiff_t c = 0; c < classes; ++c) {
        const Doubles gap = load(Z.at(c, r)) - largest, term = exp_to_710(gap);
        const Integers is_top = gap == 0.0;
        tops += from_bits(is_top & bits(one));
        below += from_bits(~is_top & bits(term));
        store(probs.at(c, r), term);
    }
    const Doubles others = below + (tops - 1.0), share = 1.0 / (1.0 + others);
    const Doubles label_gap = at_labels(Z, classes, r, labels) - largest, top_rest = others * share;
    for (ptrdiff_t c = 0; c < classes; ++c) {
        const Doubles p = load(probs.at(c, r)) * share;
        store(probs.at(c, r), p);
        store(Z.at(c, r), p);
    }
    visit_labels(Z, classes, r, labels, [&](ptrdiff_t lane, double& residual) {
        residual = label_gap[lane] == 0.0 ? -top_rest[lane] : residual - 1.0;
    });
    return log1p(others) - label_gap;
}

// The same for the logits (0, z).
inline Doubles binary_cross_entropy(ClassMajor Z, ptrdiff_t r, const std::int64_t* labels,
                                    ClassMajor probs) {
    const Doubles z = load(Z.at(0, r));
    const Integers positive = z >= 0.0, is_one = equal(labels + r, 1);
    const Doubles term = exp_to_710(positive ? -z : z);
    const Doubles likely = 1.0 / (1.0 + term), unlikely = term * likely;
    const Doubles p0 = positive ? unlikely : likely, p1 = positive ? likely : unlikely;
    store(probs.at(0, r), p0);
    store(probs.at(1, r), p1);
    store(Z.at(0, r), is_one ? -p0 : p1);
    const Doubles wrong = is_one ? -z : z;
    return (wrong > 0.0 ? wrong : broadcast<Doubles>(0.0)) + log1p(term);
}

// ⟨p − e_y, u⟩ = Σ p_c (u_c − u_y).
inline Doubles loss_slope(ClassMajor Z, ClassMajor U, ptrdiff_t classes, ptrdiff_t r,
                          const std::int64_t* labels) {
    const Doubles largest = largest_logit(Z, classes, r);
    const Doubles at_label = at_labels(U, classes, r, labels);
    Doubles total = broadcast<Doubles>(0.0), slope = total;
    for (ptrdiff_t c = 0; c < classes; ++c) {
        const Doubles term = exp_to_710(load(Z.at(c, r)) - largest);
        total += term;
        slope += term * (load(U.at(c, r)) - at_label);
    }
    return slope / total;
}

// The same for the logits (0, z) and directions (0, u).
inline Doubles binary_loss_slope(ClassMajor Z, ClassMajor U, ptrdiff_t r, const std::int64_t* labels) {
    const Integers is_one = equal(labels + r, 1);
    const Doubles z = load(Z.at(0, r)), u = load(U.at(0, r)), wrong = is_one ? -z : z;
    const Integers positive = wrong >= 0.0;
    const Doubles term = exp_to_710(positive ? -wrong : wrong);
    return (is_one ? -u : u) * (positive ? broadcast<Doubles>(1.0) : term) / (1.0 + term);
}

// (diag p − p pᵀ) u, written over u; see reference.softmax_jacobian_rows.
inline void softmax_jacobian(ClassMajor probs, ptrdiff_t outputs, ptrdiff_t r, ClassMajor U) {
    if (outputs == 1) {
        store(U.at(0, r), load(probs.at(0, r)) * load(probs.at(1, r)) * load(U.at(0, r)));
        return;
    }
    Doubles largest = load(probs.at(0, r)), origin = load(U.at(0, r));
    for (ptrdiff_t c = 1; c < outputs; ++c) {
        const Doubles p = load(probs.at(c, r));
        origin = p > largest ? load(U.at(c, r)) : origin;
        largest = p > largest ? p : largest;
    }
    Doubles mean = broadcast<Doubles>(0.0);
    for (ptrdiff_t c = 0; c < outputs; ++c) mean += load(probs.at(c, r)) * (load(U.at(c, r)) - origin);
    for (ptrdiff_t c = 0; c < outputs; ++c)
        store(U.at(c, r), load(probs.at(c, r)) * ((load(U.at(c, r)) - origin) - mean));
}

}  // namespace
