#include "common/dicom/object_sender.h"

#include <memory>
#include <string>
#include <vector>

#include "common/dicom/part10.h"
#include "common/dicom/recoder.h"

namespace tongjian::dicom {
namespace {

// Passes on what follows a file's meta header. The start is held back until the header is whole.
class DatasetReader {
 public:
  DatasetReader(ObjectSource& source, std::string_view from_syntax, std::string_view to_syntax)
      : source_(source), buffer_(256 << 10) {
    if (CanRecode(from_syntax, to_syntax)) recoder_.emplace(from_syntax, to_syntax);
  }

  // Appends the next bytes of the data set to `out`; false at its end.
  absl::StatusOr<bool> AppendTo(std::string& out) {
    if (!started_) return Start(out);
    TJ_ASSIGN_OR_RETURN(const size_t size, source_.Read(buffer_.data(), buffer_.size()));
    return Take({buffer_.data(), size}, out);
  }

 private:
  absl::StatusOr<bool> Start(std::string& out) {
    started_ = true;
    for (std::string start;;) {
      TJ_ASSIGN_OR_RETURN(const size_t size, source_.Read(buffer_.data(), buffer_.size()));
      start.append(buffer_.data(), size);
      TJ_ASSIGN_OR_RETURN(const std::optional<FileStart> found, ReadFileStart(start, size == 0));
      if (!found) continue;
      const std::string_view rest = std::string_view(start).substr(found->dataset_offset);
      if (!rest.empty()) TJ_TRY(Take(rest, out).status());
      if (size > 0) return true;
      return Take("", out);
    }
  }

  absl::StatusOr<bool> Take(std::string_view bytes, std::string& out) {
    if (!recoder_) {
      out.append(bytes);
    } else if (bytes.empty()) {
      TJ_TRY(recoder_->Finish(out));
    } else {
      TJ_TRY(recoder_->Push(bytes, out));
    }
    return !bytes.empty();
  }

  ObjectSource& source_;
  std::vector<char> buffer_;
  std::optional<Recoder> recoder_;
  bool started_ = false;
};

// Whatever ended the association, to the caller it is one thing.
absl::Status Dead(const absl::Status& status) {
  if (status.ok()) return status;
  return base::Unavailable("ASSOCIATION_LOST", MessageOf(status));
}

}  // namespace

absl::StatusOr<uint8_t> ContextToSend(const Association& association, std::string_view sop_class_uid,
                                      std::string_view transfer_syntax_uid, bool provided) {
  const AcceptedContext* other = nullptr;
  bool has_class = false;
  for (const AcceptedContext& context : association.contexts()) {
    if (context.abstract_syntax != sop_class_uid || (provided && !context.peer_provides)) continue;
    if (context.transfer_syntax == transfer_syntax_uid) return context.id;
    has_class = true;
    if (CanRecode(transfer_syntax_uid, context.transfer_syntax)) other = &context;
  }
  if (other != nullptr) return other->id;
  return base::Error(absl::StatusCode::kFailedPrecondition, "NO_PRESENTATION_CONTEXT", "",
                     has_class ? "stored in a transfer syntax that was not negotiated"
                               : "SOP class was not negotiated");
}

absl::Status SendObject(Messages& messages, uint8_t context_id, uint16_t message_id,
                        const StoredObject& object,
                        const std::optional<MoveOriginator>& originator) {
  TJ_ASSIGN_OR_RETURN(const std::unique_ptr<ObjectSource> source, object.open());
  const AcceptedContext* const context = messages.association().FindContext(context_id);
  DatasetReader reader(*source, object.transfer_syntax_uid, context->transfer_syntax);
  std::string pending;
  TJ_ASSIGN_OR_RETURN(bool more, reader.AppendTo(pending));
  Dataset fields;
  fields.Set(command::kCommandField, std::to_string(operation::kStore));
  fields.Set(command::kMessageId, std::to_string(message_id));
  fields.Set(command::kAffectedSopClassUid, object.sop_class_uid);
  fields.Set(command::kAffectedSopInstanceUid, object.sop_instance_uid);
  fields.Set(command::kPriority, "0");
  if (originator) {
    fields.Set(command::kMoveOriginatorAe, originator->ae_title);
    fields.Set(command::kMoveOriginatorMessageId, std::to_string(originator->message_id));
  }
  TJ_TRY(Dead(messages.SendCommand(context_id, std::move(fields), true)));
  const size_t chunk = messages.association().chunk_size();
  while (more) {
    // Whole chunks go out, at least a byte stays for the one that is marked as the last.
    const size_t whole = pending.empty() ? 0 : (pending.size() - 1) / chunk * chunk;
    if (whole > 0) {
      TJ_TRY(Dead(
          messages.SendBytes(context_id, std::string_view(pending).substr(0, whole), false)));
    }
    pending.erase(0, whole);
    const absl::StatusOr<bool> next = reader.AppendTo(pending);
    if (!next.ok()) {
      // Half an object has gone out: only the end of the association tells the peer that it is
      // half.
      messages.association().connection().Abort(0);
      return Dead(next.status());
    }
    more = *next;
  }
  return Dead(messages.SendBytes(context_id, pending, true));
}

}  // namespace tongjian::dicom
