// How a certificate says that its key signs reports: no machine role, so it is no TLS identity.
#pragma once

#include <string_view>

namespace tongjian::security {

inline constexpr std::string_view kSigningRole = "signing";
inline constexpr char kDocumentSigning[] = "1.3.6.1.5.5.7.3.36";  // RFC 9336 id-kp-documentSigning.

}  // namespace tongjian::security
