// Musl: what the program needs beside musl's libc.a.
//
// In: nothing. Out: what libstdc++ and libgcc ask of glibc and musl lacks. Linked into the static
// program only, and only where CMake found that it may be (cmake/static_program.cmake): glibc asks
// the processor about itself with dozens of CPUID instructions before main(), which a virtual
// machine answers in 4 us each: most of a start. Neighbours: musl_names.cc, what our own code
// asks; allocation.cc, the other half of a quick start.
#include <dlfcn.h>
#include <link.h>
#include <sys/random.h>

#include <cstdint>

namespace {

// 1, when `found->dlfo_map_start` lies in this object. A static program has one.
int look_for_tables(dl_phdr_info* object, size_t /*size*/, void* found_here) {
  auto* found = static_cast<dl_find_object*>(found_here);
  const auto address = reinterpret_cast<uintptr_t>(found->dlfo_map_start);
  bool within = false;
  for (int i = 0; i < object->dlpi_phnum; i++) {
    const ElfW(Phdr)& part = object->dlpi_phdr[i];
    const uintptr_t begin = object->dlpi_addr + part.p_vaddr;
    if (part.p_type == PT_LOAD) within = within || address - begin < part.p_memsz;
    if (part.p_type == PT_GNU_EH_FRAME) found->dlfo_eh_frame = reinterpret_cast<void*>(begin);
  }
  return within && found->dlfo_eh_frame != nullptr ? 1 : 0;
}

}  // namespace

// Declared here because these names are libc's: no header of ours should have them.
extern "C" {

// libstdc++ skips atomic instructions while there is one thread; there never is another here.
char __libc_single_threaded = 1;

// The unwinder asks nothing else for a function's tables, and without an answer every exception is
// an abort.
int _dl_find_object(void* address, dl_find_object* result) {
  dl_find_object found = {};
  found.dlfo_map_start = address;
  if (::dl_iterate_phdr(look_for_tables, &found) != 1) return -1;
  *result = found;
  return 0;
}

// Only std::random_device asks.
uint32_t arc4random();
uint32_t arc4random() {
  uint32_t value = 0;
  if (::getrandom(&value, sizeof value, 0) != sizeof value) __builtin_trap();
  return value;
}

}  // extern "C"
