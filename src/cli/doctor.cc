// `seclude doctor`: what this kernel and this user can enforce.
//
// In: nothing but the machine. Out: one line per facility, with the exact fix for each lack. The
// questions are kernel/features.h's, the sentences report/doctor.h's.
#include "report/doctor.h"

#include "cli/console.h"

namespace seclude::cli {

namespace {

int doctor(const Arguments& arguments, Console& console) {
  std::vector<report::Finding> findings = report::findings(kernel::probe_features());
  console.answer(arguments.has(flag::json) ? report::to_json(findings) : report::to_text(findings));
  return report::all_good(findings) ? 0 : 1;
}

constexpr const Flag* flags[] = {&flag::json, &flag::plain, &flag::help};
constexpr ExitStatus exits[] = {{"0", "everything is there"},
                                {"1", "something is lacking; each lack comes with its fix"}};
constexpr std::string_view examples[] = {"seclude doctor", "seclude doctor --json"};

}  // namespace

const Command doctor_command{
    .name = "doctor",
    .usage = "",
    .summary = "tell what this kernel and this user can enforce",
    .about =
        "Asks the kernel, by trying, for everything a policy may need: filters and their "
        "actions, Landlock, namespaces, control groups, tracing. Nothing is told from a "
        "version number, and nothing that is tried lasts.",
    .flags = flags,
    .exits = exits,
    .examples = examples,
    .most = 0,
    .run = doctor,
};

}  // namespace seclude::cli
