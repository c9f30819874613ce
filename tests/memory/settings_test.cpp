#include "harness/memory/settings.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "harness/base/bytes.h"
#include "harness/base/errors.h"
#include "tests/golden.h"

namespace memsweep {
namespace {

constexpr auto kNewest = PytorchRelease::v2_15;

AllocatorSettings parse(const std::string& text) { return parse_settings(text, kNewest); }

TEST(Settings, are_pytorchs_defaults_when_nothing_is_set) {
  const AllocatorSettings settings = parse("");
  EXPECT_EQ(settings.max_split_size, AllocatorSettings::kUnlimited);
  EXPECT_EQ(settings.max_non_split_rounding, 20_MiB);
  EXPECT_EQ(settings.large_segment_size, 20_MiB);
  EXPECT_EQ(settings.garbage_collection_threshold, 0);
  EXPECT_FALSE(settings.expandable_segments);
  EXPECT_EQ(settings.memory_fraction, 1);
}

TEST(Settings, are_read_in_pytorchs_grammar) {
  const AllocatorSettings settings = parse(
      " max_split_size_mb : 128, max_non_split_rounding_mb:30,garbage_collection_threshold:0.6,"
      "expandable_segments:True,per_process_memory_fraction:0.5,throw_on_cudamalloc_oom:True,");
  EXPECT_EQ(settings.max_split_size, 128_MiB);
  EXPECT_EQ(settings.max_non_split_rounding, 30_MiB);
  EXPECT_EQ(settings.garbage_collection_threshold, 0.6);
  EXPECT_TRUE(settings.expandable_segments);
  EXPECT_EQ(settings.memory_fraction, 0.5);
  EXPECT_TRUE(settings.reject_beyond_fraction);
}

TEST(Settings, numbers_end_where_they_stop_being_numbers) {
  EXPECT_EQ(parse("max_split_size_mb:128abc").max_split_size, 128_MiB);
  EXPECT_EQ(parse("max_split_size_mb:20.9").max_split_size, 20_MiB);
  EXPECT_EQ(parse("max_split_size_mb:-1").max_split_size, ~std::size_t{0} - 1_MiB + 1);
}

TEST(Settings, the_size_of_large_segments_counts_wherever_it_stands) {
  const AllocatorSettings settings = parse("max_split_size_mb:64,large_segment_size_mb:64");
  EXPECT_EQ(settings.large_segment_size, 64_MiB);
  EXPECT_EQ(settings.max_non_split_rounding, 64_MiB);
  EXPECT_THROW(parse("max_split_size_mb:63,large_segment_size_mb:64"), UsageError);
}

TEST(Settings, a_single_number_of_divisions_serves_all_sizes) {
  for (const std::size_t divisions : parse("roundup_power2_divisions:4").roundup_divisions) {
    EXPECT_EQ(divisions, 4u);
  }
}

TEST(Settings, a_list_of_divisions_fills_below_the_first_and_above_the_last_but_not_between) {
  const RoundupTable table = parse("roundup_power2_divisions:[4:2,64:8,>:1]").roundup_divisions;
  EXPECT_EQ(table, (RoundupTable{2, 2, 2, 0, 0, 0, 8, 1, 1, 1, 1, 1, 1, 1, 1, 1}));
  EXPECT_EQ(parse("roundup_power2_divisions:[>:4]").roundup_divisions[0], 0u);
}

TEST(Settings, a_reserve_is_a_fraction_or_gib_and_bad_ones_are_ignored_with_a_warning) {
  const auto fraction = parse("expandable_segments_reserve:0.5").expandable_reserve;
  ASSERT_TRUE(fraction);
  EXPECT_TRUE(fraction->of_total);
  EXPECT_EQ(fraction->amount, 0.5);
  const auto bytes = parse("expandable_segments_reserve:2g").expandable_reserve;
  ASSERT_TRUE(bytes);
  EXPECT_FALSE(bytes->of_total);
  EXPECT_EQ(bytes->amount, static_cast<double>(2_GiB));
  for (const std::string bad : {"0", "-1", "inf", "much", "2T"}) {
    const AllocatorSettings settings = parse("expandable_segments_reserve:" + bad);
    EXPECT_FALSE(settings.expandable_reserve) << bad;
    EXPECT_EQ(settings.warnings.size(), 1u) << bad;
  }
}

TEST(Settings, changed_at_run_time_keep_expandable_segments_and_reset_the_splitting_limits) {
  const AllocatorSettings before = parse(
      "max_split_size_mb:64,garbage_collection_threshold:0.5,expandable_segments:True,"
      "large_segment_size_mb:30,roundup_power2_divisions:4");
  const AllocatorSettings after = reparse_settings(before, "", kNewest);
  EXPECT_EQ(after.max_split_size, AllocatorSettings::kUnlimited);
  EXPECT_EQ(after.garbage_collection_threshold, 0);
  EXPECT_EQ(after.roundup_divisions, RoundupTable{});
  EXPECT_TRUE(after.expandable_segments);
  EXPECT_EQ(after.large_segment_size, 30_MiB);
  EXPECT_EQ(after.max_non_split_rounding, 30_MiB);
}

TEST(Settings, keys_for_host_memory_are_accepted_without_effect) {
  EXPECT_NO_THROW(
      parse("backend:native,pinned_num_register_threads:8,pinned_use_background_threads:True,"
            "expandable_segments_reserve_by_class:[a:1,b:2G],release_lock_on_cudamalloc:False"));
}

class Refused : public ::testing::TestWithParam<const char*> {};

TEST_P(Refused, is_what_pytorch_refuses_too) { EXPECT_THROW(parse(GetParam()), UsageError); }

INSTANTIATE_TEST_SUITE_P(Settings, Refused,
                         ::testing::Values("no_such_key:1", "max_split_size_mb=128", "max_split_size_mb:19",
                                           "max_split_size_mb:many", "max_split_size_mb",
                                           "max_split_size_mb:", "max_split_size_mb:99999999999999999999",
                                           "max_non_split_rounding_mb:19", "large_segment_size_mb:10",
                                           "garbage_collection_threshold:0", "garbage_collection_threshold:1",
                                           "garbage_collection_threshold:nan", "roundup_power2_divisions:0",
                                           "roundup_power2_divisions:3", "roundup_power2_divisions:[256:3]",
                                           "roundup_power2_divisions:[100:1]",
                                           "roundup_power2_divisions:[256:1", "expandable_segments:true",
                                           "per_process_memory_fraction:1.1", "backend:other",
                                           "pinned_num_register_threads:256",
                                           "pinned_reserve_segment_size_mb:0", ",",
                                           "expandable_segments:True,large_segment_size_mb:21"),
                         [](const auto& instance) {
                           return std::to_string(instance.index) + "_" + testing::test_name(instance.param);
                         });

std::string refusal(const std::string& text) {
  try {
    parse(text);
    return "";
  } catch (const UsageError& error) {
    return error.what();
  }
}

TEST(Settings, a_key_that_is_not_known_is_refused_with_the_nearest_that_is) {
  EXPECT_EQ(refusal("max_splt_size_mb:64"),
            "allocator setting 'max_splt_size_mb' is not known; did you mean 'max_split_size_mb'?");
  EXPECT_EQ(refusal("expandable_segment:True"),
            "allocator setting 'expandable_segment' is not known; did you mean 'expandable_segments'?");
  EXPECT_EQ(refusal("zzz:1"), "allocator setting 'zzz' is not known");
}

TEST(Settings, the_backend_is_one_of_three) {
  EXPECT_EQ(parse("").backend, Backend::native);
  EXPECT_EQ(parse("backend:native").backend, Backend::native);
  EXPECT_EQ(parse("backend:cudaMallocAsync").backend, Backend::cuda_malloc_async);
  EXPECT_EQ(parse("backend:direct").backend, Backend::direct);
  EXPECT_EQ(refusal("backend:cudaMallocAsinc"),
            "there is no allocator backend 'cudaMallocAsinc'; did you mean 'cudaMallocAsync'?");
}

TEST(Settings, the_backend_cannot_change_at_run_time) {
  const AllocatorSettings before = parse("backend:cudaMallocAsync");
  EXPECT_EQ(reparse_settings(before, "", kNewest).backend, Backend::cuda_malloc_async);
  EXPECT_NO_THROW(reparse_settings(before, "backend:cudaMallocAsync", kNewest));
  EXPECT_THROW(reparse_settings(before, "backend:native", kNewest), UsageError);
}

TEST(Settings, keys_of_the_native_backend_are_ignored_by_others_with_a_warning) {
  EXPECT_TRUE(parse("max_split_size_mb:64,backend:native").warnings.empty());
  EXPECT_EQ(parse("max_split_size_mb:64,backend:cudaMallocAsync,pinned_use_background_threads:True").warnings,
            (std::vector<std::string>{"max_split_size_mb has no effect with backend:cudaMallocAsync"}));
}

TEST(Settings, keys_are_known_from_the_release_that_brought_them) {
  EXPECT_THROW(parse_settings("throw_on_cudamalloc_oom:True", PytorchRelease::v2_11), UsageError);
  EXPECT_NO_THROW(parse_settings("throw_on_cudamalloc_oom:True", PytorchRelease::v2_13));
  EXPECT_THROW(parse_settings("expandable_segments_reserve:0.5", PytorchRelease::v2_13), UsageError);
}

TEST(Releases, are_known_by_name) {
  EXPECT_EQ(parse_release("2.11"), PytorchRelease::v2_11);
  EXPECT_EQ(parse_release("2.13"), PytorchRelease::v2_13);
  EXPECT_EQ(parse_release("2.15"), PytorchRelease::v2_15);
  EXPECT_THROW(parse_release("2.12"), UsageError);
}

}  // namespace
}  // namespace memsweep
