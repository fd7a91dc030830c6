// A real trail in SQLite with real signed heads, and what somebody does who has the file in hand.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/clock.h"
#include "common/security/signature.h"
#include "common/store/database.h"
#include "services/audit/heads.h"
#include "services/audit/trail_store.h"
#include "services/audit/verify.h"

namespace tongjian::audit {

// The record of a deed; each number gives another.
std::string RecordOf(int number);

class TrailRig {
 public:
  TrailRig();
  ~TrailRig();

  // Records `from` to `to` in order.
  void Append(int from, int to);
  // Plain SQL on the file, behind the service's back.
  void Tamper(const std::string& sql);
  Verification Check(const std::vector<Head>& known = {});
  // The database, closed and opened again, as when the files below it were exchanged meanwhile.
  void Close();
  void Open();

  static bool Has(const Verification& found, std::string_view kind, int64_t sequence);

  std::string file() const { return directory_ + "/audit.db"; }
  std::string heads_file() const { return directory_ + "/heads.log"; }

  const std::string directory_;
  base::ManualClock clock_;
  std::unique_ptr<store::Database> database_;
  std::unique_ptr<TrailStore> store_;
  std::unique_ptr<security::Signer> signer_;
  std::unique_ptr<Heads> heads_;
};

}  // namespace tongjian::audit
