#include "services/tongjian/report.h"

#include <cstdio>
#include <string>

#include "services/tongjian/printable.h"

namespace tongjian::program {

int Report(std::string_view command, const absl::Status& status) {
  if (status.ok()) return 0;
  std::fprintf(stderr, "%s: %s\n", std::string(command).c_str(),
               Printable({status.message().data(), status.message().size()}).c_str());
  return absl::IsInvalidArgument(status) ? 2 : 1;
}

int Print(std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
  return 0;
}

}  // namespace tongjian::program
