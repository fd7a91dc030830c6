// The process's HTTP port as the settings want it. Internal to common/runtime.
#pragma once

#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "common/runtime/process.h"
#include "common/security/tls.h"
#include "common/telemetry/metrics.h"
#include "common/web/server.h"

namespace tongjian::runtime {

// Null where the settings name no port. FAILED_PRECONDITION for TLS without a certificate.
absl::StatusOr<std::unique_ptr<web::Server>> MakeWebServer(const ProcessOptions& options,
                                                           const security::CredentialFiles& files);

// Its counts as metrics; `server` must outlive them.
std::vector<telemetry::Registry::Watch> WatchWeb(web::Server& server, telemetry::Registry& metrics);

}  // namespace tongjian::runtime
