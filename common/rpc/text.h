// Text that is safe in metadata, logs and protobuf strings.
#pragma once

#include <string>
#include <string_view>

namespace tongjian::rpc {

// At most `size_max` bytes of valid UTF-8 on one line: control characters become spaces, wrong
// bytes "?".
std::string OneLine(std::string_view text, size_t size_max);

// Whether it can be a request id from outside: 1 to 64 characters of [A-Za-z0-9._-].
bool IsRequestId(std::string_view text);

// The address of gRPC's peer text without the port: "ipv4:10.0.0.7:5123" is "10.0.0.7",
// "ipv6:%5B::1%5D:5123" is "::1". Empty for a caller in this process.
std::string AddressOf(std::string_view peer);

// Whether "host:port" names this machine alone: "localhost", 127.0.0.0/8 or [::1].
bool IsLoopback(std::string_view address);

// Undoes %XX escapes; a '%' without two digits stays.
std::string Unescape(std::string_view text);
// Escapes all but [A-Za-z0-9._-].
std::string Escape(std::string_view text);

}  // namespace tongjian::rpc
