// What a deed leaves in the audit trail.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <unordered_set>

#include "absl/status/status.h"
#include "common/base/clock.h"
#include "common/security/caller.h"

namespace tongjian::audit::v1 {
class AuditRecord;
}
namespace tongjian::store {
class Database;
class Transaction;
}  // namespace tongjian::store

namespace tongjian::rpc {

// Where records go that no transaction of the handler's took with it. Safe for concurrent use.
class AuditSink {
 public:
  virtual ~AuditSink() = default;
  // Durable on return. Whoever gets an error must not give out the data the record stands for.
  virtual absl::Status Append(const audit::v1::AuditRecord& record) = 0;
};

// Appends to the audit stream of a service's own database (the feed "<service>.audit"), many
// callers in one commit. `database` must outlive it.
class DatabaseAuditSink : public AuditSink {
 public:
  explicit DatabaseAuditSink(store::Database& database) : database_(database) {}
  absl::Status Append(const audit::v1::AuditRecord& record) override;

 private:
  store::Database& database_;
};

// Who did what from where: the part of a record that is known at the start.
struct Deed {
  enum class Source { kRpc, kDicom, kHttp, kInternal };
  Source source = Source::kRpc;
  std::string service;     // "orders"
  std::string method;      // "tongjian.orders.v1.OrderService/CreateOrder", "C-STORE"
  std::string request_id;  // As in the logs.
  std::string peer;        // Network address, or empty.
  security::Caller caller;
  std::string scope_reason;
};

// The trail of one deed. The handler says what it touches; for a change it writes the record in the
// same transaction; for the rest the door does so before it answers. Not safe for concurrent use;
// `clock` must outlive it.
//   call.trail().TouchPatient(order.patient_id);
//   call.trail().TouchObject(order.id);
//   return database_.Write([&](store::Transaction& tx) -> absl::Status {
//     TJ_TRY(orders_.Insert(tx, order));
//     return call.trail().WriteIn(tx);
//   });
class Trail {
 public:
  static constexpr int kTouchedMax = 1000;

  Trail(Deed deed, const base::Clock& clock);
  ~Trail();
  Trail(Trail&&) noexcept;

  // A master patient. The same twice is one; empty ids are passed over.
  void TouchPatient(std::string_view patient_id);
  // A patient as its facility numbers it: stored as a digest, beside the master patient where that
  // is known.
  void TouchFacilityPatient(std::string_view facility_id, std::string_view facility_patient_id,
                            std::string_view patient_id = {});
  // An order, study, task, report... by id.
  void TouchObject(std::string_view id);

  // The record of success becomes part of the transaction: both are durable or neither. May be
  // called again when the store runs the change again.
  absl::Status WriteIn(store::Transaction& tx);
  // Nothing was shown and nothing done (an empty page, one service moving events): a success leaves
  // no record. A refusal or failure still does.
  void Omit() { omitted_ = true; }

  // For who has no door (DICOM, HTTP, timers): appends the outcome unless WriteIn or Omit has
  // settled it.
  absl::Status Finish(AuditSink& sink, const absl::Status& outcome);

  // A stream: its data flow only after this; Finish then records the closing.
  absl::Status AppendOpening(AuditSink& sink);

  // The record as it stands, with this outcome.
  audit::v1::AuditRecord Record(const absl::Status& outcome) const;
  const Deed& deed() const { return deed_; }

 private:
  void Touch(std::string_view patient_id, std::string_view facility_id, const std::string& digest);

  Deed deed_;
  const base::Clock& clock_;
  std::unique_ptr<audit::v1::AuditRecord> record_;
  std::unordered_set<std::string> touched_;
  bool written_ = false;
  bool omitted_ = false;
};

}  // namespace tongjian::rpc
