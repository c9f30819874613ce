// A GPT: token and position embeddings; blocks x += attention(norm(x)), x += mlp(norm(x)); norm; head.
// Attention is causal, its backends those of torch.nn.functional.scaled_dot_product_attention.
#pragma once

#include <string_view>

#include "scenarios/model.h"

namespace memsweep {

/// "layers=12,width=768,heads=12,context=1024,vocab=50257,attention=math,tied=true". Throws UsageError.
[[nodiscard]] ForwardPass parse_gpt(std::string_view shape, const ModelOptions& options);

}  // namespace memsweep
