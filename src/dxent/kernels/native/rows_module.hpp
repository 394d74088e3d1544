// Python's view of the functions of rows.
#pragma once

#include <nanobind/nanobind.h>

#include "kernels.hpp"

// Define the functions in the module; they run the kernels that `current` points to when they are called.
void bind_rows(nanobind::module_& m, const dxent::Kernels* const* current);
