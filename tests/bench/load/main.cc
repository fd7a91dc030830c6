#include <algorithm>
#include <cstdio>

#include "tests/bench/load/load.h"

namespace tongjian::bench {

std::string Get(const Arguments& arguments, const std::string& name) {
  const auto found = arguments.find(name);
  if (found != arguments.end()) return found->second;
  std::fprintf(stderr, "bench_load: --%s is missing\n", name.c_str());
  std::exit(2);
}

double GetNumber(const Arguments& arguments, const std::string& name) {
  return std::stod(Get(arguments, name));
}

double Quantile(std::vector<double>& values, double share) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  const auto at = static_cast<size_t>(share * static_cast<double>(values.size()));
  return values[std::min(at, values.size() - 1)];
}

}  // namespace tongjian::bench

int main(int argc, char** argv) {
  using tongjian::bench::Arguments;
  const std::string what = argc > 1 ? argv[1] : "";
  Arguments arguments;
  for (int i = 2; i + 1 < argc; i += 2) {
    const std::string name = argv[i];
    if (!name.starts_with("--")) return 2;
    arguments.emplace(name.substr(2), argv[i + 1]);
  }
  if (what == "echo") return tongjian::bench::RunEcho(arguments);
  if (what == "orders") return tongjian::bench::RunOrders(arguments);
  if (what == "worklist") return tongjian::bench::RunWorklist(arguments);
  std::fprintf(stderr, "usage: bench_load echo|orders|worklist --name value ... (load.h)\n");
  return 2;
}
