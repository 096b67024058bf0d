// What CMake tries a way of linking with (static_program.cmake), together with the files the program
// has for it: 0 when exceptions, memory and text work.
#include <map>
#include <stdexcept>
#include <string>

int main(int count, char** words) {
  std::map<std::string, int> counted;
  for (int i = 0; i < count; i++) counted[words[i]] += 1;
  try {
    (void)std::stoi("x" + std::to_string(counted.size()));
  } catch (const std::invalid_argument&) {
    return 0;
  }
  return 1;
}
