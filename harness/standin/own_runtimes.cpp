#include "harness/standin/own_runtimes.h"

#include <elf.h>
#include <link.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <string_view>
#include <system_error>

namespace memsweep::standin {
namespace {

// With kernels of their own, by the beginnings of their names.
constexpr std::array<std::string_view, 11> kNvidias{
    "libcublas",   "libcudnn",    "libcufft", "libcufile",  "libcupti",  "libcurand",
    "libcusolver", "libcusparse", "libnccl",  "libnvshmem", "libnvjpeg",
};

/// The dynamic section of a loaded object; null where it has none.
const ElfW(Dyn) * dynamic_section(const dl_phdr_info& object) {
  for (const ElfW(Phdr)* header = object.dlpi_phdr; header < object.dlpi_phdr + object.dlpi_phnum; ++header) {
    if (header->p_type == PT_DYNAMIC) {
      return reinterpret_cast<const ElfW(Dyn)*>(object.dlpi_addr + header->p_vaddr);
    }
  }
  return nullptr;
}

bool needs_cudart(const dl_phdr_info& object) {
  const ElfW(Dyn)* const section = dynamic_section(object);
  if (section == nullptr) return false;
  ElfW(Addr) strings = 0;
  for (const ElfW(Dyn)* entry = section; entry->d_tag != DT_NULL; ++entry) {
    if (entry->d_tag == DT_STRTAB) strings = entry->d_un.d_ptr;
  }
  if (strings < object.dlpi_addr) strings += object.dlpi_addr;  // as the kernel's own object has it
  for (const ElfW(Dyn)* entry = section; entry->d_tag != DT_NULL; ++entry) {
    if (entry->d_tag != DT_NEEDED) continue;
    const std::string_view name = reinterpret_cast<const char*>(strings + entry->d_un.d_val);
    if (name.starts_with("libcudart.so")) return true;
  }
  return false;
}

bool is_nvidias(std::string_view path) {
  const std::string_view name = path.substr(path.rfind('/') + 1);
  return std::ranges::any_of(kNvidias, [name](std::string_view begin) { return name.starts_with(begin); });
}

int collect(dl_phdr_info* object, std::size_t, void* files) {
  std::string name = object->dlpi_name;
  if (name.empty()) {  // the program
    std::error_code error;
    name = std::filesystem::read_symlink("/proc/self/exe", error);
  }
  if (!is_nvidias(name) && !needs_cudart(*object)) {
    static_cast<std::vector<std::string>*>(files)->push_back(std::move(name));
  }
  return 0;
}

template <class Value>
bool read_at(std::ifstream& file, std::size_t offset, Value* values, std::size_t count) {
  file.seekg(static_cast<std::streamoff>(offset));
  return static_cast<bool>(
      file.read(reinterpret_cast<char*>(values), static_cast<std::streamsize>(count * sizeof(Value))));
}

bool has_section(const std::string& path, std::string_view name) {
  std::ifstream file(path, std::ios::binary);
  ElfW(Ehdr) head;
  if (!read_at(file, 0, &head, 1) || head.e_shentsize != sizeof(ElfW(Shdr)) ||
      head.e_shstrndx >= head.e_shnum) {
    return false;
  }
  std::vector<ElfW(Shdr)> sections(head.e_shnum);
  if (!read_at(file, head.e_shoff, sections.data(), sections.size())) return false;
  const ElfW(Shdr)& of_names = sections[head.e_shstrndx];
  std::string names(of_names.sh_size, '\0');
  if (!read_at(file, of_names.sh_offset, names.data(), names.size())) return false;
  return std::ranges::any_of(sections, [&](const ElfW(Shdr) & section) {
    return section.sh_name < names.size() && names.c_str() + section.sh_name == name;
  });
}

}  // namespace

std::vector<std::string> files_with_own_runtime() {
  std::vector<std::string> files;
  dl_iterate_phdr(collect, &files);
  std::erase_if(files, [](const std::string& file) { return !has_section(file, ".nv_fatbin"); });
  return files;
}

}  // namespace memsweep::standin
