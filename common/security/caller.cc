#include "common/security/caller.h"

#include <algorithm>
#include <iterator>

#include "absl/strings/str_cat.h"
#include "common/security/encoding.h"

namespace tongjian::security {
namespace {

template <class Enum>
struct Named {
  Enum value;
  std::string_view name;
};

constexpr Named<CallerKind> kKinds[] = {{CallerKind::kAnonymous, "ANONYMOUS"},
                                        {CallerKind::kMachine, "MACHINE"},
                                        {CallerKind::kPerson, "PERSON"},
                                        {CallerKind::kService, "SERVICE"}};

constexpr Named<MachineRole> kMachineRoles[] = {
    {MachineRole::kGateway, "gateway"}, {MachineRole::kHis, "his"},
    {MachineRole::kDevice, "device"},   {MachineRole::kPeer, "peer"},
    {MachineRole::kHub, "hub"},         {MachineRole::kProxy, "proxy"}};

constexpr Named<Purpose> kPurposes[] = {
    {Purpose::kTreatment, "TREATMENT"},     {Purpose::kRecognition, "RECOGNITION"},
    {Purpose::kEmergency, "EMERGENCY"},     {Purpose::kSupervision, "SUPERVISION"},
    {Purpose::kOperation, "OPERATION"},     {Purpose::kAudit, "AUDIT"},
    {Purpose::kUnspecified, "UNSPECIFIED"},
};

template <class Enum, size_t n>
std::string_view NameIn(const Named<Enum> (&table)[n], Enum value) {
  const auto* row = std::find_if(table, table + n, [&](const auto& r) { return r.value == value; });
  return row == table + n ? std::string_view("none") : row->name;
}

template <class Enum, size_t n>
std::optional<Enum> ValueIn(const Named<Enum> (&table)[n], std::string_view name) {
  const auto* row = std::find_if(table, table + n, [&](const auto& r) { return r.name == name; });
  if (row == table + n) return std::nullopt;
  return row->value;
}

std::string DescribeOne(const Caller& caller) {
  switch (caller.kind) {
    case CallerKind::kAnonymous:
      return "anonymous";
    case CallerKind::kService:
      return absl::StrCat("service:", caller.service);
    case CallerKind::kPerson:
      return absl::StrCat("person:", caller.user_id, "@", caller.facility_id);
    case CallerKind::kMachine:
      return absl::StrCat(ToAbsl(Name(caller.machine_role)), ":", caller.facility_id,
                          caller.weak_identity ? " (weak device identity)" : "");
  }
  return "unknown";
}

}  // namespace

bool operator==(const Caller& a, const Caller& b) {
  const bool same_behalf = a.on_behalf_of && b.on_behalf_of ? *a.on_behalf_of == *b.on_behalf_of
                                                            : a.on_behalf_of == b.on_behalf_of;
  return same_behalf && a.kind == b.kind && a.machine_role == b.machine_role &&
         a.service == b.service && a.facility_id == b.facility_id && a.user_id == b.user_id &&
         a.practitioner_id == b.practitioner_id && a.roles == b.roles && a.purpose == b.purpose &&
         a.weak_identity == b.weak_identity;
}

const Caller& Originator(const Caller& caller) {
  const Caller* last = &caller;
  while (last->on_behalf_of) last = last->on_behalf_of.get();
  return *last;
}

std::string Describe(const Caller& caller) {
  std::string text = DescribeOne(caller);
  for (const Caller* next = caller.on_behalf_of.get(); next != nullptr;
       next = next->on_behalf_of.get()) {
    text = absl::StrCat(DescribeOne(*next), " via ", text);
  }
  return text;
}

std::string_view Name(CallerKind kind) { return NameIn(kKinds, kind); }
std::string_view Name(MachineRole role) { return NameIn(kMachineRoles, role); }
std::string_view Name(Purpose purpose) { return NameIn(kPurposes, purpose); }

std::optional<CallerKind> ParseCallerKind(std::string_view name) { return ValueIn(kKinds, name); }
std::optional<MachineRole> ParseMachineRole(std::string_view name) {
  return ValueIn(kMachineRoles, name);
}
std::optional<Purpose> ParsePurpose(std::string_view name) { return ValueIn(kPurposes, name); }

}  // namespace tongjian::security
