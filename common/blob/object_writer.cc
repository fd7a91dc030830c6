#include "common/blob/object_writer.h"

#include "absl/strings/str_cat.h"

namespace tongjian::blob {
namespace {

// Gathered before it is written: few system calls for peers that send little at a time.
constexpr size_t kBufferSize = 256 << 10;

// What a record has beside its content: its head, the footer with some checksums, filling.
constexpr size_t kRecordRoom = 2 * kPackAlignment;

std::string ClaimKey(const Place& place) { return LocatorOf(place); }

absl::Status Busy() {
  return base::Error(absl::StatusCode::kAborted, "STATE_NOT_ALLOWED", "",
                     "another writer has this object");
}

}  // namespace

ObjectWriter::ObjectWriter(Core& core, const Place& place, Claims::Claim file_claim)
    : core_(core), place_(place), file_claim_(std::move(file_claim)) {
  ++core_.writers_open;
}

ObjectWriter::~ObjectWriter() {
  // What was flushed of a partial stays; anything else is of no use to anyone. A file that cannot
  // be removed is left to the sweep.
  if (!done_ && committed_size_ == 0) (void)Discard();
  --core_.writers_open;
}

absl::StatusOr<std::unique_ptr<Writer>> ObjectWriter::Begin(Core& core, const Place& place,
                                                            std::optional<Claims::Claim> upload) {
  TJ_TRY(core.disk.Admit(0));
  std::optional<Claims::Claim> claim = core.claims.Take(ClaimKey(place));
  if (!claim) return Busy();
  std::unique_ptr<ObjectWriter> writer(new ObjectWriter(core, place, *std::move(claim)));
  if (upload) writer->upload_.emplace(*std::move(upload));
  writer->ClearBuffer();
  if (!writer->MayBePacked()) TJ_TRY(writer->OpenFile());
  return writer;
}

absl::StatusOr<std::unique_ptr<Writer>> ObjectWriter::Resume(Core& core, const PartialState& state,
                                                             Claims::Claim* upload) {
  TJ_TRY(core.disk.Admit(0));
  std::optional<Claims::Claim> claim = core.claims.Take(ClaimKey(state.place));
  if (!claim) return Busy();
  const std::string path = core.layout.Object(state.place) + kPartial;
  TJ_ASSIGN_OR_RETURN(std::unique_ptr<File> file, core.files.Open(path, OpenMode::kWrite));
  std::unique_ptr<ObjectWriter> writer(new ObjectWriter(core, state.place, *std::move(claim)));
  writer->file_ = std::move(file);
  writer->ClearBuffer();
  writer->committed_size_ = state.size;  // From here on the destructor leaves the file alone.
  TJ_TRY(writer->Load(state));
  TJ_ASSIGN_OR_RETURN(writer->record_, PartialRecord::Open(core.files, core.disk,
                                                           core.layout.Record(upload->key())));
  // Content and name were durable before the record was first written; the record itself may not
  // be.
  TJ_TRY(writer->record_->Write(state));
  writer->upload_.emplace(std::move(*upload));
  return writer;
}

absl::Status ObjectWriter::Load(const PartialState& state) {
  while (content_.size() < state.size) {
    const auto n =
        static_cast<size_t>(std::min<int64_t>(kBufferSize, state.size - content_.size()));
    TJ_ASSIGN_OR_RETURN(const std::string bytes, file_->ReadAt(content_.size(), n));
    if (bytes.size() != n)
      return absl::DataLossError("an unfinished upload is shorter than recorded");
    content_.Add(bytes);
  }
  if (content_.Sha256Bytes() != state.sha256) {
    return absl::DataLossError("an unfinished upload is not what was recorded");
  }
  written_ = state.size;
  return file_->Truncate(state.size);
}

std::string ObjectWriter::UnfinishedPath() const {
  return core_.layout.Object(place_) + (upload_ ? kPartial : kUnfinished);
}

absl::Status ObjectWriter::Broken(absl::Status status) {
  if (!status.ok()) broken_ = status;
  return status;
}

absl::Status ObjectWriter::Append(std::string_view bytes) {
  if (done_) return absl::FailedPreconditionError("the object is finished");
  TJ_TRY(broken_);
  if (content_.size() + static_cast<int64_t>(bytes.size()) > core_.options.object_bytes_max) {
    return Broken(absl::ResourceExhaustedError(
        absl::StrCat("an object has at most ", core_.options.object_bytes_max, " bytes")));
  }
  content_.Add(bytes);
  return Put(bytes);
}

// Whether it is still all in memory, and small enough to stay there.
bool ObjectWriter::MayBePacked() const {
  return !upload_ && file_ == nullptr && content_.size() <= core_.options.packed_bytes_max &&
         core_.options.packed_bytes_max > 0;
}

absl::Status ObjectWriter::OpenFile() {
  TJ_ASSIGN_OR_RETURN(file_, core_.files.Open(UnfinishedPath(), OpenMode::kCreateNew));
  return absl::OkStatus();
}

void ObjectWriter::ClearBuffer() { buffer_.Resize(kRecordHeadSize); }

std::string_view ObjectWriter::Buffered() const {
  return buffer_.view().substr(kRecordHeadSize);
}

absl::Status ObjectWriter::Put(std::string_view bytes) {
  if (MayBePacked()) {
    // Once: growing step by step would copy it several times.
    buffer_.Reserve(static_cast<size_t>(core_.options.packed_bytes_max) + kRecordRoom);
    buffer_.Append(bytes);
    return absl::OkStatus();
  }
  if (file_ == nullptr) TJ_TRY(Broken(OpenFile()));
  if (!Buffered().empty() && Buffered().size() + bytes.size() >= kBufferSize) TJ_TRY(WriteBuffer());
  if (bytes.size() >= kBufferSize) return WriteOut(bytes);
  buffer_.Append(bytes);
  return absl::OkStatus();
}

absl::Status ObjectWriter::WriteBuffer() {
  TJ_TRY(WriteOut(Buffered()));
  ClearBuffer();
  return absl::OkStatus();
}

absl::Status ObjectWriter::WriteOut(std::string_view bytes) {
  if (bytes.empty()) return absl::OkStatus();
  TJ_TRY(Broken(core_.disk.Admit(static_cast<int64_t>(bytes.size()))));
  TJ_TRY(Broken(file_->WriteAt(written_, bytes)));
  written_ += static_cast<int64_t>(bytes.size());
  return absl::OkStatus();
}

absl::Status ObjectWriter::Flush() {
  if (done_ || !upload_)
    return absl::FailedPreconditionError("only an unfinished upload can be flushed");
  TJ_TRY(broken_);
  if (committed_size_ == content_.size()) return absl::OkStatus();
  return Broken(FlushPartial());
}

absl::Status ObjectWriter::FlushPartial() {
  TJ_TRY(WriteBuffer());
  TJ_TRY(core_.disk.Sync(*file_));
  if (record_ == nullptr) {
    TJ_TRY(core_.disk.SyncDirectory(core_.layout.Bucket(place_.bucket)));
    TJ_ASSIGN_OR_RETURN(
        record_, PartialRecord::Open(core_.files, core_.disk, core_.layout.Record(upload_->key())));
  }
  TJ_TRY(record_->Write({place_, content_.size(), content_.Sha256Bytes()}));
  committed_size_ = content_.size();
  return absl::OkStatus();
}

absl::StatusOr<Receipt> ObjectWriter::Commit(std::string_view expected_sha256) {
  if (done_) return absl::FailedPreconditionError("the object is finished");
  TJ_TRY(broken_);
  const Footer footer = content_.Finish();
  Receipt receipt{LocatorOf(place_), footer.size, Sha256Text(footer.sha256)};
  if (!expected_sha256.empty() && expected_sha256 != receipt.sha256) {
    TJ_TRY(Discard());
    return base::Error(
        absl::StatusCode::kDataLoss, "CONTENT_MISMATCH", "",
        absl::StrCat("the content's hash is ", receipt.sha256, ", not the one that was sent"));
  }
  absl::StatusOr<Receipt> finished = file_ == nullptr
                                         ? FinishPacked(footer, std::move(receipt))
                                         : Finish(footer, std::move(receipt));
  if (!finished.ok()) broken_ = finished.status();
  return finished;
}

absl::StatusOr<Receipt> ObjectWriter::Finish(const Footer& footer, Receipt receipt) {
  buffer_.Append(footer.Encode());
  TJ_TRY(WriteBuffer());
  TJ_TRY(core_.disk.Sync(*file_));
  TJ_TRY(core_.files.Rename(UnfinishedPath(), core_.layout.Object(place_)));
  TJ_TRY(core_.disk.SyncDirectory(core_.layout.Bucket(place_.bucket)));
  done_ = true;
  // A record whose object is finished says nothing; one that cannot be removed is left to the
  // sweep.
  if (record_ != nullptr) (void)core_.files.Remove(core_.layout.Record(upload_->key()));
  upload_.reset();
  ++core_.objects_written;
  core_.bytes_written += receipt.size;
  return receipt;
}

absl::StatusOr<Receipt> ObjectWriter::FinishPacked(const Footer& footer, Receipt receipt) {
  buffer_.Append(footer.Encode());
  TJ_ASSIGN_OR_RETURN(receipt.locator, core_.packs.Append(place_.name, std::move(buffer_)));
  done_ = true;
  ++core_.objects_written;
  core_.bytes_written += receipt.size;
  return receipt;
}

absl::Status ObjectWriter::Discard() {
  if (done_) return absl::FailedPreconditionError("the object is finished");
  done_ = true;
  // The record first: without it the rest is swept, while a record without its object would be
  // looked after in vain.
  if (record_ != nullptr) TJ_TRY(core_.files.Remove(core_.layout.Record(upload_->key())));
  if (file_ != nullptr) TJ_TRY(core_.files.Remove(UnfinishedPath()));
  upload_.reset();
  return absl::OkStatus();
}

}  // namespace tongjian::blob
