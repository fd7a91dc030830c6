// An archive without its wire: real database, real blobs, a clock that moves only when told to.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "common/base/clock.h"
#include "common/base/id.h"
#include "common/blob/store.h"
#include "common/dicom/dataset.h"
#include "common/security/scope.h"
#include "common/store/database.h"
#include "common/telemetry/metrics.h"
#include "services/imaging/conflict_store.h"
#include "services/imaging/desk.h"
#include "services/imaging/ingest.h"
#include "services/imaging/matcher.h"
#include "services/imaging/places.h"
#include "services/imaging/study_store.h"
#include "tongjian/events/v1/events.pb.h"
#include "tongjian/orders/v1/order.pb.h"

namespace tongjian::imaging {

MATCHER(IsOk, "") {
  *result_listener << arg.ToString();
  return arg.ok();
}
MATCHER_P(HasCode, code, "") {
  *result_listener << arg.ToString();
  return arg.code() == code;
}

// What a test's object says. Text is written in `charset`.
struct ObjectSpec {
  std::string study = "1.2.826.0.1";
  std::string series = "1.2.826.0.1.1";
  std::string sop = "1.2.826.0.1.1.1";
  std::string patient_id = "P1";
  std::string patient_name = "WANG^XIAODONG=王^小东";
  std::string birth_date = "19800101";
  std::string accession;
  std::string modality = "DX";
  std::string date = "20260105";
  std::string time = "083000";
  std::string charset = "ISO_IR 192";
  std::string pixels = std::string(1000, 'x');
  std::string source_ae = "DR1";  // In the meta header alone.
  int number = 1;
  dicom::Dataset more = {};  // Beside and over the above.
};

// A Part 10 file, explicit little endian.
std::string MakeObject(const ObjectSpec& spec);

// A folder that goes with its owner.
class Folder {
 public:
  Folder();
  ~Folder();
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

struct Archive {
  // `url`: empty for SQLite in a folder of its own. The rest: of the blob store.
  explicit Archive(const std::string& url = "", const base::Clock* other_clock = nullptr,
                   int64_t packed_bytes_max = 0, int64_t reserve_bytes = 0);

  absl::StatusOr<Stored> Put(const ObjectSpec& spec, const std::string& facility = "f1",
                             int64_t priority = 0);
  absl::StatusOr<Stored> PutBytes(const std::string& bytes, const std::string& facility = "f1",
                                  int64_t priority = 0);
  // The studies that anybody has, newest first.
  std::vector<Study> Studies(const StudyFilter& filter = {},
                             const security::Scope& scope = security::Scope::Service());
  Study Get(const std::string& id);
  std::vector<Instance> Instances(const Study& study);
  std::vector<Conflict> Conflicts(bool decided = false);
  std::vector<HistoryEntry> History(const std::string& study_id);
  // The StudyChanged announced since the last call.
  std::vector<v1::Study> News();
  // The same, waiting for the first: PostgreSQL's sequencer gives positions a little after the
  // commit.
  std::vector<v1::Study> AwaitNews();
  std::string Content(const std::string& locator);
  // Flips a bit of the stored content, behind everybody's back.
  void Damage(const std::string& locator);
  // What reading everything again finds.
  std::vector<std::string> Damaged();
  int64_t CountObjects();
  absl::Status Write(const std::function<absl::Status(store::Transaction&)>& change) {
    return database->Write(change);
  }
  // As the feed "orders" would say it.
  absl::Status Announce(const orders::v1::Order& order);
  // As the feed "registry" would say it.
  absl::Status AnnounceRegistry(const std::string& key, const google::protobuf::Message& changed);
  absl::Status AnnouncePatient(const std::string& patient_id, const std::string& number,
                               const std::string& name, const std::string& birth_date);

  Folder folder;
  base::ManualClock manual{absl::FromUnixSeconds(1'767'600'000)};  // 2026-01-05 08:00 UTC.
  const base::Clock& clock;
  base::Ids ids{"test", clock};
  telemetry::Registry metrics;
  std::unique_ptr<store::Database> database;
  std::unique_ptr<blob::Store> blobs;
  Places places;
  Matcher matcher{places};
  std::unique_ptr<Ingest> ingest;
  std::unique_ptr<Desk> desk;
  std::string cursor;
};

// An order of facility f1 with one item.
orders::v1::Order MakeOrder(const std::string& id, const std::string& accession,
                            int64_t version = 1);

}  // namespace tongjian::imaging
