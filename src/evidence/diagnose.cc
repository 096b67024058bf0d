// Diagnose: see diagnose.h.
#include "evidence/diagnose.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>
#include <variant>

#include "base/text.h"
#include "calls/calls.h"
#include "calls/constants.h"
#include "filter/show.h"

namespace seclude::evidence {
namespace {

using filter::Action;
using filter::Reason;
using sandbox::ArgDetail;
using sandbox::Denial;

constexpr size_t longest_shown = 160;  // of one text from inside

std::string name_of_call(const filter::Input& input) {
  const auto what = filter::known_call(input);
  if (what) return std::string(calls::name_of(what->call));
  return "nr:" + std::to_string(input.number);
}

const ArgDetail* detail_of(const Denial& denial, size_t arg) {
  const auto at = std::find_if(denial.details.begin(), denial.details.end(),
                               [&](const ArgDetail& detail) { return detail.arg == arg; });
  return at == denial.details.end() ? nullptr : &*at;
}

// `mark` around a text from inside, which cannot end it: there it is escaped as well.
std::string between(char mark, std::string_view text, size_t limit) {
  std::string shown(1, mark);
  for (const char c : escape(text, limit)) {
    if (c == mark) shown += '\\';
    shown += c;
  }
  return shown + mark;
}

std::string quoted(const ArgDetail& detail) {
  const bool cut = detail.cut || detail.text.size() > longest_shown;
  const std::string text = detail.text.substr(0, longest_shown);
  return between('"', text, std::string::npos) + (cut ? "..." : "");
}

// `["ls", "-l"]`: the words of this argument, as far as there is room for them.
std::string show_words(const Denial& denial, size_t arg) {
  std::string text = "[";
  for (const ArgDetail& detail : denial.details) {
    if (detail.arg != arg) continue;
    if (text.size() > 1) text += ", ";
    if (text.size() > longest_shown || detail.kind == ArgDetail::Kind::MoreWords)
      return text + "...]";
    text += detail.kind == ArgDetail::Kind::Word ? quoted(detail) : "unreadable";
  }
  return text + "]";
}

std::string show_arg(const std::string& number, const ArgDetail* detail, const Denial& denial) {
  if (detail == nullptr) return number;
  switch (detail->kind) {
    case ArgDetail::Kind::Word:
    case ArgDetail::Kind::UnreadableWord:
    case ArgDetail::Kind::MoreWords:
      return show_words(denial, detail->arg);
    case ArgDetail::Kind::Path:
      return quoted(*detail);
    case ArgDetail::Kind::Socket:
      return escape(detail->text, longest_shown);
    case ArgDetail::Kind::File:
    case ArgDetail::Kind::Binding:
      return number + " (" + escape(detail->text, longest_shown) + ")";
    case ArgDetail::Kind::Unreadable:
      return number + " (unreadable)";
  }
  return number;
}

// The `because` of the statement whose keyword this is.
const std::string* reason_in(const policy::Block& block, Span keyword) {
  for (const policy::Statement& statement : block) {
    if (statement.keyword == keyword) return statement.because ? &*statement.because : nullptr;
    const policy::Block* inner = nullptr;
    if (const auto* phase = std::get_if<policy::Phase>(&statement.body)) inner = &phase->body;
    if (const auto* on = std::get_if<policy::OnArchitectures>(&statement.body)) inner = &on->body;
    if (inner == nullptr) continue;
    if (const std::string* reason = reason_in(*inner, keyword)) return reason;
  }
  return nullptr;
}

const std::string* because(const policy::Texts& texts, Span keyword) {
  if (!keyword.known()) return nullptr;
  for (const policy::Policy& policy : texts.policies) {
    if (const std::string* reason = reason_in(policy.statements, keyword)) return reason;
  }
  return nullptr;
}

// Nothing in the policy says it: calls of an architecture it does not list are killed.
bool is_foreign(const Denial& denial) {
  return denial.verdict.reason == Reason::Unknown && !denial.verdict.origin.known() &&
         denial.verdict.action == Action::kill();
}

std::string foreign_name(const Denial& denial) {
  const auto arch = filter::arch_of(denial.call);
  return arch ? std::string(calls::info(*arch).name) : "this architecture";
}

std::string label_of(const Denial& denial, const policy::Texts& texts) {
  std::string label;
  if (is_foreign(denial)) {
    label = "the policy does not list " + foreign_name(denial);
  } else if (denial.verdict.reason != Reason::Stated) {
    label = filter::to_string(denial.verdict.reason);
  } else if (denial.verdict.otherwise) {
    label = denial.verdict.mentioned
                ? "rules mention `" + name_of_call(denial.call) + "`, but not with these arguments"
                : "no rule mentions `" + name_of_call(denial.call) + "`";
  }
  if (const std::string* reason = because(texts, denial.verdict.origin))
    label += (label.empty() ? "because " : ", because ") + escape(*reason, longest_shown);
  return label;
}

std::string who(const Denial& denial) {
  std::string text;
  if (!denial.thread_name.empty()) text += " in " + between('`', denial.thread_name, 64);
  if (denial.thread != denial.process) text += fmt::format(", thread {}", denial.thread);
  if (!denial.object.empty()) {
    // The end of a path tells most; the whole one is in reports.
    const std::string name = denial.object.substr(denial.object.rfind('/') + 1);
    text += fmt::format(", from {}+{:#x}", escape(name, 64), denial.object_offset);
  }
  return text;
}

std::string help_of(const Denial& denial, bool audit) {
  std::string help = "if wanted: except it from this line with `where`";
  if (denial.verdict.otherwise) help = "if wanted: `" + wanted_rule(denial) + "`";
  if (denial.verdict.reason == Reason::Listening)
    help = "if wanted: bind it to what a `listen` line names, or add a line";
  if (is_foreign(denial)) help = "if wanted: add " + foreign_name(denial) + " to `architectures`";
  return help + "; " + consequence(denial, audit);
}

}  // namespace

std::string show_call(const Denial& denial) {
  const auto what = filter::known_call(denial.call);
  if (!what) return filter::show(denial.call);
  std::string text(calls::name_of(what->call));
  text += "(";
  const auto args = calls::args(what->call, what->arch);
  for (size_t i = 0; i < args.size(); ++i) {
    const auto value = filter::argument(denial.call, what->call, what->arch, i);
    if (i > 0) text += ", ";
    text += std::string(args[i].kernel_name) + ": ";
    const std::string number = value ? calls::show(*value, args[i], what->arch) : "in memory";
    text += show_arg(number, detail_of(denial, i), denial);
  }
  return text + ")";
}

std::string consequence(const Denial& denial, bool audit) {
  const std::string got = audit ? "the program would have got " : "the program got ";
  const std::string was = audit ? " would have been killed (SIGSYS)" : " was killed (SIGSYS)";
  const Action action = denial.verdict.action;
  if (action.is_deny()) {
    const auto arch = filter::arch_of(denial.call).value_or(calls::native());
    if (action.data() == 0) return got + "a pretended success";
    const auto name = calls::errno_name(action.data(), arch);
    return got + (name ? std::string(*name) : "errno " + std::to_string(action.data()));
  }
  if (action.kind() == Action::trap_) return got + "SIGSYS";
  if (action.kind() == Action::kill_thread_) return "the thread" + was;
  return "the program" + was;
}

std::string wanted_rule(const Denial& denial) {
  std::string rule = "allow " + name_of_call(denial.call);
  const auto what = filter::known_call(denial.call);
  if (!what) return rule;
  const auto args = calls::args(what->call, what->arch);
  // The argument that says what the call does: a family, a command, an option.
  for (size_t i = 0; i < args.size(); ++i) {
    if (args[i].kind != calls::ArgKind::Enum) continue;
    const auto value = filter::argument(denial.call, what->call, what->arch, i);
    if (!value) continue;
    return rule + " where " + std::string(args[i].kernel_name) +
           " == " + calls::show(*value, args[i], what->arch);
  }
  return rule;
}

Diagnostic diagnose(const Denial& denial, const Context& context) {
  Diagnostic diagnostic;
  diagnostic.severity = Severity::Denied;
  diagnostic.message = show_call(denial) + who(denial);
  diagnostic.span = denial.verdict.origin;
  diagnostic.label = label_of(denial, context.texts);
  // A label stands under a caret; without a line to show, it goes with the call.
  if (!diagnostic.span.known() && !diagnostic.label.empty())
    diagnostic.message += ": " + std::exchange(diagnostic.label, {});
  diagnostic.helps.push_back(help_of(denial, context.audit));
  return diagnostic;
}

}  // namespace seclude::evidence
