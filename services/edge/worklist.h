// The clinic's modality worklist, from the gateway's own orders: it needs no link.
#pragma once

#include "absl/time/time.h"
#include "common/base/clock.h"
#include "common/dicom/service.h"
#include "common/dicom/worklist_item.h"
#include "common/rpc/trail.h"
#include "common/store/database.h"
#include "services/edge/order_store.h"

namespace tongjian::edge {

class Catalog;
class Devices;

struct WorklistOptions {
  int responses_max = 1000;
  absl::Duration age_max = absl::Hours(24 * 30);  // Of orders still open.
  absl::TimeZone zone = absl::FixedTimeZone(8 * 3600);
  std::string charset = "ISO_IR 192";  // Of answers.
};

// One exam of one order as a device reads it.
dicom::WorklistItem WorklistItemOf(const orders::v1::Order& order,
                                   const orders::v1::OrderItem& item, absl::Time now,
                                   absl::TimeZone zone, const std::string& ae_title);

// Safe for concurrent use; what it is given must outlive it.
class Worklist final : public dicom::FindHandler {
 public:
  Worklist(store::Database& database, const Catalog& catalog, const Devices& devices,
           rpc::AuditSink& audit, const base::Clock& clock, WorklistOptions options)
      : database_(database),
        catalog_(catalog),
        devices_(devices),
        audit_(audit),
        clock_(clock),
        options_(std::move(options)) {}

  absl::Status Find(const dicom::AssociationInfo& info, const dicom::FindRequest& request,
                    dicom::FindResponder& responder) override;

 private:
  struct Entry {
    const ClinicOrder* clinic;
    dicom::WorklistItem item;
  };
  absl::Status AddEntries(store::Session& session, const ClinicOrder& clinic,
                          const std::string& ae_title, std::vector<Entry>& entries) const;
  absl::StatusOr<std::vector<dicom::Dataset>> Collect(const dicom::AssociationInfo& info,
                                                      const dicom::Dataset& query,
                                                      rpc::Trail& trail);

  store::Database& database_;
  const Catalog& catalog_;
  const Devices& devices_;
  rpc::AuditSink& audit_;
  const base::Clock& clock_;
  const WorklistOptions options_;
};

}  // namespace tongjian::edge
