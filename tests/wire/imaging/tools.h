// DCMTK's tools as processes, and files.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace tongjian::imaging {

struct ToolResult {
  int exit_code = -1;
  std::string output;
};

bool HasTool(const std::string& name);
// Runs `argv` to its end, without a shell, with TCP_NODELAY=1.
ToolResult RunTool(const std::vector<std::string>& argv);

// Runs until destroyed.
class BackgroundTool {
 public:
  explicit BackgroundTool(const std::vector<std::string>& argv);
  ~BackgroundTool();

 private:
  int pid_ = 0;
};

uint16_t FreePort();
// Until something listens there.
bool AwaitPort(uint16_t port);

std::string ReadWhole(const std::filesystem::path& path);
// What follows the meta header of a file.
std::string DatasetOf(const std::string& file);
// TONGJIAN_TEST_DATA/dicom, or ../shared/data/dicom beside the source tree.
std::filesystem::path DicomTestData();

}  // namespace tongjian::imaging
