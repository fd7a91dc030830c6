// The one way into the archive, for every sender.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/base/id.h"
#include "common/blob/store.h"
#include "common/store/database.h"
#include "services/imaging/completeness.h"
#include "services/imaging/evidence.h"
#include "services/imaging/matcher.h"
#include "services/imaging/study.h"

namespace tongjian::telemetry {
class Registry;
class Counter;
}  // namespace tongjian::telemetry

namespace tongjian::imaging {

// One object whose bytes are durable, and what is known of its sender.
struct Arrival {
  const dicom::Header* header = nullptr;  // Scanned, and passed dicom::CheckStorable.
  blob::Receipt receipt;
  std::string dataset_digest;  // Empty: read when another object has the same UID.
  std::string facility_id;  // Where it was recorded, by the sender's identity.
  std::string device_id;
  std::string device_ae_title;
  absl::Time receipt_time;  // When gateway or hub received it.
  int64_t offset_ms = 0;
  bool clock_implausible = false;  // The gateway found the device's clock so.
  int64_t priority = 0;
};

// What became of it.
struct Stored {
  StoreOutcome outcome = StoreOutcome::kStored;
  std::string sop_instance_uid;
  std::string study_id;
  std::string patient_id;
  PatientWords patient;
};

struct IngestOptions {
  absl::Duration quiet_time = absl::Seconds(60);
  absl::Duration step_quiet_time = absl::Minutes(15);  // While a device says the exam goes on.
  TimeRules time;

  QuietRules Quiet() const { return {quiet_time, step_quiet_time}; }
};

// Writes the rows that find a durable object. Safe for concurrent use; everything it is given must
// outlive it.
class Ingest {
 public:
  // What else belongs into the transaction of an arrival: the trail, the sender's receipt. May run
  // more than once.
  using Also = std::function<absl::Status(store::Transaction&, const Stored&)>;

  Ingest(store::Database& database, blob::Store& blobs, base::Ids& ids, const Matcher& matcher,
         IngestOptions options, telemetry::Registry& metrics);

  // In one transaction: finds or makes study and series, adds the instance, matches, announces. On
  // OK the object and the rows are durable. An object that is there with the same content is a
  // duplicate: its second copy is removed, unless the first, which is read for that, turns out to
  // be damaged; then the second takes its place; one with other content is kept beside the first as a
  // conflict. A study of the same UID for another patient becomes a study of its own, flagged, and
  // so does one from another facility. On failure the object is left to the sweeper: the outcome of
  // a commit may be unknown.
  absl::StatusOr<Stored> Store(const Arrival& arrival, const Also& also = nullptr);

  // Puts an object that was kept aside in the place of the instance it contradicts, in the caller's
  // transaction. The instance that was there is returned: its object is to be kept.
  absl::StatusOr<Instance> Replace(store::Transaction& tx, const Arrival& arrival);

  const IngestOptions& options() const { return options_; }

 private:
  struct Draft;
  absl::Status Write(store::Transaction& tx, const Arrival& arrival, Draft& draft);
  absl::StatusOr<bool> MeetExisting(store::Transaction& tx, const Arrival& arrival, Draft& draft);
  absl::StatusOr<Study> FindOrMakeStudy(store::Transaction& tx, const Arrival& arrival,
                                        const Draft& draft, bool* made);
  absl::Status AddTo(store::Transaction& tx, const Arrival& arrival, Study& study, bool made,
                     Draft& draft);
  Draft DraftOf(const Arrival& arrival) const;
  absl::Status ReadDigests(Draft& draft);
  absl::Status VerifyKept(Draft& draft);
  void Clear(const Draft& draft, const std::string& locator);
  void Count(const Stored& stored, int64_t bytes);

  store::Database& database_;
  blob::Store& blobs_;
  base::Ids& ids_;
  const Matcher& matcher_;
  const IngestOptions options_;
  telemetry::Counter& stored_;
  telemetry::Counter& duplicates_;
  telemetry::Counter& conflicts_;
  telemetry::Counter& healed_;
  telemetry::Counter& bytes_;
};

}  // namespace tongjian::imaging
