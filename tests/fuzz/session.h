// A whole DICOM session over bytes in memory: what the listener does with a connection, without
// one.
#pragma once

#include <string>
#include <string_view>

namespace tongjian::dicom {

// Serves `received` as if a peer had sent it and then gone, read in parts of at most `part` bytes.
// Returns what was sent back. Objects that were stored are checked once more as files.
std::string ServeBytes(std::string_view received, size_t part);

// A request for verification (1), storage (3 explicit, 5 implicit, 7 deflated), query (9),
// retrieval (11) and procedure steps (13).
std::string FuzzAssociateRequest();

}  // namespace tongjian::dicom
