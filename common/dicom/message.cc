#include "common/dicom/message.h"

#include "common/dicom/uid.h"

namespace tongjian::dicom {
namespace {

constexpr size_t kCommandMax = 64 << 10;
constexpr size_t kIdentifierMax = 1 << 20;
constexpr ReadLimits kCommandLimits = {kCommandMax, 0, 256,
                                       kCommandMax};  // Nesting is never legal in a command set.

}  // namespace

absl::Status Messages::Violation(std::string_view what) {
  association_.connection().Abort(2);
  return base::Error(absl::StatusCode::kInvalidArgument, "DICOM_PROTOCOL", "", what);
}

absl::StatusOr<Command> Messages::ReceiveCommand() {
  Command command;
  std::string bytes;
  for (bool last = false; !last;) {
    TJ_ASSIGN_OR_RETURN(const DataValue pdv, association_.NextPdv());
    if (!pdv.is_command) return Violation("data set where a command is due");
    if (bytes.empty()) command.context_id = pdv.context_id;
    if (pdv.context_id != command.context_id)
      return Violation("command in two presentation contexts");
    if (association_.FindContext(pdv.context_id) == nullptr)
      return Violation("presentation context not accepted");
    if (bytes.size() + pdv.bytes.size() > kCommandMax) return Violation("command set over 64 kB");
    bytes.append(pdv.bytes);
    last = pdv.is_last;
  }
  absl::StatusOr<ReadResult> read = ReadDataset(bytes, uids::kImplicitLittleEndian, kCommandLimits);
  if (!read.ok()) return Violation(MessageOf(read.status()));
  command.fields = std::move(read->dataset);
  if (!command.fields.Has(command::kCommandField))
    return Violation("command set without a command");
  return command;
}

absl::Status Messages::ReceiveData(const Command& command, uint64_t bytes_max,
                                   const std::function<void(std::string_view)>& take) {
  uint64_t total = 0;
  for (bool last = false; !last;) {
    TJ_ASSIGN_OR_RETURN(const DataValue pdv, association_.NextPdv());
    if (pdv.is_command) return Violation("command where a data set is due");
    if (pdv.context_id != command.context_id)
      return Violation("data set in another presentation context");
    total += pdv.bytes.size();
    if (total > bytes_max) {
      association_.connection().Abort(0);
      return base::Error(absl::StatusCode::kResourceExhausted, "MALFORMED_OBJECT", "",
                         "data set over the limit of " + std::to_string(bytes_max) + " bytes");
    }
    if (!pdv.bytes.empty()) take(pdv.bytes);
    last = pdv.is_last;
  }
  return absl::OkStatus();
}

absl::StatusOr<ReadResult> Messages::ReceiveDataset(const Command& command, bool* undecodable) {
  *undecodable = false;
  if (!command.has_dataset()) return ReadResult{};
  std::string bytes;
  TJ_TRY(ReceiveData(command, kIdentifierMax,
                     [&bytes](std::string_view part) { bytes.append(part); }));
  const std::string& syntax = association_.FindContext(command.context_id)->transfer_syntax;
  absl::StatusOr<ReadResult> read = ReadDataset(bytes, syntax);
  *undecodable = !read.ok();
  return read;
}

absl::Status Messages::SendCommand(uint8_t context_id, Dataset fields, bool has_dataset) {
  fields.Set(command::kDataSetType, has_dataset ? "1" : "257");
  TJ_ASSIGN_OR_RETURN(const std::string body,
                      WriteDataset(fields, uids::kImplicitLittleEndian, CharacterSet()));
  std::string bytes("\0\0\0\0\4\0\0\0", 8);
  for (int shift = 0; shift < 32; shift += 8)
    bytes.push_back(static_cast<char>(body.size() >> shift & 0xFF));
  return association_.Write(context_id, true, true, bytes + body);
}

absl::Status Messages::SendDataset(uint8_t context_id, const Dataset& dataset,
                                   const CharacterSet& charset) {
  const AcceptedContext* context = association_.FindContext(context_id);
  TJ_ASSIGN_OR_RETURN(const std::string bytes,
                      WriteDataset(dataset, context->transfer_syntax, charset));
  return SendBytes(context_id, bytes, true);
}

absl::Status Messages::SendBytes(uint8_t context_id, std::string_view bytes, bool is_last) {
  const size_t chunk = association_.chunk_size();
  do {
    const std::string_view part = bytes.substr(0, chunk);
    bytes.remove_prefix(part.size());
    TJ_TRY(association_.Write(context_id, false, is_last && bytes.empty(), part));
  } while (!bytes.empty());
  return absl::OkStatus();
}

absl::Status Messages::Respond(const Command& command, int status, std::string_view comment,
                               const Dataset& more, bool has_dataset) {
  Dataset fields = more;
  fields.Set(command::kCommandField, std::to_string(command.operation() | operation::kResponse));
  fields.Set(command::kMessageIdRespondedTo, std::to_string(command.message_id()));
  fields.Set(command::kStatus, std::to_string(status));
  if (!comment.empty()) fields.Set(command::kErrorComment, ErrorComment(comment));
  const bool is_normalized = command.fields.Has(command::kRequestedSopClassUid);
  const std::string& sop_class = command.fields.Text(is_normalized ? command::kRequestedSopClassUid
                                                                   : command::kAffectedSopClassUid);
  if (ValidUid(sop_class)) fields.Set(command::kAffectedSopClassUid, sop_class);
  const std::string& instance = command.fields.Text(
      is_normalized ? command::kRequestedSopInstanceUid : command::kAffectedSopInstanceUid);
  if (ValidUid(instance) && !fields.Has(command::kAffectedSopInstanceUid)) {
    fields.Set(command::kAffectedSopInstanceUid, instance);
  }
  return SendCommand(command.context_id, std::move(fields), has_dataset);
}

std::string ErrorComment(std::string_view message) {
  std::string comment;
  for (const char c : message.substr(0, 64))
    comment.push_back(c < ' ' || c > '~' || c == '\\' ? '?' : c);
  return comment;
}

}  // namespace tongjian::dicom
