#include "services/audit/encode.h"

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "common/base/status.h"
#include "common/rpc/proto_time.h"

namespace tongjian::audit {

void Encode(const Head& head, v1::SignedHead* out) {
  out->set_sequence(head.sequence);
  out->set_hash(head.hash);
  if (head.sequence > 0) *out->mutable_time() = rpc::ToProto(head.time);
  out->set_algorithm(head.algorithm);
  out->set_value(absl::Base64Escape(head.value));
  out->set_certificate_pem(head.certificate_pem);
}

absl::StatusOr<Head> Decode(const v1::SignedHead& head) {
  Head decoded{.sequence = head.sequence(),
               .hash = head.hash(),
               .time = rpc::FromProto(head.time()),
               .algorithm = head.algorithm(),
               .value = "",
               .certificate_pem = head.certificate_pem()};
  if (!absl::Base64Unescape(head.value(), &decoded.value)) {
    return base::InvalidField("known_head.value", "a signature is base64");
  }
  return decoded;
}

absl::Status Encode(const Link& link, v1::Entry* out) {
  out->set_sequence(link.sequence);
  out->set_source(link.source);
  out->set_previous_hash(link.previous_hash);
  out->set_hash(link.hash);
  if (!out->mutable_record()->ParseFromString(link.record)) {
    return absl::DataLossError(
        absl::StrCat("entry ", link.sequence, " cannot be read: verify the trail"));
  }
  return absl::OkStatus();
}

}  // namespace tongjian::audit
