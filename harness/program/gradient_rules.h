// Gradient rules that have files of their own; gradients.cpp says which op has which.
#pragma once

#include "harness/program/gradients.h"

namespace memsweep::rules {

// attention_gradients.cpp
void bmm(GradientContext& c);
void split_thirds(GradientContext& c);
void heads(GradientContext& c);
void merge_heads(GradientContext& c);
void scale_third(GradientContext& c);
void masked_fill(GradientContext& c);
void fill_rows(GradientContext& c);
void cast_third(GradientContext& c);
void attention(GradientContext& c);
void flash_attention(GradientContext& c);
// image_gradients.cpp
void conv2d(GradientContext& c);
void batch_norm(GradientContext& c);
void max_pool(GradientContext& c);
void mean_places(GradientContext& c);

}  // namespace memsweep::rules
