#include "services/imaging/web_store.h"

#include <optional>
#include <utility>
#include <vector>

#include "common/base/status.h"
#include "common/dicom/json.h"
#include "common/dicom/scan.h"
#include "common/dicom/tag.h"
#include "common/dicom/uid.h"
#include "common/telemetry/log.h"
#include "common/web/media_type.h"
#include "common/web/multipart.h"
#include "services/imaging/touch_log.h"
#include "services/imaging/web_accept.h"
#include "services/imaging/web_retrieve.h"

namespace tongjian::imaging {
namespace {

namespace tags = dicom::tags;

constexpr dicom::Tag kRetrieveUrl = 0x00081190;
constexpr dicom::Tag kWarningReason = 0x00081196;
constexpr dicom::Tag kOtherFailures = 0x0008119A;
// Warning Reason where the object is kept beside another of its UID (PS3.4 B.2.3 has none that is
// nearer).
constexpr int kKeptAside = 0xB000;
constexpr int kOutOfResources = 0xA700;
constexpr int kMismatch = 0xA900;
constexpr int kNotUnderstood = 0xC000;
constexpr int kProcessingFailure = 0x0110;
constexpr int kNotSupported = 0x0122;

// As C-STORE answers.
int FailureReason(const absl::Status& status) {
  if (base::DetailOf(status).reason == "SOP_MISMATCH") return kMismatch;
  if (absl::IsResourceExhausted(status)) return kOutOfResources;
  if (absl::IsInvalidArgument(status)) return kNotUnderstood;
  if (absl::IsUnimplemented(status)) return kNotSupported;
  return kProcessingFailure;
}

// What became of the parts, for the answer.
class Ledger {
 public:
  Ledger(std::string root, std::string study) : root_(std::move(root)), study_(std::move(study)) {}

  void Stored(const dicom::Header& header, StoreOutcome outcome) {
    dicom::Dataset item = Reference(header);
    if (outcome == StoreOutcome::kConflict) {
      item.Set(kWarningReason, std::to_string(kKeptAside));
      warned_ = true;
    }
    const std::string& study = header.Text(tags::kStudyInstanceUid);
    if (study_.empty()) study_ = study;
    item.SetElement(kRetrieveUrl, {"UR",
                                   {root_ + "/studies/" + study + "/series/" +
                                    header.Text(tags::kSeriesInstanceUid) + "/instances/" +
                                    header.Text(tags::kSopInstanceUid)},
                                   {}});
    stored_.push_back(std::move(item));
  }

  void Failed(const dicom::Header& header, const absl::Status& status) {
    no_room_ |= absl::IsResourceExhausted(status);
    dicom::Dataset item;
    const bool named = !header.Text(tags::kSopInstanceUid).empty();
    if (named) item = Reference(header);
    item.Set(tags::kFailureReason, std::to_string(FailureReason(status)));
    (named ? failed_ : others_).push_back(std::move(item));
  }

  bool any_stored() const { return !stored_.empty(); }
  bool any_failed() const { return !failed_.empty() || !others_.empty(); }

  web::Response Answer() const {
    dicom::Dataset answer;
    if (!study_.empty())
      answer.SetElement(kRetrieveUrl, {"UR", {root_ + "/studies/" + study_}, {}});
    if (!failed_.empty()) answer.SetItems(tags::kFailedSopSequence, failed_);
    if (!stored_.empty()) answer.SetItems(tags::kReferencedSopSequence, stored_);
    if (!others_.empty()) answer.SetElement(kOtherFailures, {"SQ", {}, others_});
    web::Response response;
    response.content_type = "application/dicom+json";
    response.body = dicom::WriteJson(answer);
    response.status = !any_stored() ? (no_room_ ? 503 : 409) : any_failed() || warned_ ? 202 : 200;
    return response;
  }

 private:
  static dicom::Dataset Reference(const dicom::Header& header) {
    dicom::Dataset item;
    item.Set(tags::kReferencedSopClassUid, header.Text(tags::kSopClassUid));
    item.Set(tags::kReferencedSopInstanceUid, header.Text(tags::kSopInstanceUid));
    return item;
  }

  const std::string root_;
  std::string study_;
  std::vector<dicom::Dataset> stored_, failed_, others_;
  bool warned_ = false;
  bool no_room_ = false;
};

struct StoreParts {
  blob::Store& blobs;
  Ingest& ingest;
  const WebStoreOptions& options;
};

// Takes the parts of the body one after the other. A part that fails is noted and passed over; the
// body goes on.
class Intake final : public web::PartTaker {
 public:
  Intake(const StoreParts& parts, Arrival sender, std::string study, TouchLog& log, Ledger& ledger)
      : parts_(parts),
        sender_(std::move(sender)),
        study_(std::move(study)),
        log_(log),
        ledger_(ledger) {}

