// Objects between device and hub: safe here before the device hears success, gone once the hub has
// them.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/base/id.h"
#include "common/blob/store.h"
#include "common/store/database.h"

namespace tongjian::edge {

// The hub refuses what failed; what is damaged cannot be read here any more.
enum class SpoolState { kWaiting = 0, kFailed = 1, kDone = 2, kDamaged = 3 };

inline constexpr char kDamagedHere[] = "damaged here: send it again from the device";

// What is known of an object when it has come.
struct Received {
  std::string sop_instance_uid;
  std::string study_instance_uid;
  std::string accession_number;
  std::string facility_id;
  std::string device_ae_title;
  std::string device_address;
  bool urgent_device = false;  // Urgent unless an order says otherwise.
  std::optional<absl::Time> device_time;
  absl::Time receipt_time;
  bool implausible = false;
};

// One object on its way.
struct SpoolObject {
  std::string id;  // Also the upload's id at the hub.
  int64_t sequence = 0;
  std::string sop_instance_uid;
  std::string study_instance_uid;
  std::string digest;
  int64_t size = 0;
  std::string locator;
  std::string facility_id;
  std::string device_ae_title;
  std::string device_address;
  std::optional<absl::Time> device_time;
  absl::Time receipt_time;
  int64_t offset_ms = 0;
  bool implausible = false;
  int priority = 0;  // tongjian.common.v1.Priority.
  SpoolState state = SpoolState::kWaiting;
  int64_t attempts = 0;
  std::string last_error;
};

struct SpoolTotals {
  int64_t waiting = 0;
  int64_t bytes = 0;
  int64_t failed = 0;
  int64_t damaged = 0;
  absl::Time oldest;  // InfiniteFuture when nothing waits.
};

// A study that can be reported as whole.
struct FinishedStudy {
  std::string study_instance_uid;
  std::string facility_id;
  int64_t instances = 0;
};

// Up to when studies must have been quiet to be reported.
// `stepping`: a study of which a device said after it that the exam goes on is not quiet.
struct QuietSince {
  absl::Time routine;
  absl::Time urgent;  // Those with an urgent object.
  absl::Time stepping = absl::InfiniteFuture();
};

// No pause between two tries is longer: one that would be was made before the clock was set back.
inline constexpr absl::Duration kPauseLongest = absl::Minutes(10);

// Urgent objects go by a connection of their own.
enum class Lane { kRoutine, kUrgent };

// Safe for concurrent use; what it is given must outlive it.
class Spool {
 public:
  Spool(store::Database& database, blob::Store& blobs, base::Ids& ids)
      : database_(database), blobs_(blobs), ids_(ids) {}

  // Asked by Next; set once, before use.
  void OrdersFirst(std::function<bool()> orders_first) { orders_first_ = std::move(orders_first); }

  // Called after anything that gives an upload something to do; set once, before use.
  void OnWork(std::function<void()> notice) { notice_ = std::move(notice); }

  // Keeps an object whose bytes are durable as `receipt`; durable on return. The same SOP instance
  // with the same digest that waits already, whole when it is read again, is one: its new bytes are
  // removed. Where it waits damaged, failed, or was done, it takes the new bytes and waits (again).
  // With another digest it is another object, and the hub decides. `also` runs in the same
  // transaction.
  using Also = std::function<absl::Status(store::Transaction&)>;
  absl::Status Keep(const Received& received, const blob::Receipt& receipt, const Also& also);

  // What waits in a lane and is due, the most urgent and then the oldest first, without those that
  // `taken` names and, while `orders_first` says so, those of an order that the hub does not have
  // yet; at most `limit`.
  absl::StatusOr<std::vector<SpoolObject>> Next(Lane lane, absl::Time now, int64_t limit,
                                                const std::function<bool(const std::string&)>& taken);
  // The hub has them durably: rows first, then bytes.
  absl::Status Done(const std::vector<SpoolObject>& objects);
  // The try failed; again after `pause`.
  absl::Status Postpone(const std::string& id, std::string_view error, absl::Duration pause);
  // The hub refuses it for good; its bytes stay for a person.
  absl::Status Fail(const std::string& id, std::string_view error);
  // Its bytes cannot be read: the device must send it again. Nothing where another copy has come.
  absl::Status Damaged(const SpoolObject& object);
  // Failed and damaged objects wait again (all when `id` is empty): how many.
  absl::StatusOr<int64_t> Retry(store::Transaction& tx, const std::string& id);
  // Everything that was postponed is due now: the link is back.
  absl::Status DueNow();

  // All that is not done, or what failed or is damaged, by sequence, after `after`.
  absl::StatusOr<std::vector<SpoolObject>> List(bool failed, int64_t after, int64_t limit);
  absl::StatusOr<SpoolTotals> Totals();

  // The technician's "done". NOT_FOUND for a study nobody sent. How many instances it has.
  // What is known of an instance that came through here: a copy that waits before one that is done.
  absl::StatusOr<std::optional<SpoolObject>> Latest(store::Session& session,
                                                    const std::string& sop_instance_uid);
  // Whether an instance came through here, and is remembered.
  absl::StatusOr<bool> Knows(store::Session& session, const std::string& sop_instance_uid);
  absl::StatusOr<int64_t> AskToFinish(store::Transaction& tx, const std::string& study_uid);
  // Studies to report: all at the hub, and asked for or quiet.
  absl::StatusOr<std::vector<FinishedStudy>> Finishable(const QuietSince& quiet, int64_t limit);
  absl::Status Reported(const FinishedStudy& study);

  // Forgets what was done before `before`, and removes bytes that no row names.
  absl::Status Trim(absl::Time before);

 private:
  static absl::StatusOr<std::optional<SpoolObject>> Find(store::Session& session,
                                                         const Received& received,
                                                         const std::string& digest);
  // The locator of the same content where it waits and does not verify; else empty.
  absl::StatusOr<std::string> DamagedCopy(const Received& received, const std::string& digest);
  // `useless`: the locator of the copy that no row names after it, if any.
  absl::Status Insert(store::Transaction& tx, const Received& received,
                      const blob::Receipt& receipt, const std::string& damaged,
                      std::string* useless);
  void Notify() const;

  store::Database& database_;
  blob::Store& blobs_;
  base::Ids& ids_;
  std::function<void()> notice_;
  std::function<bool()> orders_first_;
};

}  // namespace tongjian::edge
