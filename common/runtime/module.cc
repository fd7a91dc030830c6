#include "common/runtime/module.h"

#include <algorithm>
#include <map>

#include "absl/strings/str_cat.h"
#include "common/base/status.h"

namespace tongjian::runtime {
namespace {

// Orders entries by depth-first search; `visiting` finds circles.
class Sorter {
 public:
  Sorter(const std::vector<ModuleEntry>& table, const std::vector<std::string>& names)
      : table_(table), names_(names) {}

  absl::Status Add(const ModuleEntry& entry) {
    State& state = states_[entry.name];
    if (state == State::kDone) return absl::OkStatus();
    if (state == State::kVisiting) {
      return absl::InvalidArgumentError(absl::StrCat("module ", entry.name, " needs itself"));
    }
    state = State::kVisiting;
    for (const std::string& need : entry.needs) {
      const auto found = Find(need);
      if (found == table_.end()) {
        return absl::InvalidArgumentError(
            absl::StrCat("module ", entry.name, " needs the unknown module ", need));
      }
      if (Asked(need)) TJ_TRY(Add(*found));
    }
    states_[entry.name] = State::kDone;
    sorted_.push_back(entry);
    return absl::OkStatus();
  }

  std::vector<ModuleEntry>::const_iterator Find(const std::string& name) const {
    return std::find_if(table_.begin(), table_.end(),
                        [&](const ModuleEntry& entry) { return entry.name == name; });
  }
  bool Asked(const std::string& name) const {
    return names_.empty() || std::find(names_.begin(), names_.end(), name) != names_.end();
  }
  std::vector<ModuleEntry> sorted() && { return std::move(sorted_); }

 private:
  enum class State { kNew, kVisiting, kDone };
  const std::vector<ModuleEntry>& table_;
  const std::vector<std::string>& names_;
  std::map<std::string, State> states_;
  std::vector<ModuleEntry> sorted_;
};

std::string NamesOf(const std::vector<ModuleEntry>& table) {
  std::string names;
  for (const ModuleEntry& entry : table)
    absl::StrAppend(&names, names.empty() ? "" : ", ", entry.name);
  return names;
}

}  // namespace

absl::StatusOr<std::vector<ModuleEntry>> InOrder(const std::vector<ModuleEntry>& table,
                                                 const std::vector<std::string>& names) {
  Sorter sorter(table, names);
  for (const std::string& name : names) {
    if (sorter.Find(name) == table.end()) {
      return absl::InvalidArgumentError(
          absl::StrCat("services: there is no module \"", name, "\", only ", NamesOf(table)));
    }
  }
  for (const ModuleEntry& entry : table) {
    if (sorter.Asked(entry.name)) TJ_TRY(sorter.Add(entry));
  }
  return std::move(sorter).sorted();
}

}  // namespace tongjian::runtime
