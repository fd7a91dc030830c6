#include "services/audit/delivery.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "common/base/check.h"
#include "common/base/status.h"
#include "common/rpc/proto_time.h"
#include "common/rpc/trail.h"
#include "common/security/digest.h"
#include "common/telemetry/log.h"
#include "services/audit/encode.h"
#include "services/audit/record.h"
#include "tongjian/audit/v1/record.pb.h"

namespace tongjian::audit {
namespace {

constexpr int kRecordsMax = 500;
constexpr size_t kRecordBytesMax = 512 << 10;
constexpr size_t kBatchBytesMax = 2 << 20;
constexpr size_t kTextMax = 256;
constexpr int kRolesMax = 32;
constexpr int kActorsMax = 4;  // One behind the other.
constexpr char kEdge[] = "edge";
constexpr char kGateway[] = "gateway";

bool Plain(const std::string& text) {
  return text.size() <= kTextMax &&
         std::none_of(text.begin(), text.end(), [](unsigned char c) { return absl::ascii_iscntrl(c); });
}

bool Plain(const v1::Actor& first) {
  const v1::Actor* actor = &first;
  for (int i = 0; i < kActorsMax; ++i) {
    const bool plain = Plain(actor->kind()) && Plain(actor->machine_role()) &&
                       Plain(actor->service()) && Plain(actor->facility_id()) &&
                       Plain(actor->user_id()) && Plain(actor->practitioner_id()) &&
                       actor->roles_size() <= kRolesMax &&
                       std::all_of(actor->roles().begin(), actor->roles().end(),
                                   [](const std::string& role) { return Plain(role); });
    if (!plain || !actor->has_on_behalf_of()) return plain;
    actor = &actor->on_behalf_of();
  }
  return false;
}

bool Usable(const v1::AuditRecord& record) {
  return Plain(record.request_id()) && Plain(record.service()) && Plain(record.method()) &&
         Plain(record.purpose()) && Plain(record.peer()) && Plain(record.scope_reason()) &&
         Plain(record.actor()) && record.patients_size() <= rpc::Trail::kTouchedMax &&
         record.object_ids_size() <= rpc::Trail::kTouchedMax &&
         rpc::CheckedTime(record.time(), "time").ok() &&
         std::all_of(record.patients().begin(), record.patients().end(),
                     [](const v1::TouchedPatient& patient) {
                       return Plain(patient.patient_id()) && Plain(patient.facility_id()) &&
                              Plain(patient.facility_patient_digest());
                     }) &&
         std::all_of(record.object_ids().begin(), record.object_ids().end(),
                     [](const std::string& id) { return Plain(id); });
}

bool IsGateway(const v1::Actor& actor, std::string_view facility_id) {
  return actor.machine_role() == kGateway && actor.facility_id() == facility_id &&
         !actor.has_on_behalf_of();
}

// Whether a gateway may say this of its own clinic: its machines, its people, and strangers whom
// nothing names.
bool OfItsOwn(const v1::Actor& first, std::string_view facility_id) {
  for (const v1::Actor* actor = &first;; actor = &actor->on_behalf_of()) {
    const bool nobody = actor->kind() == "ANONYMOUS" && actor->facility_id().empty() &&
                        actor->user_id().empty() && actor->practitioner_id().empty();
    if (!nobody && actor->facility_id() != facility_id) return false;
    if (!actor->service().empty() || actor->kind() == "SERVICE") return false;
    if (!actor->has_on_behalf_of()) return true;
  }
}

// Where the actor stays as it was written, it is the gateway itself.
void SetActor(std::string_view facility_id, v1::AuditRecord& record) {
  if (IsGateway(record.actor(), facility_id)) return;
  v1::Actor claimed = std::move(*record.mutable_actor());
  v1::Actor& actor = *record.mutable_actor();
  actor.Clear();
  actor.set_kind("MACHINE");
  actor.set_machine_role(kGateway);
  actor.set_facility_id(std::string(facility_id));
  if (OfItsOwn(claimed, facility_id)) {
    *actor.mutable_on_behalf_of() = std::move(claimed);
  } else {
    *record.mutable_delivery()->mutable_claimed_actor() = std::move(claimed);
  }
}

absl::Status CheckLimits(const v1::AppendRecordsRequest& request) {
  if (request.records_size() > kRecordsMax) {
    return base::InvalidField("records", absl::StrCat("at most ", kRecordsMax, " at a time"));
  }
  size_t bytes = 0;
  for (const std::string& record : request.records()) {
    if (record.size() > kRecordBytesMax) {
      return base::InvalidField("records", absl::StrCat("one has more than ", kRecordBytesMax, " bytes"));
    }
    bytes += record.size();
  }
  if (bytes <= kBatchBytesMax) return absl::OkStatus();
  return base::InvalidField("records", absl::StrCat("together more than ", kBatchBytesMax, " bytes"));
}

}  // namespace

std::string DeliverySource(std::string_view facility_id) {
  return absl::StrCat("edge.audit@", std::string(facility_id));
}

SealedRecord Seal(std::string_view facility_id, std::string_view bytes, absl::Time received) {
  const std::string source = DeliverySource(facility_id);
  v1::AuditRecord record;
  const bool readable =
      record.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())) && Usable(record);
  if (!readable) record.Clear();
  record.DiscardUnknownFields();
  v1::Delivery& delivery = *record.mutable_delivery();
  delivery.Clear();  // Whatever the gateway wrote there.
  delivery.set_facility_id(std::string(facility_id));
  *delivery.mutable_receive_time() = rpc::ToProto(received);
  delivery.set_digest(security::Sha256Text(bytes));
  if (!readable) delivery.set_unreadable(std::string(bytes));
  if (readable && record.service() != kEdge) delivery.set_claimed_service(record.service());
  record.set_service(kEdge);
  SetActor(facility_id, record);

  SealedRecord sealed;
  sealed.record = record.SerializeAsString();
  sealed.digest = security::Sha256Text(absl::StrCat(source, "\n", std::string(bytes)));
  const absl::StatusOr<EntryIndex> index = IndexOf(sealed.record);
  TJ_CHECK(index.ok());  // It was written just now.
  sealed.index = *index;
  return sealed;
}

