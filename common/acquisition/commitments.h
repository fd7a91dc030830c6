// Storage commitment as a service (push model): asked by devices, answered by what is safe.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "common/acquisition/commitment_store.h"
#include "common/acquisition/senders.h"
#include "common/base/id.h"
#include "common/dicom/scu.h"
#include "common/dicom/service.h"
#include "common/store/database.h"
#include "common/store/delivery.h"
#include "common/store/delivery_worker.h"

namespace tongjian::acquisition {

struct CommitmentOptions {
  // Of reports: a try that fails is repeated so; after the last one a person must look.
  store::RetryPolicy retry = {.first = absl::Seconds(2),
                              .longest = absl::Minutes(5),
                              .attempts_max = 2000};
  std::string retrieve_ae_title;  // Where what is committed can be had; empty: not said.
  absl::Duration response_timeout = absl::Seconds(30);
};

// A request is answered with success once its row is durable. Its instances are judged then, and the
// device is told: at once on the association it asked on while that waits, else on one to its
// registered address, tried until it has heard, through restarts. Requests of one device are
// reported in their order; one that is away delays no other. Safe for concurrent use but for Start
// and Stop; what it is given must outlive it.
class Commitments final : public dicom::NormalizedHandler {
 public:
  // A verdict for each of the commitment's references, in their order. An error is no verdict: it is
  // asked again later.
  using Judge =
      std::function<absl::StatusOr<std::vector<dicom::CommitmentVerdict>>(const Commitment&)>;
  // Where the device of a commitment accepts associations. FAILED_PRECONDITION where nobody has said.
  using Locate = std::function<absl::StatusOr<dicom::Destination>(const Commitment&)>;

  Commitments(Senders& senders, store::Database& database, base::Ids& ids,
              CommitmentOptions options, Judge judge, Locate locate);
  ~Commitments() override;  // Stops.

  void Start();
  void Stop();

  absl::StatusOr<dicom::NormalizedReply> Handle(const dicom::AssociationInfo& info,
                                                const dicom::NormalizedRequest& request) override;
  void Answered(const dicom::AssociationInfo& info, const dicom::NormalizedRequest& request,
                dicom::EventChannel& events) override;

  // Judges and tells once more what failed or was told. NOT_FOUND; FAILED_PRECONDITION while it is
  // on its way.
  absl::Status Replay(store::Transaction& tx, const std::string& id);
  // Forgets what was told before `before`.
  absl::Status Trim(absl::Time before);

 private:
  absl::StatusOr<Commitment> Accept(const dicom::AssociationInfo& info,
                                    const dicom::NormalizedRequest& request);
  absl::Status Queue(store::Transaction& tx, const Commitment& commitment);
  absl::Status Deliver(const store::Delivery& delivery);
  absl::Status Decide(Commitment& commitment);
  absl::Status Call(const Commitment& commitment);
  absl::Status Save(const Commitment& commitment);
  // Whether an association's thread has it in hand.
  bool InHand(const std::string& id);

  Senders& senders_;
  store::Database& database_;
  base::Ids& ids_;
  const CommitmentOptions options_;
  const Judge judge_;
  const Locate locate_;
  store::Deliveries deliveries_;
  std::unique_ptr<store::DeliveryWorker> worker_;
  std::mutex mutex_;
  std::map<std::string, absl::Duration> in_hand_;  // Until when, by the clock's elapsed time.
};

}  // namespace tongjian::acquisition
