// The grammar of paths, network ends, hosts and `use` references; see cursor.h.
//
// In: a cursor before the raw word. Out: the piece of the model, or false and a diagnostic. Only
// the shape is looked at here; what the text means, and whether it can mean anything, is the
// business of paths.h, ends.h and validate.h.
#include <algorithm>

#include "base/text.h"
#include "policy/cursor.h"

namespace seclude::policy {

namespace {

// `#` after a blank starts a comment; directly after a word it could be meant either way.
bool check_raw_end(Cursor& cursor, const Token& token, std::string_view what) {
  char c = cursor.lexer().adjacent();
  if (c != '#' && c != '"' && c != '{') return true;
  Span where = {cursor.lexer().source(), token.end, token.end + 1};
  std::string shown = c == '"' ? "a quote" : std::string("`") + c + "`";
  return cursor.fail(where, shown + " directly after " + std::string(what), {},
                     c == '#' ? "put a blank before a comment, or the whole path in quotes"
                              : "put the whole of it in quotes");
}

bool quoted_path(Cursor& cursor, PathPattern& pattern) {
  Token token = cursor.take();
  Decoded decoded = decode_string(cursor.text(token), true);
  if (decoded.bad_escape) {
    uint32_t place = token.begin + *decoded.bad_escape;
    return cursor.fail({cursor.lexer().source(), place, place + 2}, "unknown escape in a path", {},
                       "a backslash stands before one of `\"\\*$~`, or `n`, `t`, `xNN` (not x00)");
  }
  pattern.text = std::move(decoded.value);
  pattern.quoted = true;
  pattern.span = cursor.span(token);
  char c = cursor.lexer().adjacent();
  if (c != '/' && c != '?') return true;
  Token suffix = cursor.take_raw();
  pattern.span.end = suffix.end;
  std::string_view rest = cursor.text(suffix);
  if (rest.ends_with('?')) {
    pattern.optional = true;
    rest.remove_suffix(1);
  }
  if (!rest.empty() && rest != "/**") {
    return cursor.fail(cursor.span(suffix), "only `/**` and `?` may follow a quoted path", {},
                       "put the whole path in quotes");
  }
  pattern.text += rest;
  return check_raw_end(cursor, suffix, "a path");
}

}  // namespace

bool parse_path(Cursor& cursor, PathPattern& pattern) {
  if (cursor.at(TokenKind::String)) return quoted_path(cursor, pattern);
  char first = cursor.lexer().following();
  if (first != '/' && first != '~' && first != '$') {
    return cursor.expected("a path",
                           "a path starts with `/`, `~/` or a parameter such as `$work`; "
                           "one with blanks or commas stands in quotes");
  }
  Token token = cursor.take_raw();
  if (!check_raw_end(cursor, token, "a path")) return false;
  std::string_view text = cursor.text(token);
  pattern.span = cursor.span(token);
  if (text.ends_with('?')) {
    pattern.optional = true;
    text.remove_suffix(1);
  }
  size_t odd = text.find_first_of("?\\");
  if (odd != std::string_view::npos) {
    uint32_t place = token.begin + static_cast<uint32_t>(odd);
    return cursor.fail({cursor.lexer().source(), place, place + 1},
                       std::string("`") + text[odd] + "` inside a path", {},
                       text[odd] == '?' ? "`?` stands at the end: the path may be missing; a name "
                                          "that holds one is written in quotes"
                                        : "a name that holds one is written in quotes, doubled");
  }
  pattern.text = text;
  return true;
}

namespace {

bool unix_end(Cursor& cursor, End& end) {
  if (cursor.lexer().following() == '@') {
    Token token = cursor.take_raw();
    end.host = cursor.text(token);
    return check_raw_end(cursor, token, "a socket name");
  }
  PathPattern pattern;
  if (!parse_path(cursor, pattern)) return false;
  if (pattern.optional) {
    return cursor.fail(pattern.span, "`?` after the path of a socket", {},
                       "leave it out: a socket may always be missing");
  }
  end.host = std::move(pattern.text);
  return true;
}

// "[::1]:80", "[2001:db8::]/32:443", "host:443" -> host and port.
bool split_end(Cursor& cursor, const Token& token, End& end) {
  std::string_view text = cursor.text(token);
  size_t colon = text.rfind(':');
  size_t close = text.starts_with('[') ? text.find(']') : std::string_view::npos;
  bool bracketed = close != std::string_view::npos;
  if (colon == std::string_view::npos || (bracketed && colon < close)) {
    return cursor.fail(cursor.span(token), "`" + escape(text, 80) + "` has no port", {},
                       "write HOST:PORT, or HOST:* for every port");
  }
  std::string_view host = text.substr(0, colon);
  if (!bracketed && host.find(':') != std::string_view::npos) {
    return cursor.fail(
        cursor.span(token), "an IPv6 address without brackets", {},
        "write `[" + escape(host, 80) + "]:" + escape(text.substr(colon + 1), 20) + "`");
  }
  std::string_view prefix = bracketed ? host.substr(close + 1) : std::string_view();
  bool fits = prefix.empty() || (prefix[0] == '/' && prefix.size() > 1 &&
                                 prefix.find_first_not_of("0123456789", 1) == prefix.npos);
  if (!fits || (bracketed && host.find('[', 1) < close)) {
    return cursor.fail(cursor.span(token), "`" + escape(text, 80) + "` is no end", {},
                       "write `[ADDRESS]:PORT` or `[ADDRESS]/PREFIX:PORT`");
  }
  if (bracketed) end.host = host.substr(1, close - 1);
  end.host += bracketed ? prefix : host;
  end.port = text.substr(colon + 1);
  return true;
}

}  // namespace

bool parse_end(Cursor& cursor, End& end) {
  uint32_t begin = cursor.peek().begin;
  std::string_view word = cursor.text(cursor.peek());
  if (!cursor.at(TokenKind::Word) || (word != "tcp" && word != "udp" && word != "unix")) {
    return cursor.expected("`tcp`, `udp` or `unix`",
                           "an end is written `tcp HOST:PORT`, `udp HOST:PORT`, `unix /PATH` or "
                           "`unix @NAME`");
  }
  cursor.take();
  end.protocol = word == "tcp"   ? End::Protocol::Tcp
                 : word == "udp" ? End::Protocol::Udp
                                 : End::Protocol::Unix;
  if (end.protocol == End::Protocol::Unix) {
    if (!unix_end(cursor, end)) return false;
  } else {
    char first = cursor.lexer().following();
    if (first == '\0' || first == ',' || first == '"' || first == '{' || first == '}')
      return cursor.expected("HOST:PORT");
    Token token = cursor.take_raw();
    if (!check_raw_end(cursor, token, "an end") || !split_end(cursor, token, end)) return false;
  }
  end.span = cursor.since(begin);
  return true;
}

bool parse_host(Cursor& cursor, Name& host) {
  char first = cursor.lexer().following();
  if (first == '\0' || first == ',' || first == '"' || first == '{' || first == '}')
    return cursor.expected("the name of a host");
  Token token = cursor.take_raw();
  host = cursor.name(token);
  return check_raw_end(cursor, token, "a host");
}

bool parse_reference(Cursor& cursor, Name& reference) {
  char first = cursor.lexer().following();
  if (first == '"') {
    reference.span = cursor.span(cursor.peek());
    if (!cursor.take_string(reference.text, "a profile or a file")) return false;
  } else {
    bool word = cursor.at(TokenKind::Word) && is_joining_word(cursor.text(cursor.peek()));
    if (first == '\0' || first == ',' || first == '{' || first == '}' || word)
      return cursor.expected("a profile, or a file with a `/` in its name");
    Token token = cursor.take_raw();
    reference = cursor.name(token);
    if (!check_raw_end(cursor, token, "a file name")) return false;
  }
  std::string_view text = reference.text;
  if (text.find('/') != std::string_view::npos) return true;
  bool plain = !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_';
  });
  if (plain) return true;
  return cursor.fail(reference.span, "`" + escape(text, 60) + "` is no name of a profile", {},
                     "a file needs a `/` in its name: write `./" + escape(text, 60) + "`");
}

}  // namespace seclude::policy
