// Launches: see launches.h.
#include "launches.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <numeric>
#include <random>
#include <sstream>

namespace bench {
namespace {

// Samples from a child process come through a pipe, as numbers.
void send(int descriptor, const std::vector<Samples>& all) {
  for (const Samples& samples : all) {
    const size_t count = samples.size();
    (void)!::write(descriptor, &count, sizeof count);
    size_t done = 0;
    const char* bytes = reinterpret_cast<const char*>(samples.data());
    while (done < count * sizeof(double)) {
      const ssize_t wrote = ::write(descriptor, bytes + done, count * sizeof(double) - done);
      if (wrote <= 0) return;
      done += static_cast<size_t>(wrote);
    }
  }
}

bool read_all(int descriptor, void* to, size_t size) {
  char* bytes = static_cast<char*>(to);
  while (size > 0) {
    const ssize_t got = ::read(descriptor, bytes, size);
    if (got <= 0) return false;
    bytes += got;
    size -= static_cast<size_t>(got);
  }
  return true;
}

std::vector<Samples> receive(int descriptor) {
  std::vector<Samples> all;
  for (size_t count = 0; read_all(descriptor, &count, sizeof count);) {
    Samples samples(count);
    if (!read_all(descriptor, samples.data(), count * sizeof(double))) break;
    all.push_back(std::move(samples));
  }
  return all;
}

struct Worker {
  pid_t process;
  int results;
};

Worker start_worker(const std::function<std::vector<Samples>()>& work) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) std::abort();
  const pid_t process = ::fork();
  if (process < 0) std::abort();
  if (process == 0) {
    ::close(ends[0]);
    send(ends[1], work());
    ::_exit(0);
  }
  ::close(ends[1]);
  return {process, ends[0]};
}

std::vector<Samples> collect(const Worker& worker) {
  std::vector<Samples> all = receive(worker.results);
  ::close(worker.results);
  ::waitpid(worker.process, nullptr, 0);
  return all;
}

}  // namespace

Launch spawning(std::vector<std::string> words, int keep) {
  const int null = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  return [words = std::move(words), keep, null] {
    std::vector<char*> pointers;
    for (const std::string& word : words) pointers.push_back(const_cast<char*>(word.c_str()));
    pointers.push_back(nullptr);
    if (keep >= 0) ::lseek(keep, 0, SEEK_SET);
    const pid_t child = ::vfork();
    if (child == 0) {
      ::dup2(null, STDOUT_FILENO);
      ::dup2(null, STDERR_FILENO);
      if (keep >= 0) ::fcntl(keep, F_SETFD, 0);
      ::execv(pointers[0], pointers.data());
      ::_exit(127);
    }
    int status = -1;
    ::waitpid(child, &status, 0);
    return status == 0;
  };
}

std::optional<std::string> find_program(const std::string& name) {
  const char* path = std::getenv("PATH");
  std::istringstream folders(path == nullptr ? "/usr/bin:/bin" : path);
  for (std::string folder; std::getline(folders, folder, ':');) {
    std::string file = folder + "/" + name;
    if (::access(file.c_str(), X_OK) == 0) return file;
  }
  return std::nullopt;
}

std::vector<Samples> take_turns(const std::vector<Way>& ways, size_t rounds, Turns turns) {
  constexpr useconds_t pause = 30'000;
  std::vector<Samples> all(ways.size());
  std::vector<bool> works(ways.size());
  std::vector<size_t> order(ways.size());
  std::iota(order.begin(), order.end(), size_t{0});
  // The same in each run.
  std::mt19937 random;
  for (size_t i = 0; i < ways.size(); ++i) {
    const bool measured = turns == Turns::AfterPauses || !ways[i].slow;
    works[i] = measured && ways[i].launch();  // and warms the caches
  }
  for (size_t round = 0; round < rounds; ++round) {
    std::shuffle(order.begin(), order.end(), random);
    for (const size_t i : order) {
      if (!works[i]) continue;
      if (turns == Turns::AfterPauses) ::usleep(pause);
      const double before = now();
      works[i] = ways[i].launch();
      all[i].push_back(now() - before);
    }
  }
  for (size_t i = 0; i < ways.size(); ++i)
    if (!works[i]) all[i].clear();
  return all;
}

std::vector<Samples> take_turns_in(unsigned processes, const std::vector<Way>& ways, size_t rounds,
                                   Turns turns) {
  std::vector<Worker> workers;
  for (unsigned i = 0; i < processes; ++i)
    workers.push_back(start_worker([&] { return take_turns(ways, rounds, turns); }));
  std::vector<Samples> joined(ways.size());
  for (const Worker& worker : workers) {
    const std::vector<Samples> all = collect(worker);
    for (size_t i = 0; i < all.size() && i < joined.size(); ++i)
      joined[i].insert(joined[i].end(), all[i].begin(), all[i].end());
  }
  return joined;
}

std::vector<Samples> in_process_of_size(size_t bytes,
                                        const std::function<std::vector<Samples>()>& work) {
  return collect(start_worker([&]() -> std::vector<Samples> {
    void* memory =
        ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) return {};
    // Pages of 4 KiB, as a heap that grew has them.
    ::madvise(memory, bytes, MADV_NOHUGEPAGE);
    std::memset(memory, 1, bytes);
    return work();
  }));
}

}  // namespace bench
