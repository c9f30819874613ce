#include "harness/memory/explain_settings.h"

#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "harness/base/errors.h"
#include "harness/memory/settings.h"

namespace memsweep {
namespace {

constexpr auto kNewest = PytorchRelease::v2_15;
using Entries = std::vector<SettingExplanation>;

Entries explain(std::string_view text, PytorchRelease release = kNewest) {
  return explain_settings(text, release);
}

/// The only entry of a text.
SettingExplanation explain_one(std::string_view text, PytorchRelease release = kNewest) {
  const Entries entries = explain(text, release);
  EXPECT_EQ(entries.size(), 1u) << text;
  return entries.at(0);
}

bool warned(const SettingExplanation& entry, std::string_view part) {
  return std::any_of(entry.warnings.begin(), entry.warnings.end(),
                     [part](const std::string& warning) { return warning.find(part) != std::string::npos; });
}

bool has(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

TEST(ExplainSettings, has_nothing_to_say_of_nothing) {
  EXPECT_TRUE(explain("").empty());
  EXPECT_TRUE(explain("  ").empty());
}

TEST(ExplainSettings, says_of_each_key_in_its_order_what_it_does_with_which_number) {
  const Entries entries =
      explain("max_split_size_mb:128, garbage_collection_threshold:0.8,per_process_memory_fraction:0.9");
  ASSERT_EQ(entries.size(), 3u);
  EXPECT_EQ(entries[0].key, "max_split_size_mb");
  EXPECT_EQ(entries[0].value, "128");
  EXPECT_EQ(entries[0].effect,
            "blocks of 128MiB and more are never split, and serve only requests of that size within 20MiB of "
            "their own");
  EXPECT_EQ(entries[1].key, "garbage_collection_threshold");
  EXPECT_TRUE(has(entries[1].effect, "once more than 80% of the memory limit is reserved"));
  EXPECT_EQ(entries[2].effect, "reserved memory is limited to 90% of the device");
  for (const SettingExplanation& entry : entries) {
    EXPECT_EQ(entry.error, "");
    EXPECT_TRUE(entry.warnings.empty()) << entry.key << ": " << entry.warnings[0];
  }
}

struct Sentence {
  std::string text;
  std::string effect;
};

TEST(ExplainSettings, has_a_sentence_for_every_key) {
  const std::vector<Sentence> sentences{
      {"large_segment_size_mb:64", "cut from segments of 64MiB"},
      {"max_non_split_rounding_mb:30", "less than 30MiB below its size"},
      {"roundup_power2_divisions:4", "all to 4 steps"},
      {"roundup_power2_divisions:1", "all to whole 512 bytes"},
      {"roundup_power2_divisions:[4:2,8:4,16:4,>:1]",
       "below 8MiB to 2 steps, from 8MiB to 4 steps, from 32MiB to whole 512 bytes"},
      {"expandable_segments:True", "page by page (2MiB for small blocks, 20MiB for others)"},
      {"expandable_segments:False", "a cudaMalloc of its own"},
      {"per_process_memory_fraction:1", "no limit"},
      {"throw_on_cudamalloc_oom:True", "fails at once"},
      {"expandable_segments_reserve:2G", "reserves addresses for 2GiB"},
      {"expandable_segments_reserve:0.5", "reserves addresses for 50% of the device's memory"},
      {"backend:native", "own caching allocator"},
      {"backend:cudaMallocAsync", "the CUDA driver's memory pool serves every request"},
      {"backend:direct", "every block is a cudaMalloc of its own"},
      {"pinned_use_background_threads:True", "pinned host memory alone"},
      {"expandable_segments_reserve_by_class:[a:1]", "tagged with a class"},
      {"release_lock_on_cudamalloc:True", "a lock is released"},
      {"graph_capture_record_stream_reuse:True", "graph capture alone"},
  };
  for (const Sentence& sentence : sentences) {
    const SettingExplanation entry = explain_one(sentence.text);
    EXPECT_EQ(entry.error, "") << sentence.text;
    EXPECT_TRUE(has(entry.effect, sentence.effect)) << entry.effect;
  }
}

TEST(ExplainSettings, shows_how_odd_numbers_are_read) {
  EXPECT_TRUE(warned(explain_one("max_split_size_mb:20.9"), "'20.9' is read as 20"));
  EXPECT_TRUE(warned(explain_one("max_split_size_mb:128abc"), "'128abc' is read as 128"));
  EXPECT_TRUE(warned(explain_one("max_split_size_mb:30,"), "") == false);
  const SettingExplanation wrapped = explain_one("max_split_size_mb:-1");
  EXPECT_TRUE(warned(wrapped, "'-1' is read as 18446744073709551615"));
  EXPECT_TRUE(warned(wrapped, "18446744073709551615 MB are cut to 17592186044415"));
  EXPECT_TRUE(warned(explain_one("garbage_collection_threshold:0.5x"), "'0.5x' is read as 0.5"));
  EXPECT_TRUE(warned(explain_one("roundup_power2_divisions:[256MB:4]"), "'256MB' is read as 256"));
  EXPECT_TRUE(warned(explain_one("expandable_segments_reserve:much"), "'much' is ignored"));
}

TEST(ExplainSettings, warns_of_what_works_against_itself_or_for_nothing) {
  EXPECT_TRUE(warned(explain("max_split_size_mb:64,expandable_segments:True")[0], "grow without bound"));
  EXPECT_TRUE(warned(explain_one("garbage_collection_threshold:0.8"), "no effect without a memory limit"));
  EXPECT_TRUE(warned(explain_one("max_split_size_mb:20"), "itself too large to be split"));
  EXPECT_FALSE(warned(explain_one("max_split_size_mb:21"), "too large"));
  EXPECT_TRUE(
      warned(explain_one("roundup_power2_divisions:[64:2,256:4]"), "from 128MiB to 256MiB are left out"));
  EXPECT_FALSE(warned(explain_one("roundup_power2_divisions:[64:2,128:0,256:4]"), "left out"));
  EXPECT_TRUE(warned(explain_one("roundup_power2_divisions:[>:4]"), "sizes below 2MiB"));
  EXPECT_TRUE(warned(explain_one("max_non_split_rounding_mb:30"), "no effect without max_split_size_mb"));
  EXPECT_TRUE(
      warned(explain_one("expandable_segments_reserve:0.5"), "no effect without expandable_segments"));
  EXPECT_TRUE(warned(explain_one("large_segment_size_mb:21"), "1MiB of each such segment is lost"));
  EXPECT_TRUE(warned(explain_one("throw_on_cudamalloc_oom:True"), "exceeds the whole device"));
  EXPECT_TRUE(warned(explain_one("per_process_memory_fraction:0"), "no request"));
  EXPECT_TRUE(warned(explain_one("pinned_use_background_threads:True"), "host memory only"));
  EXPECT_TRUE(warned(explain_one("release_lock_on_cudamalloc:True"), "no effect on device memory"));
  EXPECT_TRUE(warned(explain_one("backend:direct"), "PYTORCH_NO_CUDA_MEMORY_CACHING=1"));
}

TEST(ExplainSettings, warns_of_keys_that_the_backend_ignores) {
  for (const std::string backend : {"cudaMallocAsync", "direct"}) {
    const Entries entries =
        explain("max_split_size_mb:64,per_process_memory_fraction:0.5,backend:" + backend);
    EXPECT_TRUE(warned(entries[0], "no effect with backend:" + backend));
    EXPECT_TRUE(warned(entries[1], "backend:" + backend));
  }
}

TEST(ExplainSettings, warns_of_expandable_segments_of_old_releases) {
  EXPECT_TRUE(warned(explain_one("expandable_segments:True", PytorchRelease::v2_11), "page by page before"));
  EXPECT_TRUE(explain_one("expandable_segments:True").warnings.empty());
}

TEST(ExplainSettings, lets_the_last_of_equal_keys_count) {
  const Entries entries = explain("max_split_size_mb:64,max_split_size_mb:128");
  EXPECT_TRUE(warned(entries[0], "given again"));
  EXPECT_EQ(entries[0].effect, "none");
  EXPECT_TRUE(has(entries[1].effect, "128MiB"));
}

TEST(ExplainSettings, goes_on_behind_what_pytorch_refuses) {
  const Entries entries = explain(
      "max_splt_size_mb:64,expandable_segments:true,max_split_size_mb=128,roundup_power2_divisions:[256:3,"
      "512:2],"
      "garbage_collection_threshold,backend:nativ,large_segment_size_mb:64");
  ASSERT_EQ(entries.size(), 7u);
  EXPECT_TRUE(has(entries[0].error, "did you mean 'max_split_size_mb'?"));
  EXPECT_EQ(entries[0].value, "64");
  EXPECT_TRUE(has(entries[1].error, "must be True or False; write True"));
  EXPECT_EQ(entries[2].key, "max_split_size_mb");
  EXPECT_TRUE(has(entries[2].error, "write max_split_size_mb:128"));
  EXPECT_TRUE(has(entries[3].error, "'3' must be 0 or a power of two"));
  EXPECT_EQ(entries[3].value, "[256:3,512:2]");
  EXPECT_TRUE(has(entries[4].error, "garbage_collection_threshold has no value"));
  EXPECT_TRUE(has(entries[5].error, "did you mean 'native'?"));
  EXPECT_EQ(entries[6].error, "");
  for (std::size_t i = 0; i < 6; ++i) EXPECT_EQ(entries[i].effect, "") << entries[i].key;
}

TEST(ExplainSettings, names_the_release_that_brought_a_key) {
  const SettingExplanation entry = explain_one("throw_on_cudamalloc_oom:True", PytorchRelease::v2_11);
  EXPECT_TRUE(has(entry.error, "not known to PyTorch 2.11; it came with 2.13"));
}

TEST(ExplainSettings, tells_wrong_separators_that_are_overlooked_from_those_that_are_not) {
  EXPECT_TRUE(warned(explain_one("max_split_size_mb,64"), "',' stands where ':' belongs"));
  EXPECT_TRUE(warned(explain("max_split_size_mb:64:backend:native")[0], "':' stands where ',' belongs"));
  const Entries semicolons = explain("max_split_size_mb:64;backend:native");
  ASSERT_EQ(semicolons.size(), 2u);
  EXPECT_TRUE(has(semicolons[0].error, "write ','"));
  EXPECT_EQ(semicolons[1].error, "");
  EXPECT_TRUE(warned(explain_one("max_split_size_mb:64;"), "overlooked"));
  EXPECT_TRUE(has(explain_one("expandable_segments:True;").error, "write ','"));
  EXPECT_TRUE(has(explain("roundup_power2_divisions:[256:1]backend:native")[0].error, "',' is missing"));
}

TEST(ExplainSettings, refuses_pages_that_no_device_has) {
  const Entries entries = explain("expandable_segments:True,large_segment_size_mb:21");
  EXPECT_TRUE(has(entries[0].error, "no device has 1 MiB pages"));
}

bool parses(const std::string& text, PytorchRelease release) {
  try {
    static_cast<void>(parse_settings(text, release));
    return true;
  } catch (const UsageError&) {
    return false;
  }
}

TEST(ExplainSettings, finds_an_error_exactly_where_the_settings_are_refused) {
  const std::vector<std::string> keys{"max_split_size_mb",
                                      "expandable_segments",
                                      "roundup_power2_divisions",
                                      "large_segment_size_mb",
                                      "throw_on_cudamalloc_oom",
                                      "expandable_segments_reserve_by_class",
                                      "backend",
                                      "max_split",
                                      "max_split_size_mb=64"};
  const std::vector<std::string> values{"64",   "21",     "1e3",         "-1",      "0.5", "True",
                                        "true", "native", "[256:4,>:2]", "[256:3]", "[",   "]"};
  const std::vector<std::string> separators{",", ":", ",", ":", ";"};
  std::mt19937 random(1);
  std::size_t refusals = 0;
  constexpr std::size_t kTexts = 20000;
  for (std::size_t i = 0; i < kTexts; ++i) {
    std::string text;
    const auto add = [&](const std::vector<std::string>& words) { text += words[random() % words.size()]; };
    for (std::size_t setting = random() % 4; setting > 0; --setting) {
      for (const auto* words : {&keys, &separators, &values, &separators}) {
        if (random() % 16 != 0) add(*words);
        if (random() % 16 == 0) add(random() % 2 == 0 ? keys : values);
      }
    }
    const auto release = static_cast<PytorchRelease>(random() % 3);
    const Entries entries = explain(text, release);
    const bool error =
        std::any_of(entries.begin(), entries.end(), [](const auto& entry) { return !entry.error.empty(); });
    const bool refused = !parses(text, release);
    if (!has(text, ";")) {
      ASSERT_EQ(error, refused) << text;
    }
    ASSERT_TRUE(error || !refused) << text;
    refusals += refused ? 1 : 0;
  }
  EXPECT_GT(refusals, kTexts / 10);
  EXPECT_LT(refusals, kTexts - kTexts / 10);
}

}  // namespace
}  // namespace memsweep
