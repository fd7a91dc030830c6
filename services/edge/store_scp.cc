#include "services/edge/store_scp.h"

#include <utility>

#include "common/base/status.h"
#include "common/dicom/tag.h"
#include "common/telemetry/log.h"

namespace tongjian::edge {
namespace {

constexpr size_t kAccessionMax = 64;
constexpr char kOperation[] = "C-STORE";

class Sink final : public dicom::StoreSink {
 public:
  Sink(Devices& devices, Spool& spool, rpc::AuditSink& audit, const ClockRules& rules,
       const base::Clock& clock, dicom::AssociationInfo info, std::unique_ptr<blob::Writer> writer)
      : devices_(devices),
        spool_(spool),
        audit_(audit),
        rules_(rules),
        clock_(clock),
        info_(std::move(info)),
        receipt_time_(clock.Now()),
        writer_(std::move(writer)) {}

  absl::Status Append(std::string_view bytes) override { return writer_->Append(bytes); }

  absl::Status Finish(const dicom::Header& header) override {
    const std::string study_uid = header.Text(dicom::tags::kStudyInstanceUid);
    const std::string& facility_id = devices_.FacilityOf(info_.calling_ae);
    rpc::Trail trail(devices_.DeedOf(info_, kOperation), clock_);
    trail.TouchObject(study_uid);
    trail.TouchFacilityPatient(facility_id, header.Text(dicom::tags::kPatientId));
    const bool first = devices_.FirstOf(info_.id, study_uid);
    const absl::Status kept = Keep(header, facility_id, [&](store::Transaction& tx) {
      return first ? trail.WriteIn(tx) : absl::OkStatus();
    });
    if (kept.ok()) return kept;
    if (first) devices_.Forget(info_.id, study_uid);
    // The device hears of the failure whether or not the trail could take it.
    trail.Finish(audit_, kept).IgnoreError();
    return kept;
  }

  void Abandon() override { writer_.reset(); }

 private:
  absl::Status Keep(const dicom::Header& header, const std::string& facility_id,
                    const Spool::Also& also) {
    TJ_ASSIGN_OR_RETURN(const blob::Receipt receipt, writer_->Commit());
    writer_.reset();
    Received received = {.sop_instance_uid = header.Text(dicom::tags::kSopInstanceUid),
                         .study_instance_uid = header.Text(dicom::tags::kStudyInstanceUid),
                         .accession_number = header.Text(dicom::tags::kAccessionNumber),
                         .facility_id = facility_id,
                         .device_ae_title = info_.calling_ae,
                         .device_address = info_.peer_address,
                         .urgent_device = devices_.IsUrgent(info_.calling_ae),
                         .device_time = DeviceTimeOf(header, rules_),
                         .receipt_time = receipt_time_};
    if (received.accession_number.size() > kAccessionMax) received.accession_number.clear();
    received.implausible = Implausible(received.device_time, receipt_time_, rules_);
    return spool_.Keep(received, receipt, also);
  }

  Devices& devices_;
  Spool& spool_;
  rpc::AuditSink& audit_;
  const ClockRules& rules_;
  const base::Clock& clock_;
  const dicom::AssociationInfo info_;
  const absl::Time receipt_time_;
  std::unique_ptr<blob::Writer> writer_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<dicom::StoreSink>> StoreScp::Begin(
    const dicom::AssociationInfo& info, const dicom::StoreRequest&) {
  absl::StatusOr<std::unique_ptr<blob::Writer>> writer = blobs_.Create();
  if (!writer.ok()) {
    rpc::Trail(devices_.DeedOf(info, kOperation), clock_)
        .Finish(audit_, writer.status())
        .IgnoreError();  // As in Finish.
    return writer.status();
  }
  return std::make_unique<Sink>(devices_, spool_, audit_, rules_, clock_, info, *std::move(writer));
}

// Once an association and code: a device may send a thousand such.
void StoreScp::Refused(const dicom::AssociationInfo& info, const absl::Status& refusal) {
  const std::string what = "refused: " + absl::StatusCodeToString(refusal.code());
  if (!devices_.FirstOf(info.id, what)) return;
  const absl::Status written =
      rpc::Trail(devices_.DeedOf(info, kOperation), clock_).Finish(audit_, refusal);
  if (written.ok()) return;
  devices_.Forget(info.id, what);
  telemetry::Log(telemetry::Level::kError, "refusal_not_audited", {{"error", written}});
}

}  // namespace tongjian::edge
