// Protocol data units as they come from the wire, checked before DCMTK sees a byte of them
// (PS3.8 9.3).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/status.h"

namespace tongjian::dicom {

enum class PduType : uint8_t {
  kAssociateRequest = 1,
  kAssociateAccept = 2,
  kAssociateReject = 3,
  kData = 4,
  kReleaseRequest = 5,
  kReleaseResponse = 6,
  kAbort = 7
};

constexpr size_t kPduHeadSize = 6;
constexpr size_t kAssociatePduMax = 256 << 10;

struct PduHead {
  PduType type;
  uint32_t length;  // Of what follows.
};

// INVALID_ARGUMENT for an unknown type or a length that is not allowed for it, before anything is
// allocated for it.
absl::StatusOr<PduHead> CheckPduHead(std::string_view six_bytes, size_t data_bytes_max);

struct ProposedContext {
  uint8_t id = 0;
  std::string abstract_syntax;
  std::vector<std::string> transfer_syntaxes;
  bool scp_role = false;  // The requester wants to be the SCP here (role selection, PS3.7 D.3.3.4).
};

// What an A-ASSOCIATE-RQ says, the titles with their padding taken off and otherwise as they came.
struct AssociateRequest {
  std::string called_ae;
  std::string calling_ae;
  std::vector<ProposedContext> contexts;
};

// Structure of an associate PDU's body: items inside their parents, UIDs of at most 64 characters,
// at most 128 contexts with odd ids given once and at most 128 transfer syntaxes each, sub-items of
// the sizes they must have.
absl::StatusOr<AssociateRequest> CheckAssociateRequest(std::string_view body);
absl::Status CheckAssociateAccept(std::string_view body);
// A checked associate PDU's body as DCMTK is to see it: without the user information nobody here
// uses, and with another title in place of one that is none. Over both DCMTK loses memory, so a
// peer could make the process grow association by association. Titles are judged by
// AssociateRequest.
std::string ReduceAssociate(std::string_view body);
// Structure of a P-DATA-TF's body: PDVs that fill it exactly, each with its two bytes of context
// and control.
absl::Status CheckData(std::string_view body);

// One PDV (PS3.8 9.3.5.1 and E.2).
struct DataValue {
  uint8_t context_id = 0;
  bool is_command = false;
  bool is_last = false;
  std::string_view bytes;
};

// Takes the first PDV off a body that CheckData has passed. Not for an empty one.
DataValue TakeDataValue(std::string_view& body);

}  // namespace tongjian::dicom
