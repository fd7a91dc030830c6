// Goal: whatever messages a peer sends inside a good association, command sets and identifiers are
// refused or answered, and nothing else happens. Method: the input is a list of PDVs (context and
// control, length, bytes), put into good PDUs behind a good association request; a control of 0xFF
// writes a command set whose field, UIDs and flags the next bytes choose.
#include "common/base/check.h"
#include "common/dicom/dataset.h"
#include "common/dicom/message.h"
#include "common/dicom/uid.h"
#include "tests/fuzz/input.h"
#include "tests/fuzz/session.h"

namespace tongjian::dicom {
namespace {

constexpr int kOperations[] = {operation::kEcho,   operation::kStore,       operation::kFind,
                               operation::kMove,   operation::kCancel,      operation::kCreate,
                               operation::kSet,    operation::kGet,         operation::kAction,
                               operation::kDelete, operation::kEventReport, 0x8001};
constexpr std::string_view kUids[] = {"1.2.840.10008.5.1.4.1.1.2", "1.2.3", "../x", "",
                                      uids::kStudyRootFind};

std::string CommandOf(fuzz::Input& input) {
  Dataset fields;
  fields.Set(command::kCommandField,
             std::to_string(kOperations[input.Byte() % std::size(kOperations)]));
  fields.Set(command::kMessageId, std::to_string(input.Byte()));
  const uint8_t flags = input.Byte();
  fields.Set(command::kDataSetType, (flags & 1) != 0 ? "1" : "257");
  const Tag sop_class =
      (flags & 2) != 0 ? command::kRequestedSopClassUid : command::kAffectedSopClassUid;
  const Tag instance =
      (flags & 2) != 0 ? command::kRequestedSopInstanceUid : command::kAffectedSopInstanceUid;
  fields.Set(sop_class, kUids[input.Byte() % std::size(kUids)]);
  fields.Set(instance, kUids[input.Byte() % std::size(kUids)]);
  if ((flags & 4) != 0) fields.Set(command::kMoveDestination, input.Take(input.Byte() % 40));
  const auto bytes = WriteDataset(fields, uids::kImplicitLittleEndian, CharacterSet());
  return bytes.ok() ? *bytes : "";
}

std::string Big(size_t number) {
  std::string text;
  for (int shift = 24; shift >= 0; shift -= 8)
    text.push_back(static_cast<char>(number >> shift & 0xFF));
  return text;
}

std::string PduOf(char context, char control, std::string_view bytes) {
  const std::string pdv = Big(bytes.size() + 2) + context + control + std::string(bytes);
  return std::string("\4\0", 2) + Big(pdv.size()) + pdv;
}

}  // namespace
}  // namespace tongjian::dicom

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  namespace dicom = tongjian::dicom;
  tongjian::fuzz::Input input(data, size);
  std::string received = dicom::FuzzAssociateRequest();
  while (!input.empty()) {
    const uint8_t context = input.Byte();
    const uint8_t control = input.Byte();
    if (control == 0xFF) {
      received += dicom::PduOf(static_cast<char>(context), 3, dicom::CommandOf(input));
    } else {
      const size_t length = input.Short() % 20000;
      received +=
          dicom::PduOf(static_cast<char>(context), static_cast<char>(control), input.Take(length));
    }
  }
  dicom::ServeBytes(received, 1 << 20);
  return 0;
}
