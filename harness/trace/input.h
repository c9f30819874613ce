// The bytes of a file, one after the other; gzip on top is taken off.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

struct gzFile_s;

namespace memsweep {

class Input {
 public:
  static constexpr int kEnd = -1;

  /// Throws UsageError if the file cannot be opened.
  explicit Input(const std::filesystem::path& file);
  /// As a file of that name that holds `bytes`.
  Input(std::string name, std::string bytes);

  /// Of the next byte, after gzip is taken off.
  [[nodiscard]] std::uint64_t offset() const noexcept { return dropped_ + position_; }

  /// The next byte, which stays, or kEnd. Throws UsageError if the file cannot be read on.
  [[nodiscard]] int peek() {
    return position_ < filled_ || fill() ? static_cast<unsigned char>(buffer_[position_]) : kEnd;
  }

  // Each of these takes bytes and throws UsageError where the file ends before.
  std::uint8_t byte() {
    if (position_ == filled_ && !fill()) fail_at_end();
    return static_cast<std::uint8_t>(buffer_[position_++]);
  }
  /// Little-endian, of `size` <= 8 bytes.
  std::uint64_t number(std::size_t size);
  /// Valid until the next call. Takes memory for bytes that are there only.
  std::string_view bytes(std::size_t size);
  void skip(std::uint64_t size);

  /// Up to the next end of line, which is taken as well; false at the end of the file. Throws UsageError for
  /// a line longer than `longest` bytes.
  bool line(std::string& text, std::size_t longest);

  /// Throws UsageError: file, offset, sentence.
  [[noreturn]] void fail(std::string_view sentence) const { fail(offset(), sentence); }
  [[noreturn]] void fail(std::uint64_t offset, std::string_view sentence) const;
  [[nodiscard]] const std::string& name() const noexcept { return name_; }

 private:
  struct Close {
    void operator()(gzFile_s* file) const noexcept;
  };

  bool fill();
  [[noreturn]] void fail_at_end() const;

  std::string name_;
  std::unique_ptr<gzFile_s, Close> file_;  // null: all there is stands in the buffer
  std::string buffer_;
  std::size_t position_ = 0;   // of the next byte in the buffer
  std::size_t filled_ = 0;     // bytes of the buffer that are the file's
  std::uint64_t dropped_ = 0;  // bytes of the file before the buffer
  std::string gathered_;       // bytes that did not stand in the buffer in one piece
};

}  // namespace memsweep
