// The process's DICOM listener as the settings want it. Internal to common/runtime.
#pragma once

#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "common/dicom/listener.h"
#include "common/runtime/process.h"
#include "common/security/tls.h"
#include "common/telemetry/metrics.h"

namespace tongjian::runtime {

// Null where the settings name no port. FAILED_PRECONDITION for TLS without a certificate.
absl::StatusOr<std::unique_ptr<dicom::Listener>> MakeDicomListener(
    const ProcessOptions& options, const security::CredentialFiles& files);

// Its counts as metrics; `listener` must outlive them.
std::vector<telemetry::Registry::Watch> WatchDicom(dicom::Listener& listener,
                                                   telemetry::Registry& metrics);

}  // namespace tongjian::runtime
