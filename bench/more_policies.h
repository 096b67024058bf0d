// More policies: those of other tools, and the reference policies as texts of the language.
//
// In: podman's profile as Debian ships it, the names of systemd's set of calls for services. Out:
// policies as reference.h has them. A reference policy as a text is what compiling is timed with.
// Neighbours: reference.h, compile_bench.cc.
#pragma once

#include <optional>
#include <string>

#include "filter/resolve.h"
#include "reference.h"

namespace seclude::bench {

// From Debian's golang-github-containers-common.
inline constexpr const char* podman_profile = "/usr/share/containers/seccomp.json";

// For x86_64, for a container without extra capabilities.
std::optional<PolicyFile> read_podman(const std::string& path);

// systemd's set of calls for services, everything else EPERM.
PolicyFile system_service();

// A text that means the policy; `left_out` is a call it does not allow, so that texts differ.
std::string text_of(const PolicyFile& policy, uint32_t left_out);

// All passes from a text to rules; aborts when the text is wrong.
filter::Rules rules_of_text(const std::string& text);

}  // namespace seclude::bench
