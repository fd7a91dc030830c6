// Who looked at which study over DICOMweb: one record of the trail, not one for each of a thousand
// slices.
#pragma once

#include <list>
#include <map>
#include <mutex>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "common/rpc/call.h"
#include "services/imaging/study.h"

namespace tongjian::imaging {

// Safe for concurrent use.
class WebViews {
 public:
  // Before the first byte of a study's goes out. The record of this caller, from this address,
  // asking this kind of question about this study is durable when it returns; where one was written
  // within ten minutes before, it stands for this call too.
  absl::Status Record(rpc::Call& call, const Study& study);

 private:
  static constexpr size_t kKeptMax = 20'000;

  bool Covered(const std::string& key, absl::Duration now);
  void Keep(const std::string& key, absl::Duration now);

  std::mutex mutex_;
  std::list<std::string> order_;  // The oldest first.
  struct View {
    absl::Duration since;
    std::list<std::string>::iterator place;
  };
  std::map<std::string, View> views_;
};

}  // namespace tongjian::imaging
