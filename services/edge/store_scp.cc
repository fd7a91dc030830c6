#include "services/edge/store_scp.h"

#include <utility>

#include "common/base/status.h"
#include "common/dicom/tag.h"

namespace tongjian::edge {
namespace {

constexpr size_t kAccessionMax = 64;

class Sink final : public dicom::StoreSink {
 public:
  Sink(Devices& devices, Spool& spool, const ClockRules& rules, const base::Clock& clock,
       dicom::AssociationInfo info, std::unique_ptr<blob::Writer> writer)
      : devices_(devices),
        spool_(spool),
        rules_(rules),
        clock_(clock),
        info_(std::move(info)),
        receipt_time_(clock.Now()),
        writer_(std::move(writer)) {}

  absl::Status Append(std::string_view bytes) override { return writer_->Append(bytes); }

  absl::Status Finish(const dicom::Header& header) override {
    TJ_ASSIGN_OR_RETURN(const blob::Receipt receipt, writer_->Commit());
    writer_.reset();
    Received received = {.sop_instance_uid = header.Text(dicom::tags::kSopInstanceUid),
                         .study_instance_uid = header.Text(dicom::tags::kStudyInstanceUid),
                         .accession_number = header.Text(dicom::tags::kAccessionNumber),
                         .facility_id = devices_.FacilityOf(info_.calling_ae),
                         .device_ae_title = info_.calling_ae,
                         .device_address = info_.peer_address,
                         .urgent_device = devices_.IsUrgent(info_.calling_ae),
                         .device_time = DeviceTimeOf(header, rules_),
                         .receipt_time = receipt_time_};
    if (received.accession_number.size() > kAccessionMax) received.accession_number.clear();
    received.implausible = Implausible(received.device_time, receipt_time_, rules_);
    rpc::Trail trail(devices_.DeedOf(info_, "C-STORE"), clock_);
    trail.TouchObject(received.study_instance_uid);
    trail.TouchFacilityPatient(received.facility_id, header.Text(dicom::tags::kPatientId));
    const bool first = devices_.FirstOf(info_.id, received.study_instance_uid);
    return spool_.Keep(received, receipt, [&](store::Transaction& tx) {
      return first ? trail.WriteIn(tx) : absl::OkStatus();
    });
  }

  void Abandon() override { writer_.reset(); }

 private:
  Devices& devices_;
  Spool& spool_;
  const ClockRules& rules_;
  const base::Clock& clock_;
  const dicom::AssociationInfo info_;
  const absl::Time receipt_time_;
  std::unique_ptr<blob::Writer> writer_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<dicom::StoreSink>> StoreScp::Begin(
    const dicom::AssociationInfo& info, const dicom::StoreRequest&) {
  TJ_ASSIGN_OR_RETURN(std::unique_ptr<blob::Writer> writer, blobs_.Create());
  return std::make_unique<Sink>(devices_, spool_, rules_, clock_, info, std::move(writer));
}

}  // namespace tongjian::edge
