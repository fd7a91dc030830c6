// One C-STORE request on an association of either side.
#pragma once

#include <cstdint>
#include <optional>

#include "common/dicom/message.h"
#include "common/dicom/scu.h"
#include "common/dicom/service.h"

namespace tongjian::dicom {

// The accepted context an object goes out in: of its class in its own transfer syntax, else, where it
// is uncompressed, in one it can be recoded to (recoder.h). `provided`: contexts in which the peer
// takes the SCP's role alone. FAILED_PRECONDITION where there is none.
absl::StatusOr<uint8_t> ContextToSend(const Association& association, std::string_view sop_class_uid,
                                      std::string_view transfer_syntax_uid, bool provided);

// Streams the object's data set unchanged, without the file's meta header; in the context's transfer
// syntax, which is its own or one it can be recoded to. The response is for the caller to receive.
// UNAVAILABLE once the association is dead: also where reading fails in the middle, for half an object
// has gone out then. Other errors: nothing was sent.
absl::Status SendObject(Messages& messages, uint8_t context_id, uint16_t message_id,
                        const StoredObject& object,
                        const std::optional<MoveOriginator>& originator = std::nullopt);

}  // namespace tongjian::dicom
