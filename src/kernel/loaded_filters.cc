// Reading of a process's filters; see loaded_filters.h.
#include "kernel/loaded_filters.h"

#include <linux/filter.h>
#include <sys/ptrace.h>
#include <sys/wait.h>

#include <cerrno>
#include <string>

namespace seclude::kernel {
namespace {

// Holds the process still while it exists.
class Stopped {
 public:
  explicit Stopped(int process) : process_(process) {}
  ~Stopped() {
    if (seized_) ptrace(PTRACE_DETACH, process_, nullptr, nullptr);
  }
  Stopped(const Stopped&) = delete;
  Stopped& operator=(const Stopped&) = delete;

  Result<void> stop() {
    std::string doing = "stop process " + std::to_string(process_);
    if (ptrace(PTRACE_SEIZE, process_, nullptr, nullptr) != 0) {
      bool forbidden = errno == EPERM;
      return fail(doing, errno,
                  forbidden ? "only root may, and nobody else may be tracing it" : "");
    }
    seized_ = true;
    if (ptrace(PTRACE_INTERRUPT, process_, nullptr, nullptr) != 0) return fail(doing, errno);
    int status = 0;
    while (waitpid(process_, &status, __WALL) != process_)
      if (errno != EINTR) return fail(doing, errno);
    if (WIFSTOPPED(status)) return {};
    seized_ = false;
    return fail(doing, ESRCH);
  }

 private:
  int process_;
  bool seized_ = false;
};

// The filter loaded as the `index`th, or what the kernel says instead.
Result<filter::Program> loaded_filter(int process, size_t index) {
  auto ask = [&](sock_filter* into) {
    // The address argument is the index.
    return ptrace(PTRACE_SECCOMP_GET_FILTER, process, reinterpret_cast<void*>(index), into);
  };
  std::string doing =
      "read filter " + std::to_string(index + 1) + " of process " + std::to_string(process);
  long length = ask(nullptr);
  if (length < 0) {
    bool forbidden = errno == EACCES;
    return fail(
        doing, errno,
        forbidden ? "only root of the first user namespace may, and under no filter itself" : "");
  }
  std::vector<sock_filter> raw(static_cast<size_t>(length));
  if (ask(raw.data()) != length) return fail(doing, errno);
  filter::Program program;
  for (const sock_filter& one : raw) program.push_back({one.code, one.jt, one.jf, one.k});
  return program;
}

}  // namespace

Result<std::vector<filter::Program>> loaded_filters(int process) {
  Stopped stopped(process);
  TRY_VOID(stopped.stop());
  std::vector<filter::Program> programs;
  for (;;) {
    Result<filter::Program> program = loaded_filter(process, programs.size());
    // ENOENT: that was the last. EINVAL at the first: the process has no filter.
    bool end = !program && (program.error().errno_value == ENOENT ||
                            (programs.empty() && program.error().errno_value == EINVAL));
    if (end) return programs;
    if (!program) return tl::unexpected(program.error());
    programs.push_back(std::move(*program));
  }
}

}  // namespace seclude::kernel
