// What each role may do: one table, read by the door.
#pragma once

#include <span>
#include <string_view>

#include "common/security/caller.h"
#include "common/security/scope.h"

namespace tongjian::security {

// Every permission a method may ask for. A method that names any other does not start (the door
// checks with Known).
inline constexpr std::string_view kPermissions[] = {
    "registry.read",      "registry.write",   "registry.enroll",    "accounts.read",
    "accounts.write",     "patients.read",    "patients.write",     "patients.merge",
    "orders.create",      "orders.read",      "orders.modify",      "orders.cancel",
    "orders.route",       "orders.number",    "imaging.ingest",     "imaging.read",
    "imaging.match",      "imaging.complete", "reading.read",       "reading.claim",
    "reading.write",      "reading.sign",     "reading.release",    "reading.supervise",
    "exchange.read",      "exchange.publish", "exchange.recognize", "exchange.acknowledge",
    "exchange.supervise", "events.follow",    "audit.read",         "audit.verify",
    "audit.append",       "edge.read",        "edge.operate",
};

// How far a role reaches with the permissions it grants.
enum class Reach { kOwnFacility, kEverything };

// One row of the table. `grants` holds permissions, or "area.*" for all of an area.
struct RoleGrant {
  std::string_view role;
  Reach reach;
  std::span<const std::string_view> grants;
};

// The table, in the order it is written in permission.cc. Machines stand in it as "machine:gateway"
// and so on, services as "service", persons by the role names their tokens carry.
std::span<const RoleGrant> Roles();

// Whether `permission` is one of kPermissions.
bool Known(std::string_view permission);

// Whether `role` is one a person can hold (accounts and outside identity providers may give no
// other).
bool IsPersonRole(std::string_view role);

// Whether the caller may do it at all; whose rows is Scope's matter. A gateway or HIS that forwards
// a person with roles may do only what both may. A service stands for itself: it has admitted its
// caller at its own door.
bool Allows(const Caller& caller, std::string_view permission);

// The rows the caller may reach under this permission: its own facility, or everything where a role
// that reaches everything grants this very permission (a bureau supervisor who is also a clinic
// doctor reads everywhere and orders for the clinic alone). Nothing when Allows is false.
Scope ScopeFor(const Caller& caller, std::string_view permission);

}  // namespace tongjian::security
