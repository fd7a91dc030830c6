// Goal: whatever a peer sends from the first byte on, the session ends by itself, answers with
// whole PDUs and keeps nothing that is not storable. Method: the input is a connection's bytes; the
// first byte chooses in what parts they arrive, and whether a good association request goes before.
#include "common/base/check.h"
#include "common/dicom/pdu_check.h"
#include "tests/fuzz/input.h"
#include "tests/fuzz/session.h"

namespace {

// What is sent back is PDUs, whole ones, of a known type.
void CheckSent(std::string_view sent) {
  while (!sent.empty()) {
    TJ_CHECK(sent.size() >= tongjian::dicom::kPduHeadSize);
    const auto head = tongjian::dicom::CheckPduHead(sent.substr(0, 6), 1 << 20);
    TJ_CHECK(head.ok());
    TJ_CHECK(sent.size() >= 6 + size_t{head->length});
    sent.remove_prefix(6 + size_t{head->length});
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  namespace dicom = tongjian::dicom;
  tongjian::fuzz::Input input(data, size);
  const uint8_t how = input.Byte();
  const size_t part = (how & 0x7F) == 0 ? 1 << 20 : how & 0x7F;
  std::string received = (how & 0x80) != 0 ? dicom::FuzzAssociateRequest() : "";
  received += input.rest();
  CheckSent(dicom::ServeBytes(received, part));
  return 0;
}
