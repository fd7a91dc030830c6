#include "common/runtime/dicom_port.h"

#include "common/telemetry/log.h"

namespace tongjian::runtime {

absl::StatusOr<std::unique_ptr<dicom::Listener>> MakeDicomListener(
    const ProcessOptions& options, const security::CredentialFiles& files) {
  if (options.dicom_port < 0) return nullptr;
  dicom::Endpoint endpoint;
  endpoint.address = options.dicom_address;
  endpoint.port = static_cast<uint16_t>(options.dicom_port);
  endpoint.allowed_peers = options.dicom_peers;
  if (options.dicom_tls) {
    if (files.certificate_chain.empty()) {
      return absl::FailedPreconditionError(
          "dicom.tls needs rpc.certificate and rpc.private-key, or ca");
    }
    endpoint.tls = dicom::TlsOptions{.certificate_file = files.certificate_chain,
                                     .key_file = files.private_key,
                                     .authority_file = files.authorities};
  }
  dicom::ListenerOptions listener;
  listener.endpoints = {endpoint};
  listener.ae_title = options.dicom_ae_title;
  listener.associations_max = static_cast<int>(options.dicom_associations_max);
  listener.associations_per_peer_max = static_cast<int>(options.dicom_associations_per_peer_max);
  listener.acse_timeout = options.dicom_acse_timeout;
  listener.pdu_timeout = options.dicom_pdu_timeout;
  listener.idle_timeout = options.dicom_idle_timeout;
  listener.observe = [](std::string_view event, const dicom::AssociationInfo& info,
                        std::string_view detail) {
    telemetry::Log(telemetry::Level::kInfo, "dicom",
                   {{"what", event},
                    {"association", info.id},
                    {"peer", info.peer_address},
                    {"detail", detail}});
  };
  return std::make_unique<dicom::Listener>(std::move(listener));
}

std::vector<telemetry::Registry::Watch> WatchDicom(dicom::Listener& listener,
                                                   telemetry::Registry& metrics) {
  std::vector<telemetry::Registry::Watch> watches;
  const auto watch = [&](std::string_view name, std::string_view help,
                         int64_t dicom::ListenerCounts::*count) {
    watches.push_back(metrics.WatchGauge(name, help, {}, [&listener, count] {
      return static_cast<double>(listener.counts().*count);
    }));
  };
  using Counts = dicom::ListenerCounts;
  watch("tongjian_dicom_associations", "Open associations", &Counts::associations);
  watch("tongjian_dicom_accepted", "Associations accepted since the start", &Counts::accepted);
  watch("tongjian_dicom_refused", "Associations refused since the start", &Counts::refused);
  watch("tongjian_dicom_aborted", "Associations broken off since the start", &Counts::aborted);
  watch("tongjian_dicom_objects_stored", "Objects stored since the start", &Counts::objects_stored);
  watch("tongjian_dicom_objects_refused", "Objects refused since the start",
        &Counts::objects_refused);
  watch("tongjian_dicom_bytes_received", "Bytes received since the start", &Counts::bytes_received);
  return watches;
}

}  // namespace tongjian::runtime