  absl::Status Begin(const web::PartHead& head) override {
    status_ = scanned_ = absl::OkStatus();
    dicom::ScanLimits limits;
    limits.dataset_bytes_max = static_cast<uint64_t>(parts_.options.object_bytes_max);
    scanner_.emplace(limits);
    const auto type = web::ParseMediaType(head.Header("content-type"));
    if (type && type->type != "application/dicom" && type->type != "application/octet-stream") {
      status_ = absl::UnimplementedError("a part is no application/dicom");
      return absl::OkStatus();
    }
    auto writer = parts_.blobs.Create();
    status_ = writer.status();
    if (writer.ok()) writer_ = *std::move(writer);
    return absl::OkStatus();
  }

  absl::Status Data(std::string_view bytes) override {
    // Read on where it cannot be written: the answer names the object.
    if (scanned_.ok()) scanned_ = scanner_->Push(bytes);
    if (status_.ok()) status_ = scanned_;
    if (status_.ok()) status_ = writer_->Append(bytes);
    if (!status_.ok()) writer_.reset();
    return absl::OkStatus();
  }

  absl::Status End() override {
    StoreOutcome outcome = StoreOutcome::kStored;
    if (scanned_.ok()) scanned_ = scanner_->Finish();
    if (status_.ok()) status_ = scanned_;
    if (status_.ok()) status_ = Keep(&outcome);
    writer_.reset();
    if (status_.ok()) {
      ledger_.Stored(scanner_->header(), outcome);
    } else {
      telemetry::Log(telemetry::Level::kWarning, "web_object_refused", {{"error", status_}});
      ledger_.Failed(scanner_->header(), status_);
    }
    return absl::OkStatus();
  }

 private:
  absl::Status Keep(StoreOutcome* outcome) {
    const dicom::Header& header = scanner_->header();
    TJ_TRY(dicom::CheckStorable(header, header.meta.Text(dicom::Tag{0x00020002}),
                                header.meta.Text(dicom::Tag{0x00020003})));
    if (!study_.empty() && header.Text(tags::kStudyInstanceUid) != study_) {
      return base::Error(absl::StatusCode::kInvalidArgument, "SOP_MISMATCH", "study_instance_uid",
                         "the object is of another study than the address");
    }
    Arrival arrival = sender_;
    TJ_ASSIGN_OR_RETURN(arrival.receipt, writer_->Commit());
    arrival.header = &header;
    TJ_ASSIGN_OR_RETURN(
        const struct Stored stored,
        parts_.ingest.Store(arrival, [this](store::Transaction& tx, const struct Stored& what) {
          return log_.WriteIn(tx, what);
        }));
    log_.Done(stored);
    *outcome = stored.outcome;
    return absl::OkStatus();
  }

  const StoreParts parts_;
  const Arrival sender_;
  const std::string study_;
  TouchLog& log_;
  Ledger& ledger_;
  absl::Status status_;
  absl::Status scanned_;  // Of the part's bytes alone.
  std::optional<dicom::FileScanner> scanner_;
  std::unique_ptr<blob::Writer> writer_;
};

}  // namespace

absl::StatusOr<web::Response> WebStore::Store(rpc::Call& call, const web::Request& request,
                                              const std::string& study) const {
  if (!TakesJson(AcceptOf(request)))
    return web::TextResponse(406, "answers are given as application/dicom+json");
  const std::string& facility = call.caller().facility_id;
  if (facility.empty())
    return base::Error(absl::StatusCode::kPermissionDenied, "PERMISSION_DENIED", "",
                       "the caller is of no facility whose objects these could be");
  const std::string content_type = request.Header("Content-Type");
  const auto media = web::ParseMediaType(content_type);
  if (!media || media->type != "multipart/related")
    return web::TextResponse(415, "objects come as multipart/related");
  const std::string& parts = media->Parameter("type");
  if (!parts.empty() && !web::Covers(parts, "application/dicom"))
    return web::TextResponse(415, "objects come as application/dicom");
  TJ_ASSIGN_OR_RETURN(const std::string boundary, web::BoundaryOf(content_type));

  Arrival sender;
  sender.facility_id = facility;
  sender.receipt_time = clock_.Now();
  TouchLog log(call.trail().deed(), clock_);
  Ledger ledger(WebRoot(request), study);
  Intake intake({blobs_, ingest_, options_}, std::move(sender), study, log, ledger);
  web::MultipartReader reader(boundary, {}, intake);
  absl::Status read = request.body([&](std::string_view bytes) { return reader.Push(bytes); });
  if (read.ok()) read = reader.Finish();
  // What was stored is stored, and told; the client may send the rest, or all of it, again.
  if (!read.ok() && !ledger.any_stored()) return read;
  if (!read.ok()) ledger.Failed({}, read);
  if (!ledger.any_stored() && !ledger.any_failed())
    return base::InvalidField("body", "there is no object in it");
  // Each study has its record, written with its first object.
  if (ledger.any_stored()) call.trail().Omit();
  return ledger.Answer();
}

}  // namespace tongjian::imaging
