// Peer filter: see peer_filter.h.
#include "peer_filter.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cstdlib>

#include "filter/compile.h"
#include "filter/resolve.h"
#include "policy/load.h"

namespace bench {

using namespace seclude;

filter::Rules rules_of_profile(const std::string& name) {
  SourceMap sources;
  Diagnostics diagnostics;
  auto find = [](const policy::Wanted& wanted) { return policy::built_in(wanted); };
  auto root = policy::built_in({policy::Wanted::Kind::Profile, name, ""});
  if (!root) std::abort();
  const policy::Texts texts = policy::load(std::move(*root), find, sources, diagnostics);
  filter::Resolved resolved = filter::resolve(texts, {}, diagnostics);
  if (diagnostics.has_errors()) std::abort();
  return std::move(resolved.phases.front().rules);
}

int filter_file(const filter::Rules& rules) {
  filter::Store store;
  const auto compiled = filter::compile(store, rules);
  if (!compiled) std::abort();
  const int file = ::memfd_create("filter", 0);
  const auto bytes = compiled->program.size() * sizeof(filter::Instruction);
  if (::write(file, compiled->program.data(), bytes) != static_cast<ssize_t>(bytes)) std::abort();
  return file;
}

}  // namespace bench
