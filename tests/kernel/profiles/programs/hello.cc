// Starts, throws and catches, prints, ends. With an argument it ends by an uncaught exception.
#include <iostream>
#include <stdexcept>
#include <string>

int main(int argc, char**) {
  try {
    throw std::runtime_error("hello");
  } catch (const std::exception& error) {
    std::cout << error.what() << ' ' << 1.5 << std::endl;
  }
  if (argc > 1) throw std::runtime_error("uncaught");
}
