// The opcodes of pickle protocols 0 to 5, by the names that Python's pickletools gives them.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace memsweep {

enum class Opcode : std::uint8_t {
  mark = '(',
  stop = '.',
  pop = '0',
  pop_mark = '1',
  dup = '2',
  bin_float = 'G',
  bin_int = 'J',
  bin_int1 = 'K',
  bin_int2 = 'M',
  none = 'N',
  bin_string = 'T',
  short_bin_string = 'U',
  bin_unicode = 'X',
  append = 'a',
  dict = 'd',
  append_many = 'e',
  bin_get = 'h',
  long_bin_get = 'j',
  list = 'l',
  bin_put = 'q',
  long_bin_put = 'r',
  set_item = 's',
  tuple = 't',
  set_items = 'u',
  empty_dict = '}',
  empty_list = ']',
  empty_tuple = ')',
  bin_bytes = 'B',
  short_bin_bytes = 'C',
  proto = 0x80,
  tuple1 = 0x85,
  tuple2 = 0x86,
  tuple3 = 0x87,
  new_true = 0x88,
  new_false = 0x89,
  long1 = 0x8a,
  long4 = 0x8b,
  short_bin_unicode = 0x8c,
  bin_unicode8 = 0x8d,
  bin_bytes8 = 0x8e,
  memoize = 0x94,
  frame = 0x95,
  byte_array8 = 0x96,
};

struct RefusedOpcode {
  std::uint8_t code;
  std::string_view name;
  std::string_view why;
};

inline constexpr std::string_view kRunsCode = "runs code or builds objects";
inline constexpr std::string_view kOldText = "belongs to protocols 0 and 1";
inline constexpr std::string_view kNoSnapshot = "has no place in a snapshot";
/// Opcodes that Python knows and that are not accepted.
inline constexpr std::array<RefusedOpcode, 25> kRefusedOpcodes{{
    {'c', "GLOBAL", kRunsCode},
    {0x93, "STACK_GLOBAL", kRunsCode},
    {'R', "REDUCE", kRunsCode},
    {'b', "BUILD", kRunsCode},
    {'i', "INST", kRunsCode},
    {'o', "OBJ", kRunsCode},
    {0x81, "NEWOBJ", kRunsCode},
    {0x92, "NEWOBJ_EX", kRunsCode},
    {'P', "PERSID", kRunsCode},
    {'Q', "BINPERSID", kRunsCode},
    {0x82, "EXT1", kRunsCode},
    {0x83, "EXT2", kRunsCode},
    {0x84, "EXT4", kRunsCode},
    {0x8f, "EMPTY_SET", kNoSnapshot},
    {0x90, "ADDITEMS", kNoSnapshot},
    {0x91, "FROZENSET", kNoSnapshot},
    {0x97, "NEXT_BUFFER", kNoSnapshot},
    {0x98, "READONLY_BUFFER", kNoSnapshot},
    {'I', "INT", kOldText},
    {'L', "LONG", kOldText},
    {'F', "FLOAT", kOldText},
    {'S', "STRING", kOldText},
    {'V', "UNICODE", kOldText},
    {'g', "GET", kOldText},
    {'p', "PUT", kOldText},
}};

}  // namespace memsweep
