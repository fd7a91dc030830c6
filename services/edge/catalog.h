// The hub's exams and facilities as the gateway knows them: also while the link is cut.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "common/feed/mirror.h"
#include "tongjian/orders/v1/order.pb.h"
#include "tongjian/registry/v1/practitioner.pb.h"

namespace tongjian::edge {

class Link;

// Safe for concurrent use but for Start and Stop.
class Catalog {
 public:
  // `database` and `metrics` must outlive it.
  static absl::StatusOr<std::unique_ptr<Catalog>> Open(const Link& link, store::Database& database,
                                                       telemetry::Registry& metrics);

  void Start() { mirror_->Start(); }
  void Stop() { mirror_->Stop(); }

  // Fills in what the item's id or the facility's own code says and the caller left empty. The
  // item's discipline, where it is known.
  std::optional<common::v1::Discipline> Fill(const std::string& facility_id,
                                             orders::v1::OrderItem& item) const;
  // The facility's active device with this AE title.
  std::optional<registry::v1::Device> FindDevice(const std::string& facility_id,
                                                 const std::string& ae_title) const;
  // Empty where it is not known.
  std::string FacilityName(const std::string& facility_id) const;

 private:
  explicit Catalog(std::unique_ptr<feed::Mirror> mirror) : mirror_(std::move(mirror)) {}

  const std::unique_ptr<feed::Mirror> mirror_;
};

}  // namespace tongjian::edge
