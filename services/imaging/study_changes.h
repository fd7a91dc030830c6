// Writing a changed study and telling the others.
#pragma once

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "common/store/transaction.h"
#include "services/imaging/study.h"

namespace tongjian::imaging {

inline constexpr char kStream[] = "imaging";

enum class News {
  kNow,   // Announced with this change.
  kSoon,  // Announced at most once in kNewsInterval; the timer tells what is left over.
};
inline constexpr absl::Duration kNewsInterval = absl::Seconds(1);

// Raises the version, writes the row and emits StudyChanged to the study's audience. Nothing that a
// study is searched by may have changed (search_store.h): the second form looks after that.
absl::Status SaveStudy(store::Transaction& tx, Study& study, News news);
// The same where `before` is how the row stands: when only counts and times differ from it, as
// with most instances of a study, only those are written.
absl::Status SaveStudy(store::Transaction& tx, const Study& before, Study& study, News news);

}  // namespace tongjian::imaging
