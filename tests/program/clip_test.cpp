#include "harness/program/passes/clip.h"

#include <string>

#include <gtest/gtest.h>

#include "harness/program/builder.h"
#include "harness/program/differentiate.h"
#include "harness/program/passes/casts.h"

namespace memsweep {
namespace {

/// The clipping of a step that trains one linear layer without a bias.
std::string clipping(const ClipOptions& options, DType type = DType::f32) {
  Builder b({});
  const BufferId w = b.parameter("w", {3, 5}, 1);
  const BufferId x = b.input("x", {4, 5}, 2), target = b.target("target", {4}, 3);
  b.cross_entropy(b.apply("out", Op::mm, {x, w}, {0, 1}), target);
  const Program forward = in_type(std::move(b).finish(), {.type = type});
  const Program program = clip_gradients(differentiate(forward), options);
  verify(program);
  const std::string text = print(program);
  return text.substr(text.find("clip "));
}

const std::string kScaling =
    "clip      norms:f32[1] = stack(norm)\n"
    "clip      total_norm:f32[scalar] = norm(norms, p=2)\n"
    "clip      release(norm)\n"
    "clip      divisor:f32[scalar] = add_number(total_norm, value=1e-06)\n"
    "clip      inverse:f32[scalar] = reciprocal(divisor)\n"
    "clip      clip_coef:f32[scalar] = scale(inverse, factor=0.5)\n"
    "clip      release(divisor)\n"
    "clip      clip_coef_clamped:f32[scalar] = clamp_max(clip_coef, limit=1)\n"
    "clip      grad(w) = scale_by(grad(w), clip_coef_clamped)\n"
    "clip      release(total_norm)\n";

TEST(ClipGradients, TakesNormsOneByOneInALoop) {
  EXPECT_EQ(clipping({.max_norm = 0.5, .kernels = NormKernels::for_loop}),
            "clip      norm:f32[scalar] = norm(grad(w), p=2)\n" + kScaling);
}

TEST(ClipGradients, TakesAllNormsAtOnceThroughPartialResults) {
  EXPECT_EQ(clipping({.max_norm = 0.5, .kernels = NormKernels::foreach_padded}),
            "clip      partial_norms:f32[1x1] = chunk_norms(grad(w), p=2, packed=0)\n"
            "clip      norm:f32[scalar] = join_norms(partial_norms, p=2, type=f32)\n"
            "clip      release(partial_norms)\n" +
                kScaling);
  EXPECT_EQ(clipping({.max_norm = 0.5, .kernels = NormKernels::foreach_packed}),
            "clip      partial_norms:i64[2], partial_norms.1:f32[1] = chunk_norms(grad(w), p=2, packed=1)\n"
            "clip      norm:f32[scalar] = join_norms(partial_norms, partial_norms.1, p=2, type=f32)\n"
            "clip      release(partial_norms.1, partial_norms)\n" +
                kScaling);
}

TEST(ClipGradients, NormsHaveTheTypeOfTheGradientsAndPartialResultsAreF32) {
  const auto text = clipping({.kernels = NormKernels::foreach_packed}, DType::bf16);
  for (const char* result : {"partial_norms.1:f32[1]", "norm:bf16[scalar]", "norms:bf16[1]",
                             "total_norm:bf16[scalar]", "clip_coef_clamped:bf16[scalar]"}) {
    EXPECT_NE(text.find(result), std::string::npos) << result << " in " << text;
  }
}

TEST(ClipGradients, FallsBackToTheLoopForNormsWithoutAForeachKernel) {
  EXPECT_NE(clipping({.norm_type = 3}).find("norm(grad(w), p=3)"), std::string::npos);
}

}  // namespace
}  // namespace memsweep
