// One C-STORE request on an association of either side.
#pragma once

#include <cstdint>
#include <optional>

#include "common/dicom/message.h"
#include "common/dicom/scu.h"
#include "common/dicom/service.h"

namespace tongjian::dicom {

// Streams the object's data set unchanged, in its own transfer syntax, without the file's meta
// header. The response is for the caller to receive. UNAVAILABLE once the association is dead: also
// where reading fails in the middle, for half an object has gone out then. Other errors: nothing was
// sent.
absl::Status SendObject(Messages& messages, uint8_t context_id, uint16_t message_id,
                        const StoredObject& object,
                        const std::optional<MoveOriginator>& originator = std::nullopt);

}  // namespace tongjian::dicom
