// Folder: a temporary directory for one test, removed with everything in it.
#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include <string>

#include "base/result.h"

namespace seclude::test {

class Folder {
 public:
  Folder() : path_(testing::TempDir() + "seclude-test-XXXXXX") {
    CHECK(::mkdtemp(path_.data()) != nullptr);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder() {
    if (::system(("rm -rf '" + path_ + "'").c_str()) != 0) ADD_FAILURE() << path_ << " stays";
  }
  const std::string& path() const { return path_; }
  std::string file(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

}  // namespace seclude::test
