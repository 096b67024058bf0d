// A submission to a judge: reads numbers, prints their sum and the median. With an argument it cheats
// in the way the argument says.
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <iostream>
#include <string>
#include <vector>

int main(int argc, char** argv) {
  std::string cheat = argc > 1 ? argv[1] : "";
  if (cheat == "fork" && fork() < 0) return 9;
  if (cheat == "exec") execl("/bin/sh", "sh", "-c", "exit 9", nullptr);
  if (cheat == "socket") return socket(AF_INET, SOCK_STREAM, 0) < 0 ? 9 : 8;
  if (cheat == "write") std::ofstream("cheat.txt") << "stolen";
  std::ios::sync_with_stdio(false);
  std::vector<long> numbers;
  for (long number; std::cin >> number;) numbers.push_back(number);
  std::sort(numbers.begin(), numbers.end());
  long sum = 0;
  for (long number : numbers) sum += number;
  std::cout << sum << ' ' << numbers[numbers.size() / 2] << '\n';
}