Deliveries::Deliveries(TrailStore& store, const Heads& heads, const base::Clock& clock,
                       telemetry::Registry& metrics)
    : store_(store),
      heads_(heads),
      clock_(clock),
      appended_(metrics.GetCounter("tongjian_audit_delivered_records_total",
                                   "Records of gateways", {{"result", "appended"}})),
      repeated_(metrics.GetCounter("tongjian_audit_delivered_records_total",
                                   "Records of gateways", {{"result", "repeated"}})),
      contradicted_(metrics.GetCounter("tongjian_audit_contradicted_heads_total",
                                       "Signed heads kept by gateways that the trail contradicts")) {
}

absl::StatusOr<bool> Deliveries::Contradicts(std::string_view facility_id,
                                             const v1::SignedHead& known) {
  TJ_ASSIGN_OR_RETURN(const Head head, Decode(known));
  if (absl::Status valid = heads_.Check(head); !valid.ok()) {
    telemetry::Log(telemetry::Level::kWarning, "audit_head_of_gateway_invalid",
                   {{"facility", facility_id}, {"sequence", head.sequence}, {"status", valid}});
    return false;  // It proves nothing: not ours.
  }
  TJ_ASSIGN_OR_RETURN(const std::string hash, store_.HashAt(head.sequence));
  if (hash == head.hash) return false;
  TJ_ASSIGN_OR_RETURN(const bool news, store_.SaveWitness(head, facility_id, clock_.Now()));
  if (news) {
    contradicted_.Add();
    telemetry::Log(telemetry::Level::kError, "audit_trail_rewound",
                   {{"facility", facility_id}, {"sequence", head.sequence}});
  }
  return true;
}

absl::StatusOr<bool> Deliveries::Rewound(std::string_view facility_id,
                                         const v1::AppendRecordsRequest& request) {
  bool rewound = false;
  if (request.has_known_head()) {
    TJ_ASSIGN_OR_RETURN(rewound, Contradicts(facility_id, request.known_head()));
  }
  const v1::TrailPosition& known = request.known_position();
  if (rewound || known.sequence() == 0) return rewound;
  TJ_ASSIGN_OR_RETURN(const std::string hash, store_.HashAt(known.sequence()));
  if (hash == known.hash()) return false;
  // Unsigned, so no proof; but the gateway gains nothing by saying it.
  telemetry::Log(telemetry::Level::kWarning, "audit_position_unknown",
                 {{"facility", facility_id}, {"sequence", known.sequence()}});
  return true;
}

absl::StatusOr<v1::AppendRecordsResponse> Deliveries::Append(
    std::string_view facility_id, const v1::AppendRecordsRequest& request) {
  TJ_CHECK(!facility_id.empty());  // Every gateway's certificate names one.
  TJ_TRY(CheckLimits(request));
  v1::AppendRecordsResponse response;
  TJ_ASSIGN_OR_RETURN(const bool rewound, Rewound(facility_id, request));
  response.set_rewound(rewound);
  const std::string source = DeliverySource(facility_id);
  const absl::Time now = clock_.Now();
  std::vector<SealedRecord> sealed;
  for (const std::string& bytes : request.records()) sealed.push_back(Seal(facility_id, bytes, now));
  int64_t appended = 0;
  if (!sealed.empty()) {
    TJ_TRY(store_.database().Write([&](store::Transaction& tx) -> absl::Status {
      appended = 0;
      for (const SealedRecord& one : sealed) {
        TJ_ASSIGN_OR_RETURN(const bool news,
                            TrailStore::Append(tx, source, one.record, one.index, one.digest));
        appended += news ? 1 : 0;
      }
      return absl::OkStatus();
    }));
  }
  const auto known = static_cast<int64_t>(sealed.size()) - appended;
  appended_.Add(static_cast<double>(appended));
  repeated_.Add(static_cast<double>(known));
  response.set_appended(appended);
  response.set_repeated_records(known);
  TJ_ASSIGN_OR_RETURN(const Link tail, store_.Tail());
  response.mutable_position()->set_sequence(tail.sequence);
  response.mutable_position()->set_hash(tail.hash);
  TJ_ASSIGN_OR_RETURN(const auto newest, store_.NewestHead());
  if (newest && (rewound || newest->sequence > request.known_head().sequence())) {
    Encode(*newest, response.mutable_head());
  }
  return response;
}

}  // namespace tongjian::audit
