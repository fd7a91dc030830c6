// Where a process keeps what under its state directory: for the process itself, backup and restore.
#pragma once

#include <string>
#include <string_view>

namespace tongjian::runtime {

std::string DatabaseDirectory(std::string_view state);                       // <state>/db
std::string DatabaseFile(std::string_view state, std::string_view service);  // <state>/db/orders.db
std::string BlobDirectory(std::string_view state,
                          std::string_view service);  // <state>/blobs/imaging
std::string ServiceDirectory(std::string_view state,
                             std::string_view service);  // <state>/files/audit
std::string KeysDirectory(std::string_view state);       // <state>/keys
std::string PortsFile(std::string_view state);           // <state>/ports.json

}  // namespace tongjian::runtime
