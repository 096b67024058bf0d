// Policy: the typed model of one `.seclude` text, exactly as its author wrote it.
//
// In: the parser (parser.h) fills it; `use` is not yet followed, no name is looked up. Out: the
// printer (printer.h) writes it back without losing a comment; load.h gathers the texts it uses;
// filter/resolve.h turns it into rules for one architecture.
// Plain values throughout: every piece knows its Span, nothing points at anything else.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/source.h"

namespace seclude::policy {

// A word of the text: a call, a set (with its @), an argument, a profile, a constant.
struct Name {
  std::string text;
  Span span;
};

// ---- actions ------------------------------------------------------------------------------------

// Strictest first, which is also the kernel's own order of precedence (seccomp(2)).
enum class ActionWord : uint8_t { Kill, KillThread, Trap, Deny, Ask, Trace, Log, Allow };

// "deny with EPERM", "trace with 7", "deny with success" (name == "success").
struct Action {
  ActionWord word = ActionWord::Deny;
  std::optional<Name> with;  // ERRNO name, integer text, or "success"; as written
  Span span;                 // the action word and its `with`
};

// ---- calls --------------------------------------------------------------------------------------

// NAME, @NAME or nr:INT.
struct CallRef {
  enum class Kind : uint8_t { Call, Set, Number };
  Kind kind = Kind::Call;
  Name name;            // the text as written: "openat", "@clock", "nr:425"
  uint32_t number = 0;  // for Kind::Number
};
using Calls = std::vector<CallRef>;

// ---- values and predicates ----------------------------------------------------------------------

// value = term {"|" term}; a term is a number, a name, a $parameter or a parenthesised value,
// perhaps after ~ or -.
struct Value {
  struct Term {
    enum class Kind : uint8_t { Number, Name, Parameter, Group };
    enum class Prefix : uint8_t { None, Complement, Negative };
    Kind kind = Kind::Number;
    Prefix prefix = Prefix::None;
    std::string text;         // as written: "0x10", "O_RDONLY", "work" (without the $)
    uint64_t number = 0;      // for Kind::Number
    std::vector<Term> group;  // for Kind::Group
    Span span;
  };
  std::vector<Term> terms;  // or-ed together; never empty
  Span span;
};

// One value, or the inclusive range low..high.
struct Item {
  Value low;
  std::optional<Value> high;
};

enum class Operator : uint8_t {
  Equal, NotEqual, Less, LessEqual, Greater, GreaterEqual,
  In, NotIn,                              // items
  Has, HasAll, HasAny, Lacks, Within,     // value
};

// ARG [ "&" mask ] op (value | items)
struct Test {
  Name arg;
  std::optional<Value> mask;
  Operator op = Operator::Equal;
  Span op_span;
  Value value;              // every operator but In and NotIn
  std::vector<Item> items;  // In and NotIn
  Span span;
};

// A tree; And and Or have two or more children, Not and Parentheses one.
struct Pred {
  enum class Kind : uint8_t { Test, And, Or, Not, Parentheses };
  Kind kind = Kind::Test;
  Test test;                   // for Kind::Test
  std::vector<Pred> children;  // for the others
  Span span;
};

// ---- paths and ends -----------------------------------------------------------------------------

// What the text between the commas says; meaning is given by policy/paths.h.
struct PathPattern {
  // Without the final "?"; "$NAME" and "~" not yet replaced. Quotes only keep blanks and commas
  // together: `*` and a leading `$` or `~` mean the same inside them, and a backslash makes the
  // character after it stand for itself.
  std::string text;
  bool optional = false;  // ended in "?": may be missing
  bool quoted = false;    // was written as "..."
  Span span;
};

enum class PathVerb : uint8_t { Read, Write, Create, Run, Protect, Hide };
enum class NetVerb : uint8_t { Connect, Listen };

// ("tcp"|"udp") host ":" port   |   "unix" (path | "@"NAME)
struct End {
  enum class Protocol : uint8_t { Tcp, Udp, Unix };
  Protocol protocol = Protocol::Tcp;
  std::string host;  // HOST, "*.HOST", address, CIDR, "*" (brackets of IPv6 removed); unix: path or @NAME
  std::string port;  // "443", "8000..8080", "$port", "*"; empty for unix
  Span span;
};

// ---- statements ---------------------------------------------------------------------------------

// A comment line or an empty line between statements, or a comment inside one.
struct Comment {
  std::string text;  // from "#" to the end of the line, without trailing blanks; empty: a blank line
  Span span;
};

struct Statement;
using Block = std::vector<Statement>;

struct Version { uint32_t number = 1; Span number_span; };                 // seclude 1
struct Title { Name name; };                                               // policy NAME
enum class ParameterType : uint8_t { Path, Host, Port, Number, String };
struct Parameter {                                                         // parameter n : number = 3
  Name name;
  ParameterType type = ParameterType::String;
  std::optional<std::variant<Value, std::string>> value;  // the default: a value, or a quoted string
  Span value_span;
};
struct Use { std::vector<Name> refs; Calls without; };                     // use a, ./b.seclude without c
struct Architectures { std::vector<Name> names; };
struct Kernel { uint32_t major = 6, minor = 12; Span version_span; };      // kernel 6.1
struct SetDefinition { Name name; Calls calls; Calls without; };           // set @x = a, b without c
struct Let { Name name; Value value; };
struct Otherwise { Action action; Calls calls; };                          // calls empty: the general one
struct Rule { Action action; Calls calls; std::optional<Pred> where; };
struct Paths { PathVerb verb = PathVerb::Read; std::vector<PathPattern> patterns; };
struct Network { NetVerb verb = NetVerb::Connect; std::vector<End> ends; };
struct ResolveHosts { std::vector<Name> hosts; };
struct Environment {
  struct Variable { Name name; std::optional<std::string> value; };
  std::vector<Variable> variables;
};
struct Limit { Name resource; std::string quantity; Span quantity_span; }; // limit memory 8G
struct Isolate { std::vector<Name> things; };
// `tail`: comments and blank lines between the last statement and the brace.
struct Phase { Name name; Block body; std::vector<Comment> tail = {}; };
struct OnArchitectures { std::vector<Name> names; Block body; std::vector<Comment> tail = {}; };
struct Expect {
  std::optional<ActionWord> verdict;                 // nullopt: "refused"
  Span verdict_span;
  std::variant<Rule, Paths, Network> subject;        // Rule: calls and where only; its action is unused
  std::optional<Name> on;
  std::optional<Name> during;
};

struct Statement {
  std::variant<Version, Title, Parameter, Use, Architectures, Kernel, SetDefinition, Let, Otherwise,
               Rule, Paths, Network, ResolveHosts, Environment, Limit, Isolate, Phase,
               OnArchitectures, Expect>
      body;
  Span span;     // first to last token, `because` included
  Span keyword;  // the words that carry the meaning: "otherwise deny with EPERM", "expect refused mmap"
  std::optional<std::string> because;  // the string's value, escapes resolved
  std::vector<Comment> before;         // comment and blank lines above it
  std::vector<Comment> inside;         // comments between its first and last token (of a block: its head)
  std::optional<Comment> after;        // on the line of its last token
};

// One text.
struct Policy {
  Block statements;
  std::vector<Comment> tail;        // after the last statement
  uint32_t source = Span::nowhere;  // index into the SourceMap
};

}  // namespace seclude::policy
