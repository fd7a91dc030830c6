#include "services/registry/seed.h"

#include <google/protobuf/util/json_util.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <system_error>

#include "absl/strings/str_cat.h"
#include "common/base/status.h"
#include "common/rpc/proto_time.h"
#include "common/security/scope.h"
#include "common/store/database.h"
#include "services/registry/kinds.h"
#include "services/registry/turnaround_seed.h"
#include "tongjian/registry/v1/seed.pb.h"

namespace tongjian::registry {
namespace {

constexpr uintmax_t kFileMax = 16 << 20;

const security::Scope& Everywhere() {
  static const auto* const scope = new security::Scope(security::Scope::Service());
  return *scope;
}

absl::Status Named(const absl::Status& status, std::string_view kind, std::string_view key) {
  return absl::Status(status.code(), absl::StrCat(std::string(kind), " ", std::string(key), ": ",
                                                  std::string(status.message())));
}

// Runs `create` for each record whose id is not there yet, all of one kind in one change.
template <class Records, class Create>
absl::Status LoadMissing(store::Database& database, const Records& records, const Create& create) {
  using T = typename Records::value_type;
  if (records.empty()) return absl::OkStatus();
  return database.Write([&](store::Transaction& tx) -> absl::Status {
    for (const T& record : records) {
      const std::string key = Kind<T>::Key(record);
      if (key.empty())
        return base::InvalidField("id",
                                  absl::StrCat("a seeded ", Kind<T>::kName.data(), " has an id"));
      TJ_ASSIGN_OR_RETURN(const bool there, Directory::Exists<T>(tx, key));
      if (there) continue;
      if (const auto created = create(tx, record); !created.ok()) {
        return Named(created.status(), Kind<T>::kName, key);
      }
    }
    return absl::OkStatus();
  });
}

// The membership as active from the day it names: applied, admitted and active in as many
// microseconds.
absl::StatusOr<pb::Membership> Join(const Communities& communities, store::Transaction& tx,
                                    const pb::Membership& record) {
  absl::Time from = tx.Now();
  if (record.periods_size() > 0) from = rpc::FromProto(record.periods(0).from());
  constexpr absl::Duration kStep = absl::Microseconds(1);
  TJ_ASSIGN_OR_RETURN(const auto applied, communities.Apply(tx, Everywhere(), record, from));
  TJ_TRY(communities
             .Transition(tx, Everywhere(), applied.id(),
                         {MembershipState::kAdmitted, from + kStep, "seed", ""})
             .status());
  return communities.Transition(tx, Everywhere(), applied.id(),
                                {MembershipState::kActive, from + 2 * kStep, "seed", ""});
}

template <class Records>
absl::Status LoadPlain(const SeedTarget& target, const Records& records) {
  return LoadMissing(target.database, records, [&](store::Transaction& tx, const auto& record) {
    return target.directory.Create(tx, Everywhere(), record);
  });
}

}  // namespace

absl::StatusOr<v1::RegistrySeed> ReadSeed(const std::string& path) {
  std::error_code error;
  const uintmax_t size = std::filesystem::file_size(path, error);
  if (error) return absl::NotFoundError(absl::StrCat("seed file ", path, ": ", error.message()));
  if (size > kFileMax)
    return absl::InvalidArgumentError(absl::StrCat("seed file ", path, " is larger than 16 MiB"));
  std::ostringstream text;
  std::ifstream file(path, std::ios::binary);
  text << file.rdbuf();
  if (!file) return absl::InternalError(absl::StrCat("seed file ", path, " can't be read"));
  v1::RegistrySeed seed;
  const auto parsed = google::protobuf::util::JsonStringToMessage(text.str(), &seed);
  if (!parsed.ok()) {
    return absl::InvalidArgumentError(
        absl::StrCat("seed file ", path, ": ", parsed.message().ToString()));
  }
  return seed;
}

absl::Status LoadSeed(const SeedTarget& target, const v1::RegistrySeed& seed) {
  TJ_TRY(LoadMissing(target.database, seed.facilities(),
                     [&](store::Transaction& tx, const pb::Facility& record) {
                       return target.facilities.Create(tx, Everywhere(), record);
                     }));
  TJ_TRY(LoadMissing(target.database, seed.communities(),
                     [&](store::Transaction& tx, const pb::Community& record) {
                       return target.communities.Create(tx, Everywhere(), record);
                     }));
  TJ_TRY(LoadMissing(target.database, seed.memberships(),
                     [&](store::Transaction& tx, const pb::Membership& record) {
                       return Join(target.communities, tx, record);
                     }));
  TJ_TRY(LoadPlain(target, seed.practitioners()));
  TJ_TRY(LoadMissing(target.database, seed.centers(),
                     [&](store::Transaction& tx, const pb::Center& record) {
                       return target.facilities.CreateCenter(tx, Everywhere(), record);
                     }));
  TJ_TRY(LoadPlain(target, seed.agreements()));
  TJ_TRY(LoadPlain(target, seed.items()));
  TJ_TRY(LoadPlain(target, seed.policies()));
  TJ_TRY(LoadPlain(target, seed.targets()));
  TJ_TRY(LoadPlain(target, seed.devices()));
  TJ_TRY(LoadPlain(target, seed.qualifications()));
  if (!seed.has_calendar()) return absl::OkStatus();
  return LoadPlain(target, std::vector<pb::CalendarDays>{seed.calendar()});
}

absl::Status LoadDefaults(const SeedTarget& target) { return LoadPlain(target, TurnaroundSeed()); }

}  // namespace tongjian::registry
