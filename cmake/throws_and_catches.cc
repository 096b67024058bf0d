// What CMake tries a way of linking with (static_program.cmake), together with the files the
// program has for it: 0 when exceptions, memory and text work.
#include <cstdio>
#include <cstring>
#include <map>
#include <stdexcept>
#include <string>

int main(int count, char** words) {
  std::map<std::string, int> counted;
  char line[32] = {};
  std::snprintf(line, static_cast<size_t>(count) + 20, "%d", count);
  explicit_bzero(line, static_cast<size_t>(count));
  std::fprintf(stderr, "%s", line + 31);
  for (int i = 0; i < count; i++) counted[words[i]] += 1;
  try {
    (void)std::stoi("x" + std::to_string(counted.size()));
  } catch (const std::invalid_argument&) {
    return 0;
  }
  return 1;
}
