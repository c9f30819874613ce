#include "harness/trace/input.h"

#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "harness/base/errors.h"

namespace memsweep {
namespace {

constexpr std::size_t kBuffer = std::size_t{1} << 18;

}  // namespace

void Input::Close::operator()(gzFile_s* file) const noexcept { gzclose(file); }

Input::Input(const std::filesystem::path& file)
    : name_(file.string()), file_(gzopen(file.c_str(), "rb")), buffer_(kBuffer, '\0') {
  if (!file_) throw UsageError(fmt::format("cannot open {}: {}", name_, std::strerror(errno)));
  gzbuffer(file_.get(), kBuffer);
}

Input::Input(std::string name, std::string bytes)
    : name_(std::move(name)), buffer_(std::move(bytes)), filled_(buffer_.size()) {}

bool Input::fill() {
  if (!file_) return false;
  dropped_ += filled_;
  position_ = filled_ = 0;
  const int got = gzread(file_.get(), buffer_.data(), static_cast<unsigned>(buffer_.size()));
  int error = Z_OK;
  const char* const what = gzerror(file_.get(), &error);
  if (got > 0) {  // an error that came after these bytes comes again
    filled_ = static_cast<std::size_t>(got);
    return true;
  }
  if (error == Z_BUF_ERROR) fail("the gzip stream ends in the middle: the file is not complete");
  if (error == Z_ERRNO) fail(fmt::format("cannot be read: {}", std::strerror(errno)));
  if (error != Z_OK && error != Z_STREAM_END) fail(fmt::format("the gzip stream is damaged: {}", what));
  return false;
}

std::uint64_t Input::number(std::size_t size) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < size; ++i) value |= std::uint64_t{byte()} << (8 * i);
  return value;
}

std::string_view Input::bytes(std::size_t size) {
  if (filled_ - position_ >= size) {
    position_ += size;
    return std::string_view(buffer_).substr(position_ - size, size);
  }
  gathered_.clear();
  while (gathered_.size() < size) {
    if (peek() == kEnd) fail_at_end();
    const std::size_t part = std::min(size - gathered_.size(), filled_ - position_);
    gathered_.append(buffer_, position_, part);
    position_ += part;
  }
  return gathered_;
}

void Input::skip(std::uint64_t size) {
  while (size > 0) {
    if (peek() == kEnd) fail_at_end();
    const std::size_t part = std::min<std::uint64_t>(size, filled_ - position_);
    position_ += part;
    size -= part;
  }
}

bool Input::line(std::string& text, std::size_t longest) {
  text.clear();
  if (peek() == kEnd) return false;
  while (peek() != kEnd) {
    const std::string_view rest = std::string_view(buffer_).substr(position_, filled_ - position_);
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    if (text.size() + end > longest) fail(fmt::format("a line is longer than {} bytes", longest));
    text.append(rest, 0, end);
    position_ += end;
    if (end < rest.size()) {
      ++position_;
      break;
    }
  }
  return true;
}

void Input::fail(std::uint64_t offset, std::string_view sentence) const {
  throw UsageError(fmt::format("{}, byte {}: {}", name_, offset, sentence));
}

void Input::fail_at_end() const { fail("the file ends in the middle of a snapshot"); }

}  // namespace memsweep
