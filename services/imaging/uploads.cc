#include "services/imaging/uploads.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/status.h"
#include "common/security/digest.h"
#include "common/telemetry/log.h"
#include "services/imaging/healing.h"

namespace tongjian::imaging {
namespace {

absl::Status Mismatch(std::string_view field, std::string_view message) {
  return base::Error(absl::StatusCode::kAborted, "CONTENT_MISMATCH", field, message);
}

absl::Status Malformed(const absl::Status& status) {
  return base::Error(absl::StatusCode::kInvalidArgument, "MALFORMED_OBJECT", "",
                     std::string(status.message()));
}

// Scans refuse by size too; either way the same bytes will be refused again.
bool IsRefusal(const absl::Status& status) {
  return absl::IsInvalidArgument(status) || absl::IsResourceExhausted(status) ||
         absl::IsOutOfRange(status);
}

absl::Status CheckPlan(const UploadPlan& plan, const UploadOptions& options) {
  const bool id_ok = !plan.upload_id.empty() && plan.upload_id.size() <= 64 &&
                     plan.upload_id.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") ==
                         std::string::npos;
  if (!id_ok)
    return base::InvalidField("begin.upload_id", "an upload id is 1 to 64 of a-z, 0-9 and '-'");
  if (plan.size <= 0 || plan.size > options.object_bytes_max) {
    return base::InvalidField(
        "begin.size", absl::StrCat("an object has 1 to ", options.object_bytes_max, " bytes"));
  }
  if (!security::ParseDigest(plan.digest).ok()) {
    return base::InvalidField("begin.digest", "the digest is sha256: and 64 hexadecimal digits");
  }
  return absl::OkStatus();
}

dicom::ScanLimits LimitsOf(const UploadOptions& options) {
  return {.dataset_bytes_max = static_cast<uint64_t>(options.object_bytes_max)};
}

std::string KeyOf(std::string_view sender, std::string_view upload_id) {
  return std::string(sender) + "/" + std::string(upload_id);
}

}  // namespace

Upload::Upload(UploadPlan plan, const UploadOptions& options, std::unique_ptr<blob::Writer> writer,
               Ingest& ingest, blob::Store& blobs, const base::Clock& clock)
    : plan_(std::move(plan)),
      options_(options),
      ingest_(ingest),
      blobs_(blobs),
      clock_(clock),
      writer_(std::move(writer)),
      resumed_(writer_->size() > 0),
      scanner_(LimitsOf(options)),
      committed_size_(writer_->committed_size()),
      received_size_(writer_->size()),
      flushed_at_(clock.Elapsed()) {}

absl::Status Upload::CheckChunk(int64_t offset, std::string_view data, uint32_t crc32c) const {
  if (data.empty() || static_cast<int64_t>(data.size()) > options_.chunk_bytes_max) {
    return base::InvalidField(
        "chunk.data", absl::StrCat("a chunk has 1 to ", options_.chunk_bytes_max, " bytes"));
  }
  if (security::Crc32c(data) != crc32c)
    return Mismatch("chunk.crc32c", "the chunk's checksum differs from its bytes");
  if (offset != writer_->size()) {
    return Mismatch("chunk.offset",
                    absl::StrCat("expected offset ", writer_->size(), ", got ", offset));
  }
  if (offset + static_cast<int64_t>(data.size()) > plan_.size) {
    return base::Error(absl::StatusCode::kInvalidArgument, "CONTENT_MISMATCH", "chunk.data",
                       "more bytes than were announced");
  }
  return absl::OkStatus();
}

absl::Status Upload::Append(int64_t offset, std::string_view data, uint32_t crc32c) {
  const std::lock_guard lock(mutex_);
  if (writer_ == nullptr) return absl::AbortedError("another stream goes on with this upload");
  if (const absl::Status checked = CheckChunk(offset, data, crc32c); !checked.ok()) {
    // What is here is good: the next try goes on from it.
    TJ_TRY(Flush());
    writer_.reset();
    return checked;
  }
  if (!resumed_) {
    if (const absl::Status scanned = scanner_.Push(data); !scanned.ok())
      return Fail(Malformed(scanned));
  }
  if (absl::Status appended = writer_->Append(data); !appended.ok()) {
    writer_.reset();
    return appended;
  }
  received_size_ = writer_->size();
  const bool due = writer_->size() - committed_size_ >= options_.flush_bytes ||
                   clock_.Elapsed() - flushed_at_ >= options_.flush_interval;
  if (due) TJ_TRY(Flush());
  return absl::OkStatus();
}

absl::Status Upload::Flush() {
  if (absl::Status flushed = writer_->Flush(); !flushed.ok()) {
    writer_.reset();
    return flushed;
  }
  committed_size_ = writer_->committed_size();
  flushed_at_ = clock_.Elapsed();
  return absl::OkStatus();
}

// Nothing of it is worth keeping.
absl::Status Upload::Fail(absl::Status status) {
  if (const absl::Status discarded = writer_->Discard(); !discarded.ok()) {
    telemetry::Log(telemetry::Level::kWarning, "upload_not_discarded", {{"error", discarded}});
  }
  writer_.reset();
  return status;
}

absl::StatusOr<WrittenObject> Upload::Commit() {
  if (!resumed_) {
    if (const absl::Status scanned = scanner_.Finish(); !scanned.ok())
      return Fail(Malformed(scanned));
    if (const absl::Status storable = dicom::CheckStorable(scanner_.header(), "", "");
        !storable.ok()) {
      return Fail(Malformed(storable));
    }
  }
  const std::unique_ptr<blob::Writer> writer = std::move(writer_);
  absl::StatusOr<blob::Receipt> receipt = writer->Commit(plan_.digest);
  if (absl::IsDataLoss(receipt.status())) {
    return Mismatch(
        "begin.digest",
        "the object's digest is not what was announced: send it again from its first byte");
  }
  TJ_TRY(receipt.status());
  if (!resumed_) {
    return WrittenObject{*receipt, "", scanner_.header()};
  }

  TJ_ASSIGN_OR_RETURN(const std::unique_ptr<blob::Reader> reader,
                      blobs_.OpenReader(receipt->locator));
  absl::StatusOr<WrittenObject> object = ScanObject(*reader, LimitsOf(options_));
  absl::Status status =
      object.ok() ? dicom::CheckStorable(object->header, "", "") : object.status();
  if (status.ok()) return object;
  if (!IsRefusal(status)) return status;
  if (const absl::Status removed = blobs_.Remove(receipt->locator); !removed.ok()) {
    telemetry::Log(telemetry::Level::kWarning, "refused_object_not_removed", {{"error", removed}});
  }
  return Malformed(status);
}

absl::StatusOr<Stored> Upload::Finish(const Ingest::Also& also) {
  const std::lock_guard lock(mutex_);
  if (writer_ == nullptr) return absl::AbortedError("another stream goes on with this upload");
  if (writer_->size() != plan_.size) {
    const std::string message =
        absl::StrCat("expected ", plan_.size, " bytes, got ", writer_->size());
    TJ_TRY(Flush());
    writer_.reset();
    return Mismatch("begin.size", message);
  }
  TJ_ASSIGN_OR_RETURN(const WrittenObject object, Commit());
  Arrival arrival = plan_.arrival;
  arrival.header = &object.header;
  arrival.receipt = object.receipt;
  arrival.dataset_digest = object.dataset_digest;
  return ingest_.Store(arrival, [&](store::Transaction& tx, const Stored& stored) -> absl::Status {
    const FinishedUpload finished = {plan_.sender,   plan_.upload_id, plan_.size,
                                     plan_.digest,   stored.outcome,  stored.sop_instance_uid,
                                     stored.study_id};
    TJ_TRY(PutUpload(tx, finished));
    return also ? also(tx, stored) : absl::OkStatus();
  });
}

void Upload::Suspend() {
  const std::lock_guard lock(mutex_);
  if (writer_ == nullptr) return;
  if (const absl::Status flushed = Flush(); !flushed.ok()) {
    telemetry::Log(telemetry::Level::kWarning, "upload_not_flushed", {{"error", flushed}});
  }
  writer_.reset();
}

Uploads::Uploads(UploadOptions options, store::Database& database, blob::Store& blobs,
                 Ingest& ingest, const base::Clock& clock)
    : options_(options), database_(database), blobs_(blobs), ingest_(ingest), clock_(clock) {}

std::shared_ptr<Upload> Uploads::Active(const std::string& key) {
  const std::lock_guard lock(mutex_);
  std::erase_if(active_, [](const auto& entry) { return entry.second.expired(); });
  const auto it = active_.find(key);
  return it == active_.end() ? nullptr : it->second.lock();
}

absl::StatusOr<std::optional<FinishedUpload>> Uploads::Finished(std::string_view sender,
                                                                std::string_view upload_id) {
  std::optional<FinishedUpload> finished;
  TJ_TRY(database_.Read([&](store::Session& session) -> absl::Status {
    TJ_ASSIGN_OR_RETURN(finished, FindUpload(session, sender, upload_id));
    return absl::OkStatus();
  }));
  return finished;
}

absl::StatusOr<Uploads::Begun> Uploads::Begin(UploadPlan plan) {
  TJ_TRY(CheckPlan(plan, options_));
  const std::string key = KeyOf(plan.sender, plan.upload_id);
  if (const std::shared_ptr<Upload> other = Active(key)) other->Suspend();
  TJ_ASSIGN_OR_RETURN(std::optional<FinishedUpload> finished,
                      Finished(plan.sender, plan.upload_id));
  if (finished && finished->digest != plan.digest) {
    return base::Error(absl::StatusCode::kAlreadyExists, "REQUEST_ID_REUSED", "begin.upload_id",
                       "the upload id was used for another object");
  }
  if (finished) {
    TJ_ASSIGN_OR_RETURN(const bool kept, KeepsWhole(database_, blobs_, *finished));
    if (kept) return Begun{nullptr, std::move(finished)};
  }
  TJ_ASSIGN_OR_RETURN(std::unique_ptr<blob::Writer> writer, blobs_.OpenPartial(key));
  if (writer->size() > plan.size) {
    TJ_TRY(writer->Discard());
    writer.reset();
    TJ_ASSIGN_OR_RETURN(writer, blobs_.OpenPartial(key));
  }
  auto upload = std::make_shared<Upload>(std::move(plan), options_, std::move(writer), ingest_,
                                         blobs_, clock_);
  const std::lock_guard lock(mutex_);
  active_[key] = upload;
  return Begun{std::move(upload), std::nullopt};
}

absl::StatusOr<UploadProgress> Uploads::Progress(std::string_view sender,
                                                 std::string_view upload_id) {
  const std::string key = KeyOf(sender, upload_id);
  UploadProgress progress;
  TJ_ASSIGN_OR_RETURN(progress.finished, Finished(sender, upload_id));
  if (progress.finished) {
    progress.committed_size = progress.received_size = progress.finished->size;
    return progress;
  }
  if (const std::shared_ptr<Upload> active = Active(key)) {
    progress.committed_size = active->committed_size();
    progress.received_size = active->received_size();
    return progress;
  }
  TJ_ASSIGN_OR_RETURN(const std::unique_ptr<blob::Writer> writer, blobs_.OpenPartial(key));
  progress.committed_size = progress.received_size = writer->committed_size();
  if (writer->size() == 0) TJ_TRY(writer->Discard());
  return progress;
}

}  // namespace tongjian::imaging
