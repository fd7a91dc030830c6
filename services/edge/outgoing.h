// What the clinic has done and the hub must learn: orders, cancels, performed steps, acknowledgements.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "common/security/caller.h"
#include "common/store/delivery.h"
#include "common/store/delivery_worker.h"

namespace google::protobuf {
class Message;
}

namespace tongjian::edge {

class Link;

// Kinds of deliveries.
inline constexpr char kCreateDelivery[] = "create";
inline constexpr char kCancelDelivery[] = "cancel";
inline constexpr char kAcknowledgeDelivery[] = "acknowledge";
inline constexpr char kStepDelivery[] = "performed-step";

// Durable deliveries to the hub, in order for each order or result, under the request ids that the
// clinic gave: the hub sees each once. Safe for concurrent use; what it is given must outlive it.
class Outgoing {
 public:
  Outgoing(store::Database& database, Link& link);
  ~Outgoing();  // Stops.

  // Called after the hub has taken an order: its images may follow. Set once, before Start.
  void OnOrderTaken(std::function<void()> notice) { order_taken_ = std::move(notice); }
  void Start();
  void Stop();
  void Wake();

  // `subject`: the order or result whose deliveries follow one another. Keeps the caller as the one
  // for whom the gateway asks.
  absl::Status Create(store::Transaction& tx, const security::Caller& caller,
                      const std::string& subject, const google::protobuf::Message& request);
  absl::Status Cancel(store::Transaction& tx, const security::Caller& caller,
                      const std::string& subject, const google::protobuf::Message& request);
  absl::Status Acknowledge(store::Transaction& tx, const security::Caller& caller,
                           const std::string& subject, const google::protobuf::Message& request);
  absl::Status PutStep(store::Transaction& tx, const security::Caller& caller,
                       const std::string& subject, const google::protobuf::Message& request);

  // What the hub has been told, oldest first, after the delivery `after`.
  absl::StatusOr<store::DeliveryPage> Delivered(int64_t after, int64_t limit);
  // Whether a cancel of this order was told to the hub or is on its way.
  absl::StatusOr<bool> HasCancel(const std::string& subject);
  // Tells the hub again, before whatever waits for the same subject.
  absl::Status Repeat(store::Transaction& tx, int64_t delivery_id);

  // What the hub refused for good: how many.
  absl::StatusOr<int64_t> CountRefused();
  // Forgets what was delivered before `before`.
  absl::Status Trim(absl::Time before);

 private:
  absl::Status Enqueue(store::Transaction& tx, const security::Caller& caller,
                       std::string_view kind, const std::string& subject,
                       const google::protobuf::Message& request);
  absl::Status Deliver(const store::Delivery& delivery);
  absl::Status DeliverCreate(const std::string& subject, const security::Caller* behalf,
                             const std::string& bytes);
  absl::Status DeliverCancel(const std::string& subject, const security::Caller* behalf,
                             const std::string& bytes);
  absl::Status DeliverStep(const std::string& bytes);
  absl::Status DeliverAcknowledgement(const security::Caller* behalf, const std::string& bytes);

  store::Database& database_;
  Link& link_;
  store::Deliveries deliveries_;
  std::function<void()> order_taken_;
  std::unique_ptr<store::DeliveryWorker> worker_;
};

}  // namespace tongjian::edge
