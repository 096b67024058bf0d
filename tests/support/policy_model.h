// Policy model: the typed model as text, without places, so that two models can be compared.
//
// In: a Policy. Out: every word the model holds, in order, with the structure around it. Comments
// are listed apart: layout may move them to another line of their statement, but may not lose one.
#pragma once

#include <algorithm>
#include <string>
#include <type_traits>
#include <variant>
#include <vector>

#include "policy/policy.h"

namespace seclude::test {

class ModelText {
 public:
  static std::string of(const policy::Policy& policy) {
    ModelText text;
    text.block(policy.statements);
    return text.out_;
  }

  // All comments, sorted.
  static std::vector<std::string> comments_of(const policy::Policy& policy) {
    std::vector<std::string> found;
    gather(policy.statements, policy.tail, found);
    std::sort(found.begin(), found.end());
    return found;
  }

 private:
  void word(std::string_view text) { out_ += "<" + std::string(text) + ">"; }
  template <typename Number>
  void number(Number value) {
    out_ += std::to_string(static_cast<unsigned long long>(value)) + " ";
  }
  void name(const policy::Name& name) { word(name.text); }
  template <typename List, typename Each>
  void list(const List& elements, Each each) {
    out_ += "[";
    for (const auto& element : elements) each(element);
    out_ += "]";
  }
  void names(const std::vector<policy::Name>& names) {
    list(names, [&](const policy::Name& one) { name(one); });
  }
  void calls(const policy::Calls& calls) {
    list(calls, [&](const policy::CallRef& call) {
      number(call.kind);
      number(call.number);
      name(call.name);
    });
  }
  void terms(const std::vector<policy::Value::Term>& all) {
    list(all, [&](const policy::Value::Term& term) {
      number(term.kind);
      number(term.prefix);
      number(term.number);
      word(term.text);
      terms(term.group);
    });
  }
  void value(const policy::Value& value) { terms(value.terms); }
  void action(const policy::Action& action) {
    number(action.word);
    if (action.with) name(*action.with);
  }
  void pred(const policy::Pred& pred) {
    number(pred.kind);
    if (pred.kind == policy::Pred::Kind::Test) {
      name(pred.test.arg);
      number(pred.test.op);
      if (pred.test.mask) value(*pred.test.mask);
      value(pred.test.value);
      list(pred.test.items, [&](const policy::Item& item) {
        value(item.low);
        out_ += "..";
        if (item.high) value(*item.high);
      });
    }
    list(pred.children, [&](const policy::Pred& child) { this->pred(child); });
  }

  void body(const policy::Version& version) { number(version.number); }
  void body(const policy::Title& title) { name(title.name); }
  void body(const policy::Parameter& parameter) {
    name(parameter.name);
    number(parameter.type);
    if (!parameter.value) return;
    if (const auto* text = std::get_if<std::string>(&*parameter.value))
      word(*text);
    else
      value(std::get<policy::Value>(*parameter.value));
  }
  void body(const policy::Use& use) {
    names(use.refs);
    calls(use.without);
  }
  void body(const policy::Architectures& architectures) { names(architectures.names); }
  void body(const policy::Kernel& kernel) {
    number(kernel.major);
    number(kernel.minor);
  }
  void body(const policy::SetDefinition& set) {
    name(set.name);
    calls(set.calls);
    calls(set.without);
  }
  void body(const policy::Let& let) {
    name(let.name);
    value(let.value);
  }
  void body(const policy::Otherwise& otherwise) {
    action(otherwise.action);
    calls(otherwise.calls);
  }
  void body(const policy::Rule& rule) {
    action(rule.action);
    calls(rule.calls);
    if (rule.where) pred(*rule.where);
  }
  void body(const policy::Paths& paths) {
    number(paths.verb);
    list(paths.patterns, [&](const policy::PathPattern& pattern) {
      word(pattern.text);
      number(pattern.optional);
      number(pattern.quoted);
    });
  }
  void body(const policy::Network& network) {
    number(network.verb);
    list(network.ends, [&](const policy::End& end) {
      number(end.protocol);
      word(end.host);
      word(end.port);
    });
  }
  void body(const policy::ResolveHosts& resolve) { names(resolve.hosts); }
  void body(const policy::Environment& environment) {
    list(environment.variables, [&](const policy::Environment::Variable& variable) {
      name(variable.name);
      if (variable.value) out_ += "=" + *variable.value;
    });
  }
  void body(const policy::Limit& limit) {
    name(limit.resource);
    word(limit.quantity);
  }
  void body(const policy::Isolate& isolate) { names(isolate.things); }
  void body(const policy::Phase& phase) {
    name(phase.name);
    block(phase.body);
  }
  void body(const policy::OnArchitectures& on) {
    names(on.names);
    block(on.body);
  }
  void body(const policy::Expect& expect) {
    if (expect.verdict) number(*expect.verdict);
    std::visit([&](const auto& subject) { body(subject); }, expect.subject);
    if (expect.on) name(*expect.on);
    out_ += "during";
    if (expect.during) name(*expect.during);
  }

  void block(const policy::Block& statements) {
    out_ += "{";
    for (const policy::Statement& statement : statements) {
      out_ += "\n";
      number(statement.body.index());
      std::visit([&](const auto& one) { body(one); }, statement.body);
      if (statement.because) out_ += "because" + *statement.because;
    }
    out_ += "}";
  }

  static void gather(const std::vector<policy::Comment>& comments,
                     std::vector<std::string>& found) {
    for (const policy::Comment& comment : comments)
      if (!comment.text.empty()) found.push_back(comment.text);
  }
  static void gather(const policy::Block& statements, const std::vector<policy::Comment>& tail,
                     std::vector<std::string>& found) {
    for (const policy::Statement& statement : statements) {
      gather(statement.before, found);
      gather(statement.inside, found);
      if (statement.after) found.push_back(statement.after->text);
      if (const auto* phase = std::get_if<policy::Phase>(&statement.body))
        gather(phase->body, phase->tail, found);
      if (const auto* on = std::get_if<policy::OnArchitectures>(&statement.body))
        gather(on->body, on->tail, found);
    }
    gather(tail, found);
  }

  std::string out_;
};

}  // namespace seclude::test
