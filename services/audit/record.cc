#include "services/audit/record.h"

#include <set>

#include "absl/strings/str_cat.h"
#include "common/base/status.h"
#include "common/rpc/proto_time.h"
#include "tongjian/audit/v1/record.pb.h"

namespace tongjian::audit {
namespace {

constexpr absl::Duration kDeliveredLate = absl::Hours(24 * 366);

absl::Time TimeOf(const v1::AuditRecord& record) {
  const absl::Time said = rpc::FromProto(record.time());
  if (!record.has_delivery()) return said;
  const absl::Time received = rpc::FromProto(record.delivery().receive_time());
  return said > received || said < received - kDeliveredLate ? received : said;
}

std::string NameOf(const v1::Actor& actor) {
  if (!actor.user_id().empty()) return actor.user_id();
  if (!actor.service().empty()) return absl::StrCat("service:", actor.service());
  if (!actor.machine_role().empty())
    return absl::StrCat(actor.machine_role(), "@", actor.facility_id());
  return "anonymous";
}

}  // namespace

absl::StatusOr<EntryIndex> IndexOf(std::string_view record) {
  v1::AuditRecord decoded;
  if (!decoded.ParseFromArray(record.data(), static_cast<int>(record.size()))) {
    return absl::InvalidArgumentError("not an audit record");
  }
  // The originator counts: a gateway or a service that acts for somebody is found by that somebody.
  const v1::Actor* actor = &decoded.actor();
  while (actor->has_on_behalf_of()) actor = &actor->on_behalf_of();

  EntryIndex index;
  index.time = TimeOf(decoded);
  index.actor = NameOf(*actor);
  index.facility =
      decoded.has_delivery() ? decoded.delivery().facility_id() : actor->facility_id();
  std::set<std::string> patients;
  for (const v1::TouchedPatient& touched : decoded.patients()) {
    if (!touched.patient_id().empty()) patients.insert(touched.patient_id());
    if (!touched.facility_patient_digest().empty())
      patients.insert(touched.facility_patient_digest());
  }
  const std::set<std::string> objects(decoded.object_ids().begin(), decoded.object_ids().end());
  index.patients.assign(patients.begin(), patients.end());
  index.objects.assign(objects.begin(), objects.end());
  return index;
}

}  // namespace tongjian::audit
