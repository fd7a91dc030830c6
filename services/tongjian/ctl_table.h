// The friendly commands of `tongjian ctl`, as data.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace tongjian::program {

// "tasks claim ID" calls `method` with the positional words in `arguments` set to these fields. A
// list is shown as a table of `columns`; a single message as text.
struct CtlEntry {
  std::string words;                   // "tasks claim"
  std::string method;                  // "TaskService/ClaimTask"
  std::vector<std::string> arguments;  // Field paths of the positional words, in order.
  std::string list;  // The response's repeated field to show as a table; empty: text.
  std::vector<std::string> columns;
  std::vector<std::pair<std::string, std::string>> presets = {};  // Fields that are always set so.
};

const std::vector<CtlEntry>& CtlEntries();

}  // namespace tongjian::program
