// Programs: see programs.h.
#include "kernel/programs.h"

#include <elf.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstring>

#include "kernel/fd.h"
#include "kernel/files.h"
#include "kernel/process.h"

namespace seclude::kernel {
namespace {

int execute_descriptor(void* number) {
  char* const nothing[] = {nullptr};
  ::syscall(SYS_execveat, *static_cast<int*>(number), "", nothing, nothing, AT_EMPTY_PATH);
  return 1;
}

}  // namespace

bool runs(const std::string& program) {
  const int number = ::memfd_create("probe", MFD_CLOEXEC);
  if (number < 0) return false;
  const Fd file(number);
  if (!write_all(file, program, "a memory file")) return false;
  int argument = number;
  auto child = spawn(execute_descriptor, &argument);
  if (!child) return false;
  const auto change = child->wait();
  return change && change->kind == Change::Kind::Exited && change->value == program_ran;
}

std::string smallest_i386_program() {
  constexpr uint32_t base = 0x08048000;
  constexpr unsigned char code[] = {
      0xb8, 1,           0, 0, 0,  // mov eax, 1 (exit)
      0xbb, program_ran, 0, 0, 0,  // mov ebx, program_ran
      0xcd, 0x80,                  // int 0x80
  };
  constexpr uint32_t start = sizeof(Elf32_Ehdr) + sizeof(Elf32_Phdr);
  constexpr uint32_t size = start + sizeof code;

  Elf32_Ehdr header = {};
  std::memcpy(header.e_ident, ELFMAG, SELFMAG);
  header.e_ident[EI_CLASS] = ELFCLASS32;
  header.e_ident[EI_DATA] = ELFDATA2LSB;
  header.e_ident[EI_VERSION] = EV_CURRENT;
  header.e_type = ET_EXEC;
  header.e_machine = EM_386;
  header.e_version = EV_CURRENT;
  header.e_entry = base + start;
  header.e_phoff = sizeof header;
  header.e_ehsize = sizeof header;
  header.e_phentsize = sizeof(Elf32_Phdr);
  header.e_phnum = 1;

  Elf32_Phdr segment = {};
  segment.p_type = PT_LOAD;
  segment.p_vaddr = segment.p_paddr = base;
  segment.p_filesz = segment.p_memsz = size;
  segment.p_flags = PF_R | PF_X;
  segment.p_align = 0x1000;

  std::string program(size, '\0');
  std::memcpy(program.data(), &header, sizeof header);
  std::memcpy(program.data() + sizeof header, &segment, sizeof segment);
  std::memcpy(program.data() + start, code, sizeof code);
  return program;
}

}  // namespace seclude::kernel
