// Policy wire: see policy_wire.h. One list of each value's fields serves both ways.
#include "policy/policy_wire.h"

#include <type_traits>
#include <utility>

#include "base/wire.h"

namespace seclude::policy {
namespace {

// Where a value stands in its text, and whether it is what is written there.
struct Place {
  enum class Kind : uint32_t { Nowhere, There, Like };
  Kind kind = Kind::Nowhere;
  uint32_t begin = 0, end = 0;
};

class Out {
 public:
  explicit Out(std::string_view text) : text_(text) {}
  std::string bytes() { return std::move(to_.bytes); }

  void number(const auto& value) { to_.number(value); }
  void text(const std::string& value) { to_.text(value); }
  void span(const Span& span) { to_.number(place_of(span)); }
  // What is written at its place is not written once more.
  void word(const std::string& value, const Span& at) {
    Place place = place_of(at);
    const bool like = at.known() && text_.substr(at.begin, at.end - at.begin) == value;
    if (like) place.kind = Place::Kind::Like;
    to_.number(place);
    if (!like) to_.text(value);
  }
  void list(const auto& values, auto each) { to_.list(values, each); }
  void optional(const auto& value, auto each) {
    to_.number(value.has_value());
    if (value) each(*value);
  }
  void variant(const auto& value, auto each) {
    to_.number(static_cast<uint8_t>(value.index()));
    std::visit(each, value);
  }

 private:
  static Place place_of(const Span& span) {
    if (!span.known()) return {};
    return {Place::Kind::There, span.begin, span.end};
  }
  std::string_view text_;
  wire::Writer to_;
};

class In {
 public:
  In(std::string_view bytes, uint32_t source, std::string_view text)
      : source_(source), text_(text), from_{bytes} {}
  bool done() const { return from_.done(); }

  void number(auto& value) { from_.number(value); }
  void text(std::string& value) { from_.text(value); }
  void span(Span& span) { span = span_at(place()); }
  void word(std::string& value, Span& at) {
    const Place found = place();
    at = span_at(found);
    if (found.kind != Place::Kind::Like) return from_.text(value);
    value = std::string(text_.data() + found.begin, found.end - found.begin);
  }
  void list(auto& values, auto each) { from_.list(values, each); }
  void optional(auto& value, auto each) {
    uint8_t there = 0;
    from_.number(there);
    if (from_.good && there != 0) each(value.emplace());
  }
  template <typename... Ts>
  void variant(std::variant<Ts...>& value, auto each) {
    uint8_t index = 0;
    from_.number(index);
    from_.good = from_.good && index < sizeof...(Ts);
    if (from_.good) enter(value, index, each, std::index_sequence_for<Ts...>());
  }

 private:
  // Within the text, or nowhere.
  Place place() {
    Place found;
    from_.number(found);
    from_.good = from_.good && found.begin <= found.end && found.end <= text_.size();
    return from_.good ? found : Place{};
  }
  Span span_at(const Place& place) const {
    if (place.kind == Place::Kind::Nowhere) return {};
    return {source_, place.begin, place.end};
  }
  template <typename Variant, size_t... is>
  static void enter(Variant& value, size_t index, auto each, std::index_sequence<is...>) {
    ((index == is ? each(value.template emplace<is>()) : void()), ...);
  }

  uint32_t source_;
  std::string_view text_;
  wire::Reader from_;
};

template <typename Way, typename Value>
void walk(Way& way, Value& value);

template <typename Way>
void walk_each(Way& way, auto&... fields) {
  (walk(way, fields), ...);
}

// Names all fields: one that is missing does not compile.
#define SECLUDE_FIELDS(Type, ...)                           \
  template <typename Way, typename Value>                   \
  requires std::is_same_v<std::remove_const_t<Value>, Type> \
  void fields(Way& way, Value& value) {                     \
    auto& [__VA_ARGS__] = value;                            \
    walk_each(way, __VA_ARGS__);                            \
  }
SECLUDE_FIELDS(Action, word, with, span)
SECLUDE_FIELDS(CallRef, kind, name, number)
SECLUDE_FIELDS(policy::Value::Term, kind, prefix, text, number, group, span)
SECLUDE_FIELDS(policy::Value, terms, span)
SECLUDE_FIELDS(Item, low, high)
SECLUDE_FIELDS(Test, arg, mask, op, op_span, tested, items, span)
SECLUDE_FIELDS(Pred, kind, test, children, span)
SECLUDE_FIELDS(PathPattern, text, optional, quoted, span)
SECLUDE_FIELDS(End, protocol, host, port, span)
SECLUDE_FIELDS(Version, number, number_span)
SECLUDE_FIELDS(Title, name)
SECLUDE_FIELDS(Parameter, name, type, default_value, value_span)
SECLUDE_FIELDS(Use, refs, without)
SECLUDE_FIELDS(Architectures, names)
SECLUDE_FIELDS(Kernel, major, minor, version_span)
SECLUDE_FIELDS(SetDefinition, name, calls, without)
SECLUDE_FIELDS(Let, name, bound)
SECLUDE_FIELDS(Otherwise, action, calls)
SECLUDE_FIELDS(Rule, action, calls, where)
SECLUDE_FIELDS(Paths, verb, patterns)
SECLUDE_FIELDS(Network, verb, ends)
SECLUDE_FIELDS(ResolveHosts, hosts)
SECLUDE_FIELDS(Environment::Variable, name, set_to)
SECLUDE_FIELDS(Environment, variables)
SECLUDE_FIELDS(Limit, resource, quantity, quantity_span)
SECLUDE_FIELDS(Isolate, things)
SECLUDE_FIELDS(Phase, name, body, tail)
SECLUDE_FIELDS(OnArchitectures, names, body, tail)
SECLUDE_FIELDS(Expect, verdict, verdict_span, subject, on, during)
SECLUDE_FIELDS(Statement, body, span, keyword, because, before, inside, after)
#undef SECLUDE_FIELDS

template <typename T>
constexpr bool is_list = false;
template <typename T>
constexpr bool is_list<std::vector<T>> = true;
template <typename T>
constexpr bool is_optional = false;
template <typename T>
constexpr bool is_optional<std::optional<T>> = true;
template <typename T>
constexpr bool is_variant = false;
template <typename... Ts>
constexpr bool is_variant<std::variant<Ts...>> = true;

template <typename Way, typename Value>
void walk(Way& way, Value& value) {
  using T = std::remove_const_t<Value>;
  const auto each = [&way](auto& one) { walk(way, one); };
  if constexpr (std::is_arithmetic_v<T> || std::is_enum_v<T>)
    way.number(value);
  else if constexpr (std::is_same_v<T, std::string>)
    way.text(value);
  else if constexpr (std::is_same_v<T, Span>)
    way.span(value);
  else if constexpr (std::is_same_v<T, Name> || std::is_same_v<T, Comment>)
    way.word(value.text, value.span);
  else if constexpr (is_list<T>)
    way.list(value, each);
  else if constexpr (is_optional<T>)
    way.optional(value, each);
  else if constexpr (is_variant<T>)
    way.variant(value, each);
  else
    fields(way, value);
}

}  // namespace

std::string to_wire(const Policy& policy, std::string_view text) {
  Out out(text);
  walk_each(out, policy.statements, policy.tail);
  return out.bytes();
}

std::optional<Policy> from_wire(std::string_view bytes, uint32_t source, std::string_view text) {
  In in(bytes, source, text);
  Policy policy;
  policy.source = source;
  walk_each(in, policy.statements, policy.tail);
  if (!in.done()) return std::nullopt;
  return policy;
}

}  // namespace seclude::policy
