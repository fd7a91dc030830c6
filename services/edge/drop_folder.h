// Results as files, for a HIS that reads a folder.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>

#include "common/store/delivery.h"
#include "common/store/delivery_worker.h"
#include "tongjian/exchange/v1/result.pb.h"

namespace tongjian::edge {

// What a person reads: what it is, a critical finding at once, patient, exams, findings, impression,
// signatures.
std::string ResultText(const exchange::v1::Result& result,
                       const exchange::v1::ResultVersion& version);
// "<result id>-v<number>": ids only, nothing that could be a path.
std::string DropName(const exchange::v1::Result& result,
                     const exchange::v1::ResultVersion& version);

// Writes each new version, preliminary ones too, as <name>.json (the whole result) and <name>.txt
// into the folder: complete or not at all, the text first. Once both are durable it acknowledges
// the version as delivered. Where a result is withheld since, its files go and <result id>-withheld.txt
// says so, until it comes whole again. A full or missing folder is tried again. Safe for concurrent use;
// `database` must outlive it.
class DropFolder {
 public:
  // Keeps an acknowledgement for the hub. It may come twice, with the same request id.
  using Acknowledge = std::function<absl::Status(store::Transaction&,
                                                 const exchange::v1::AcknowledgeResultRequest&)>;

  // Without a folder it does nothing.
  DropFolder(store::Database& database, std::string folder, Acknowledge acknowledge);
  ~DropFolder();

  void Start();
  void Stop();
  // In the transaction that keeps the result.
  absl::Status Offer(store::Transaction& tx, const exchange::v1::Result& result);
  absl::Status Trim(absl::Time before);

  // Looks whether the folder is there and may be written. Cheap.
  void Look();
  // Why results cannot be written, in words; empty while they can, or when there is no folder.
  std::string fault() const;

 private:
  absl::Status Deliver(const store::Delivery& delivery);
  absl::Status Withhold(const exchange::v1::Result& until);
  absl::StatusOr<bool> WithheldSince(const std::string& id);
  absl::Status AcknowledgeWritten(const exchange::v1::Result& result);
  void NoteWritten(bool written);

  store::Database& database_;
  const std::string folder_;
  const Acknowledge acknowledge_;
  store::Deliveries deliveries_;
  mutable std::mutex mutex_;
  std::string seen_fault_;     // By looking.
  bool write_failed_ = false;  // The last time, a full disk for example.
  std::unique_ptr<store::DeliveryWorker> worker_;  // Last: it uses the others.
};

}  // namespace tongjian::edge
