// Who is asking, as the door has established it.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tongjian::security {

enum class CallerKind { kAnonymous, kMachine, kPerson, kService };

// What a machine's certificate says it is. A proxy may forward its clients' certificates and may do
// nothing itself; a hub acts only with a signed principal.
enum class MachineRole { kNone, kGateway, kHis, kDevice, kPeer, kHub, kProxy };

// Why the call is made. Recognition crosses facilities and is shown to the supervisor; emergency is
// reviewed afterwards.
enum class Purpose {
  kUnspecified,
  kTreatment,
  kRecognition,
  kEmergency,
  kSupervision,
  kOperation,
  kAudit
};

// A caller, established from a certificate, a token or a signed principal; never from what the
// caller says about itself.
struct Caller {
  CallerKind kind = CallerKind::kAnonymous;
  MachineRole machine_role = MachineRole::kNone;  // Machines only.
  std::string service;                            // Services only: which one.
  std::string facility_id;                        // The machine's or person's own facility.
  std::string user_id;                            // Persons only: the account.
  std::string practitioner_id;                    // Persons who are in the registry.
  std::vector<std::string> roles;                 // Persons only: names of permission.h.
  Purpose purpose = Purpose::kUnspecified;
  // A plain DICOM, MLLP or ASTM peer known by its address alone.
  bool weak_identity = false;
  // For whom a service acts, or which person of the clinic a gateway or HIS forwards; null where
  // there is none.
  std::shared_ptr<const Caller> on_behalf_of;
};

// Callers are equal when every field is, behind on_behalf_of too.
bool operator==(const Caller& a, const Caller& b);

// The end of the on_behalf_of chain: the caller the trail is about.
const Caller& Originator(const Caller& caller);

// One line for logs and the audit trail: ids only, never a name, e.g. "person:jinhua-u1@jinhua-f1
// via service:reading".
std::string Describe(const Caller& caller);

// The names used in certificates, tokens and principals: "gateway", "his", "device", "peer", "hub",
// "proxy"; "PERSON", "MACHINE"...; "TREATMENT", "RECOGNITION"... No value is parsed from an unknown
// name.
std::string_view Name(CallerKind kind);
std::string_view Name(MachineRole role);
std::string_view Name(Purpose purpose);
std::optional<CallerKind> ParseCallerKind(std::string_view name);
std::optional<MachineRole> ParseMachineRole(std::string_view name);
std::optional<Purpose> ParsePurpose(std::string_view name);

}  // namespace tongjian::security
