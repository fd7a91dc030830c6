#include "services/edge/progress.h"

#include <algorithm>

namespace tongjian::edge {

void Progress::Sending(const std::string& id) {
  const std::lock_guard lock(mutex_);
  uploads_[id].sending = true;
}

void Progress::Committed(const std::string& id, int64_t bytes) {
  const std::lock_guard lock(mutex_);
  const auto upload = uploads_.find(id);
  if (upload == uploads_.end()) return;
  upload->second.committed = std::max(upload->second.committed, bytes);
}

void Progress::Paused(const std::string& id) {
  const std::lock_guard lock(mutex_);
  const auto upload = uploads_.find(id);
  if (upload == uploads_.end()) return;
  upload->second.sending = false;
  if (upload->second.committed == 0) uploads_.erase(upload);
}

void Progress::Over(const std::string& id) {
  const std::lock_guard lock(mutex_);
  uploads_.erase(id);
}

Progress::Upload Progress::Find(const std::string& id) const {
  const std::lock_guard lock(mutex_);
  const auto upload = uploads_.find(id);
  return upload == uploads_.end() ? Upload() : upload->second;
}

Progress::Totals Progress::Sum() const {
  const std::lock_guard lock(mutex_);
  Totals totals;
  for (const auto& [id, upload] : uploads_) {
    totals.sending += upload.sending ? 1 : 0;
    totals.committed += upload.committed;
  }
  return totals;
}

}  // namespace tongjian::edge
