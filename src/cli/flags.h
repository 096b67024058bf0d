// Flags: every flag of every command, described once.
//
// In: nothing. Out: one constant per flag. A command (command.h) lists the flags it takes, so that
// a flag means the same everywhere. The parser (parse.cc), `--help`, the manual pages and the shell
// completions (help.cc) are all made from these rows; nothing about a flag is written elsewhere.
#pragma once

#include <string_view>

namespace seclude::cli {

// What a shell may offer after the flag.
enum class Completes { Nothing, Files, Folders, Profiles, Choices };

struct Flag {
  std::string_view name;        // "output": written --output
  char letter = 0;              // 'o': also written -o
  std::string_view value = {};  // "FILE"; empty: a switch. With Choices: "size|speed"
  std::string_view help = {};   // one sentence, no full stop
  bool repeats = false;         // may be given several times
  Completes completes = Completes::Nothing;
};

namespace flag {

// ---- the same on every command ------------------------------------------------------------------
inline constexpr Flag help{.name = "help", .letter = 'h', .help = "print this help and exit"};
inline constexpr Flag quiet{
    .name = "quiet", .letter = 'q', .help = "print nothing but the answer and errors"};
inline constexpr Flag verbose{.name = "verbose",
                              .letter = 'v',
                              .help = "say on standard error what is done and what it costs"};
inline constexpr Flag plain{.name = "plain",
                            .help = "one line per message (FILE:LINE:COLUMN: ...), and no colour"};

// ---- what goes in and out -----------------------------------------------------------------------
inline constexpr Flag json{.name = "json", .help = "print one JSON document on standard output"};
inline constexpr Flag output{.name = "output",
                             .letter = 'o',
                             .value = "FILE",
                             .help = "write there instead of to standard output (all or nothing)",
                             .completes = Completes::Files};
inline constexpr Flag policy{.name = "policy",
                             .letter = 'p',
                             .value = "FILE|PROFILE",
                             .help =
                                 "the policy: a file if it contains `/` or `.`, else a built-in "
                                 "profile; given several times, all are used together",
                             .repeats = true,
                             .completes = Completes::Profiles};
inline constexpr Flag set{.name = "set",
                          .value = "NAME=VALUE",
                          .help = "bind a parameter of the policy",
                          .repeats = true};
inline constexpr Flag arch{
    .name = "arch",
    .value = "A[,B]",
    .help = "for these architectures instead of the policy's own (`all`: every one known)"};

// ---- check, fmt ---------------------------------------------------------------------------------
inline constexpr Flag werror{.name = "werror", .help = "count warnings as errors"};
inline constexpr Flag fmt_check{
    .name = "check", .help = "change nothing; print the names of files whose layout would change"};

// ---- compile ------------------------------------------------------------------------------------
inline constexpr Flag to{
    .name = "to",
    .value = "bpf|asm",
    .help = "what to write: raw `struct sock_filter[]` (the default) or a listing",
    .completes = Completes::Choices};
inline constexpr Flag show{.name = "show",
                           .value = "policy|rules|diagram|bpf",
                           .help = "print the value after this pass instead of the filter",
                           .completes = Completes::Choices};
inline constexpr Flag optimise{.name = "optimise",
                               .value = "balanced|size|speed",
                               .help = "what the filter should be best at (default: balanced)",
                               .completes = Completes::Choices};
inline constexpr Flag weights{
    .name = "weights",
    .value = "FILE",
    .help = "how often each call is made, as lines of CALL<TAB>COUNT (default: built-in counts)",
    .completes = Completes::Files};
inline constexpr Flag kernel_before{
    .name = "kernel-before",
    .value = "5.11",
    .help = "for kernels older than this, which run the filter on every single call"};

// ---- eval ---------------------------------------------------------------------------------------
inline constexpr Flag batch{
    .name = "batch",
    .value = "FILE",
    .help =
        "evaluate every row of FILE (CALL<TAB>ARG...; `-`: standard input) and print each "
        "with its action in front",
    .completes = Completes::Files};

inline constexpr Flag phase{
    .name = "phase", .value = "NAME", .help = "ask this phase of the policy (default: the first)"};

// ---- diff, inspect ------------------------------------------------------------------------------
inline constexpr Flag only{.name = "only",
                           .value = "wider",
                           .help = "only what B lets in and A does not",
                           .completes = Completes::Choices};
inline constexpr Flag diff_to{.name = "to",
                              .value = "text|markdown",
                              .help = "how to write the differences (default: text)",
                              .completes = Completes::Choices};
inline constexpr Flag inspect_show{.name = "show",
                                   .value = "all|asm|policy|cost|oddities",
                                   .help = "only this part of the answer (default: all)",
                                   .completes = Completes::Choices};

// ---- run: the policy ----------------------------------------------------------------------------
inline constexpr Flag allow{.name = "allow",
                            .value = "CALLS",
                            .help = "add the statement `allow CALLS` to the policy",
                            .repeats = true};
inline constexpr Flag deny{.name = "deny",
                           .value = "CALLS",
                           .help = "add the statement `deny CALLS` to the policy",
                           .repeats = true};
inline constexpr Flag read{.name = "read",
                           .value = "PATH",
                           .help = "add the statement `read PATH`",
                           .repeats = true,
                           .completes = Completes::Files};
inline constexpr Flag write{.name = "write",
                            .value = "PATH",
                            .help = "add the statement `write PATH`",
                            .repeats = true,
                            .completes = Completes::Files};
inline constexpr Flag create{.name = "create",
                             .value = "PATH",
                             .help = "add the statement `create PATH`",
                             .repeats = true,
                             .completes = Completes::Files};
inline constexpr Flag run{.name = "run",
                          .value = "PATH",
                          .help = "add the statement `run PATH`",
                          .repeats = true,
                          .completes = Completes::Files};
inline constexpr Flag protect{.name = "protect",
                              .value = "PATH",
                              .help = "add the statement `protect PATH`",
                              .repeats = true,
                              .completes = Completes::Files};
inline constexpr Flag hide{.name = "hide",
                           .value = "PATH",
                           .help = "add the statement `hide PATH`",
                           .repeats = true,
                           .completes = Completes::Files};
inline constexpr Flag connect{.name = "connect",
                              .value = "END",
                              .help = "add the statement `connect END`, such as \"tcp HOST:PORT\"",
                              .repeats = true};
inline constexpr Flag listen{
    .name = "listen", .value = "END", .help = "add the statement `listen END`", .repeats = true};
inline constexpr Flag limit{
    .name = "limit",
    .value = "RESOURCE=QUANTITY",
    .help = "add the statement `limit RESOURCE QUANTITY`, such as memory=2G",
    .repeats = true};
inline constexpr Flag isolate{.name = "isolate",
                              .value = "THING",
                              .help = "add the statement `isolate THING`",
                              .repeats = true};
inline constexpr Flag environment{.name = "env",
                                  .value = "NAME[=VALUE]",
                                  .help =
                                      "add the statement `environment NAME`: the program sees "
                                      "only the variables listed so",
                                  .repeats = true};
inline constexpr Flag best_effort{
    .name = "best-effort",
    .help = "run although lines of the policy cannot be enforced; each is printed as a warning"};

// ---- run: the launch ----------------------------------------------------------------------------
inline constexpr Flag show_policy{.name = "show",
                                  .value = "policy",
                                  .help = "print the policy these flags amount to, and run nothing",
                                  .completes = Completes::Choices};
inline constexpr Flag plan{.name = "plan",
                           .help = "print the steps of the launch, and run nothing"};
inline constexpr Flag clear_environment{.name = "clearenv",
                                        .help = "start the program with an empty environment"};
inline constexpr Flag folder{.name = "chdir",
                             .value = "FOLDER",
                             .help = "start the program in this folder",
                             .completes = Completes::Folders};
inline constexpr Flag file_mask{.name = "umask",
                                .value = "MODE",
                                .help =
                                    "take these bits (octal, such as 077) from the modes of "
                                    "files the program makes"};
inline constexpr Flag host_name{
    .name = "hostname",
    .value = "NAME",
    .help = "the host name the program sees, in a namespace of its own"};
inline constexpr Flag standard_input{.name = "stdin",
                                     .value = "FILE",
                                     .help = "the program's standard input",
                                     .completes = Completes::Files};
inline constexpr Flag standard_output{.name = "stdout",
                                      .value = "FILE",
                                      .help = "the program's standard output (emptied first)",
                                      .completes = Completes::Files};
inline constexpr Flag standard_error{.name = "stderr",
                                     .value = "FILE",
                                     .help = "the program's standard error (emptied first)",
                                     .completes = Completes::Files};
inline constexpr Flag descriptor{.name = "fd",
                                 .value = "N",
                                 .help = "leave descriptor N open; all others from 3 on are closed",
                                 .repeats = true};
inline constexpr Flag no_explain{
    .name = "no-explain", .help = "start no helper process that explains what the policy refuses"};
inline constexpr Flag audit{
    .name = "audit",
    .help =
        "enforce nothing: let pass what the policy would refuse, and list it; the exit status is "
        "159 if there was anything"};
inline constexpr Flag report{.name = "report",
                             .value = "FILE",
                             .help = "write there, as JSON, how the program ended and what it used",
                             .completes = Completes::Files};

// ---- help ---------------------------------------------------------------------------------------
inline constexpr Flag man{.name = "man", .help = "as a manual page (roff)"};
inline constexpr Flag completion{.name = "completion",
                                 .value = "bash|zsh",
                                 .help = "print the completions for this shell",
                                 .completes = Completes::Choices};

}  // namespace flag
}  // namespace seclude::cli
