// C++ after sealing: exceptions, streams, containers, sorting. argv[1]: the filter's file.
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <iostream>
#include <iterator>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  std::string bytes;
  {
    std::ifstream file(argv[1], std::ios::binary);
    bytes.assign(std::istreambuf_iterator<char>(file), {});
  }
  sock_fprog program{static_cast<unsigned short>(bytes.size() / sizeof(sock_filter)),
                     reinterpret_cast<sock_filter*>(bytes.data())};
  if (bytes.empty() || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return 2;
  if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0) return 2;

  std::vector<std::string> words;
  for (int i = 0; i < 100000; ++i) words.push_back(std::to_string(i * 7919 % 100003));
  std::sort(words.begin(), words.end());
  std::map<std::string, int> lengths;
  for (const std::string& word : words) lengths[word] = static_cast<int>(word.size());
  int caught = 0;
  for (int i = 0; i < 10; ++i) {
    try {
      throw std::runtime_error(words.at(words.size() + 1));
    } catch (const std::out_of_range&) {
      ++caught;
    }
  }
  std::cout << "sealed c++ ok " << caught << ' ' << lengths.size() << std::endl;
}
