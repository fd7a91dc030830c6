// DIMSE messages (PS3.7): command sets by our own bounded parser, data sets as streams.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "common/base/status.h"
#include "common/dicom/association.h"
#include "common/dicom/dataset.h"
#include "common/dicom/service.h"

namespace tongjian::dicom {

namespace command {
constexpr Tag kAffectedSopClassUid = 0x00000002;
constexpr Tag kRequestedSopClassUid = 0x00000003;
constexpr Tag kCommandField = 0x00000100;
constexpr Tag kMessageId = 0x00000110;
constexpr Tag kMessageIdRespondedTo = 0x00000120;
constexpr Tag kMoveDestination = 0x00000600;
constexpr Tag kPriority = 0x00000700;
constexpr Tag kDataSetType = 0x00000800;
constexpr Tag kStatus = 0x00000900;
constexpr Tag kErrorComment = 0x00000902;
constexpr Tag kErrorId = 0x00000903;
constexpr Tag kAffectedSopInstanceUid = 0x00001000;
constexpr Tag kRequestedSopInstanceUid = 0x00001001;
constexpr Tag kEventTypeId = 0x00001002;
constexpr Tag kActionTypeId = 0x00001008;
constexpr Tag kRemaining = 0x00001020;
constexpr Tag kCompleted = 0x00001021;
constexpr Tag kFailed = 0x00001022;
constexpr Tag kWarning = 0x00001023;
constexpr Tag kMoveOriginatorAe = 0x00001030;
constexpr Tag kMoveOriginatorMessageId = 0x00001031;
}  // namespace command

// Values of the command field; a response has kResponse set.
namespace operation {
constexpr int kStore = 0x0001;
constexpr int kRetrieve = 0x0010;  // C-GET
constexpr int kFind = 0x0020;
constexpr int kMove = 0x0021;
constexpr int kEcho = 0x0030;
constexpr int kEventReport = 0x0100;
constexpr int kGet = 0x0110;
constexpr int kSet = 0x0120;
constexpr int kAction = 0x0130;
constexpr int kCreate = 0x0140;
constexpr int kDelete = 0x0150;
constexpr int kCancel = 0x0FFF;
constexpr int kResponse = 0x8000;
}  // namespace operation

namespace status {
constexpr int kSuccess = 0x0000;
constexpr int kInvalidAttributeValue = 0x0106;
constexpr int kProcessingFailure = 0x0110;
constexpr int kDuplicateInstance = 0x0111;
constexpr int kNoSuchInstance = 0x0112;
constexpr int kClassInstanceConflict = 0x0119;
constexpr int kMissingAttribute = 0x0120;
constexpr int kMissingAttributeValue = 0x0121;
constexpr int kNotAuthorized = 0x0124;
constexpr int kDuplicateTransaction = 0x0131;
constexpr int kUnrecognizedOperation = 0x0211;
constexpr int kResourceLimitation = 0x0213;
constexpr int kOutOfResources = 0xA700;
constexpr int kCannotCount = 0xA701;  // Out of resources: more matches than are sent at once.
constexpr int kMoveAllFailed = 0xA702;
constexpr int kDestinationUnknown = 0xA801;
constexpr int kMismatch = 0xA900;
constexpr int kMoveSomeFailed = 0xB000;
constexpr int kCannotUnderstand = 0xC000;
constexpr int kCancelled = 0xFE00;
constexpr int kPending = 0xFF00;
}  // namespace status

struct Command {
  uint8_t context_id = 0;
  Dataset fields;

  int operation() const { return Number(command::kCommandField); }
  int message_id() const { return Number(command::kMessageId); }
  bool has_dataset() const { return Number(command::kDataSetType) != 0x0101; }
  int Number(Tag tag) const { return static_cast<int>(fields.Int(tag).value_or(0)); }
};

// Reads and writes whole messages on an association, which must outlive it. For one thread. Errors
// as the association's, INVALID_ARGUMENT (with an abort) where the peer breaks the protocol.
class Messages {
 public:
  explicit Messages(Association& association) : association_(association) {}

  // A command set: flat, at most 64 kB.
  absl::StatusOr<Command> ReceiveCommand();
  // The data set of `command`, part by part. RESOURCE_EXHAUSTED (with an abort) beyond `bytes_max`.
  absl::Status ReceiveData(const Command& command, uint64_t bytes_max,
                           const std::function<void(std::string_view)>& take);
  // The same in memory, decoded: identifiers and attribute lists, at most 1 MiB. An undecodable one
  // is INVALID_ARGUMENT with the association intact: `undecodable` tells.
  absl::StatusOr<ReadResult> ReceiveDataset(const Command& command, bool* undecodable);

  // `data_set` is whether one follows; the data set type is set accordingly.
  absl::Status SendCommand(uint8_t context_id, Dataset fields, bool has_dataset);
  absl::Status SendDataset(uint8_t context_id, const Dataset& dataset, const CharacterSet& charset);
  absl::Status SendBytes(uint8_t context_id, std::string_view bytes, bool is_last);
  // Answers `command` with `status`; a failure's message goes into the Error Comment.
  absl::Status Respond(const Command& command, int status, std::string_view comment = "",
                       const Dataset& more = {}, bool has_dataset = false);

  // Something has come already: a C-CANCEL, or the peer's end.
  bool HasData() { return association_.connection().HasData(); }
  Association& association() { return association_; }

 private:
  absl::Status Violation(std::string_view what);

  Association& association_;
};

// As the strings of this house.
inline std::string MessageOf(const absl::Status& status) { return std::string(status.message()); }
// A status' message as an Error Comment: printable ASCII, at most 64 characters.
std::string ErrorComment(std::string_view message);

}  // namespace tongjian::dicom
