#include "common/security/permission.h"

#include <algorithm>
#include <string>

namespace tongjian::security {
namespace {

// A clinic's gateway passes on what its HIS and its devices do, and is run with its own certificate
// on its own machine.
constexpr std::string_view kGateway[] = {
    "registry.read",  "patients.read",    "patients.write",     "orders.create",
    "orders.read",    "orders.modify",    "orders.cancel",      "orders.number",
    "imaging.ingest", "imaging.read",     "imaging.complete",   "reading.read",
    "exchange.read",  "exchange.publish", "exchange.recognize", "exchange.acknowledge",
    "events.follow",  "edge.*",           "audit.append",
};
constexpr std::string_view kHis[] = {
    "registry.read",        "patients.read", "patients.write",   "orders.create",
    "orders.read",          "orders.modify", "orders.cancel",    "imaging.read",
    "reading.read",         "exchange.read", "exchange.publish", "exchange.recognize",
    "exchange.acknowledge", "events.follow", "edge.*",
};
// A device that reaches the hub itself, over DICOM with TLS: it reads its worklist and sends
// images.
constexpr std::string_view kDevice[] = {"orders.read", "imaging.ingest"};
// A hospital's PACS, RIS or LIS, or another hub: results in and out, nothing of the work between.
constexpr std::string_view kPeer[] = {
    "registry.read",      "exchange.read",        "exchange.publish",
    "exchange.recognize", "exchange.acknowledge", "events.follow",
};

constexpr std::string_view kClinicDoctor[] = {
    "registry.read", "patients.read",      "patients.write",       "orders.create", "orders.read",
    "orders.modify", "orders.cancel",      "imaging.read",         "imaging.match", "reading.read",
    "exchange.read", "exchange.recognize", "exchange.acknowledge", "edge.read",
};
constexpr std::string_view kClinicTechnician[] = {
    "registry.read", "patients.read", "patients.write", "orders.create", "orders.read",
    "orders.modify", "imaging.*",     "exchange.read",  "edge.*",
};
// Returns, holds and hands over orders of the own center too (orders.route).
constexpr std::string_view kReader[] = {
    "registry.read",   "patients.read", "orders.read",          "orders.route",  "imaging.read",
    "imaging.match",   "reading.read",  "reading.claim",        "reading.write", "reading.sign",
    "reading.release", "exchange.read", "exchange.acknowledge",
};
constexpr std::string_view kCenterHead[] = {
    "registry.read",      "patients.*",   "orders.read",   "orders.modify",
    "orders.cancel",      "orders.route", "imaging.read",  "imaging.match",
    "imaging.complete",   "reading.*",    "exchange.read", "exchange.acknowledge",
    "exchange.supervise", "edge.read",
};
// Keeps the community's patient index (主索引管理): sees patients of every facility and says which are one, and opens no record
// of theirs. Merging across facilities is nobody else's.
constexpr std::string_view kPatientSteward[] = {"registry.read", "patients.*"};
// Reads and counts; changes nothing, and sees no image.
constexpr std::string_view kBureau[] = {
    "registry.read", "orders.read",        "reading.read",
    "exchange.read", "exchange.supervise", "edge.read",
};
// Runs the system and opens no record. The trail is another person's (GB/T 22239 8.1: three roles
// apart).
constexpr std::string_view kOperator[] = {"registry.*", "accounts.*", "edge.*"};
constexpr std::string_view kAuditor[] = {"audit.read", "audit.verify"};
// A service never signs: behind every signature is a person.
constexpr std::string_view kService[] = {
    "registry.read",   "registry.write", "patients.*",    "orders.*",
    "imaging.*",       "reading.read",   "reading.claim", "reading.write",
    "reading.release", "exchange.*",     "events.follow",
};

constexpr RoleGrant kRoles[] = {
    {"machine:gateway", Reach::kOwnFacility, kGateway},
    {"machine:his", Reach::kOwnFacility, kHis},
    {"machine:device", Reach::kOwnFacility, kDevice},
    {"machine:peer", Reach::kOwnFacility, kPeer},
    {"machine:hub", Reach::kOwnFacility, {}},
    {"machine:proxy", Reach::kOwnFacility, {}},
    {"service", Reach::kEverything, kService},
    {"clinic_doctor", Reach::kOwnFacility, kClinicDoctor},
    {"clinic_technician", Reach::kOwnFacility, kClinicTechnician},
    {"reader", Reach::kOwnFacility, kReader},
    {"center_head", Reach::kOwnFacility, kCenterHead},
    {"patient_steward", Reach::kEverything, kPatientSteward},
    {"bureau", Reach::kEverything, kBureau},
    {"operator", Reach::kEverything, kOperator},
    {"auditor", Reach::kEverything, kAuditor},
};
constexpr std::string_view kMachinePrefix = "machine:";
constexpr std::string_view kServiceRole = "service";

const RoleGrant* Find(std::string_view role) {
  const auto* row = std::find_if(std::begin(kRoles), std::end(kRoles),
                                 [&](const RoleGrant& grant) { return grant.role == role; });
  return row == std::end(kRoles) ? nullptr : row;
}

bool Covers(std::string_view grant, std::string_view permission) {
  if (!grant.ends_with(".*")) return grant == permission;
  return permission.starts_with(grant.substr(0, grant.size() - 1));
}

bool Grants(const RoleGrant* row, std::string_view permission) {
  return row != nullptr && Known(permission) &&
         std::any_of(row->grants.begin(), row->grants.end(),
                     [&](std::string_view grant) { return Covers(grant, permission); });
}

// The rows of the table that give the caller this permission, without regard to whom it acts for.
std::vector<const RoleGrant*> GrantingRows(const Caller& caller, std::string_view permission) {
  std::vector<const RoleGrant*> rows;
  const auto add = [&](std::string_view role) {
    if (const RoleGrant* row = Find(role); Grants(row, permission)) rows.push_back(row);
  };
  switch (caller.kind) {
    case CallerKind::kAnonymous:
      break;
    case CallerKind::kService:
      add(kServiceRole);
      break;
    case CallerKind::kMachine:
      add(std::string(kMachinePrefix) + std::string(Name(caller.machine_role)));
      break;
    case CallerKind::kPerson:
      for (const std::string& role : caller.roles) {
        if (IsPersonRole(role)) add(role);
      }
      break;
  }
  return rows;
}

}  // namespace

std::span<const RoleGrant> Roles() { return kRoles; }

bool Known(std::string_view permission) {
  return std::find(std::begin(kPermissions), std::end(kPermissions), permission) !=
         std::end(kPermissions);
}

bool IsPersonRole(std::string_view role) {
  return role != kServiceRole && !role.starts_with(kMachinePrefix) && Find(role) != nullptr;
}

bool Allows(const Caller& caller, std::string_view permission) {
  if (GrantingRows(caller, permission).empty()) return false;
  const Caller* behalf = caller.on_behalf_of.get();
  if (caller.kind != CallerKind::kMachine || behalf == nullptr || behalf->roles.empty())
    return true;
  return Allows(*behalf, permission);
}

Scope ScopeFor(const Caller& caller, std::string_view permission) {
  if (!Allows(caller, permission)) return Scope::Nothing();
  if (caller.kind == CallerKind::kService) return Scope::Service().For(caller.purpose);
  for (const RoleGrant* row : GrantingRows(caller, permission)) {
    if (row->reach == Reach::kEverything) return Scope::Everything(row->role, caller.purpose);
  }
  return Scope::Facilities({caller.facility_id}, caller.purpose);
}

}  // namespace tongjian::security
