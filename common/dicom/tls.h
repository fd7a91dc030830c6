// How a DICOM connection is secured (PS3.15 B.12: TLS 1.2 or better).
#pragma once

#include <string>

namespace tongjian::dicom {

// Paths of PEM files. A listener needs certificate and key; `require_peer_certificate` refuses
// peers that show none signed by `authority_file`.
struct TlsOptions {
  std::string certificate_file;
  std::string key_file;
  std::string authority_file;
  bool require_peer_certificate = true;
};

}  // namespace tongjian::dicom
