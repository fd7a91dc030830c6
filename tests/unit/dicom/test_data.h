// Where the real files are: TONGJIAN_TEST_DATA, or ../shared/data beside the source tree.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

namespace tongjian::dicom {

inline std::filesystem::path TestData() {
  if (const char* path = std::getenv("TONGJIAN_TEST_DATA")) return path;
  return std::filesystem::path(__FILE__).parent_path() / "../../../../shared/data";
}

inline std::string ReadFile(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace tongjian::dicom

// Skips the running test where a fixture is not on this machine.
#define TJ_NEEDS(path)                                     \
  if (!std::filesystem::exists(path)) {                    \
    GTEST_SKIP() << "no test data at " << (path).string(); \
  }
