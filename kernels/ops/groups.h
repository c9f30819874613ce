// The op table in parts, one file each; op.cpp joins them.
#pragma once

#include <vector>

#include "kernels/op.h"

namespace memsweep::ops {

std::vector<OpRow> generator_rows();
std::vector<OpRow> product_rows();
std::vector<OpRow> elementwise_rows();
std::vector<OpRow> normalisation_rows();
std::vector<OpRow> embedding_rows();
std::vector<OpRow> attention_rows();
std::vector<OpRow> convolution_rows();
std::vector<OpRow> batch_norm_rows();
std::vector<OpRow> image_rows();
std::vector<OpRow> vector_rows();
std::vector<OpRow> optimizer_rows();
std::vector<OpRow> adafactor_rows();
std::vector<OpRow> precision_rows();
std::vector<OpRow> clipping_rows();

}  // namespace memsweep::ops
