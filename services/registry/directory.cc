#include "services/registry/directory.h"

#include <optional>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "common/base/check.h"
#include "common/base/id.h"
#include "common/base/status.h"
#include "common/feed/change.h"
#include "common/rpc/proto_time.h"
#include "common/security/scope.h"
#include "common/store/transaction.h"
#include "services/registry/identifiers.h"
#include "services/registry/kinds.h"

namespace tongjian::registry {
namespace {

constexpr std::string_view kStream = "registry";

template <class T>
constexpr bool kHasId = requires(T record) {
  record.set_id("");
};
template <class T>
constexpr bool kHasEtag = requires(T record) {
  record.set_etag("");
};
template <class T>
constexpr bool kHasUpdateTime = requires(T record) {
  record.mutable_update_time();
};

absl::Status CheckReferences(store::Session& session, const std::vector<Reference>& references) {
  for (const Reference& reference : references) {
    if (reference.id.empty()) continue;
    TJ_ASSIGN_OR_RETURN(const auto there, FindRecord(session, reference.kind, reference.id));
    if (!there) {
      return base::InvalidField(
          reference.field, absl::StrCat("no ", std::string(reference.kind), " ", reference.id));
    }
  }
  return absl::OkStatus();
}

// What belongs to no facility is the hub's.
bool MayWrite(const security::Scope& scope, std::string_view facility_id) {
  return facility_id.empty() ? scope.all() : scope.Contains(facility_id);
}

template <class T>
absl::Status CheckRecord(store::Session& session, const security::Scope& scope, const T& record) {
  if constexpr (kHasId<T>) {
    if (!IsRecordId(record.id())) {
      return base::InvalidField("id", "an id is 1 to 64 of a-z, 0-9 and '-', not at its ends");
    }
  }
  TJ_TRY(Kind<T>::Check(record));
  if (!MayWrite(scope, Kind<T>::Index(record).facility_id)) return base::NotFound(Kind<T>::kName);
  return CheckReferences(session, Kind<T>::References(record));
}

// The row of a record, its etag and time filled in.
template <class T>
RecordRow Stamp(T& record, int64_t version, absl::Time now) {
  if constexpr (kHasEtag<T>) record.set_etag(absl::StrCat(version));
  if constexpr (kHasUpdateTime<T>) *record.mutable_update_time() = rpc::ToProto(now);
  return {Kind<T>::Key(record), version, record.SerializeAsString(), now};
}

template <class T>
void Announce(store::Transaction& tx, const T& record) {
  tx.Emit(feed::MakeEvent(kStream, Kind<T>::Key(record), {std::string(store::kEverybody)},
                          Kind<T>::Announce(record)));
}

template <class T>
absl::StatusOr<T> Parse(const RecordRow& row) {
  T record;
  if (!record.ParseFromString(row.bytes)) {
    return absl::InternalError(
        absl::StrCat("the stored ", std::string(Kind<T>::kName), " ", row.id, " is damaged"));
  }
  TJ_CHECK(Kind<T>::Key(record) == row.id);  // Paired with Stamp.
  return record;
}

template <class T>
std::optional<int64_t> EtagOf(const T& record) {
  int64_t version = 0;
  if constexpr (kHasEtag<T>) {
    if (absl::SimpleAtoi(record.etag(), &version)) return version;
    if (!record.etag().empty()) return -1;
  }
  return std::nullopt;
}

template <class T>
absl::StatusOr<T> ReplaceVersion(store::Transaction& tx, const security::Scope& scope, T record,
                                 int64_t version) {
  TJ_TRY(CheckRecord(tx, scope, record));
  TJ_ASSIGN_OR_RETURN(const auto before, FindRecord(tx, Kind<T>::kName, Kind<T>::Key(record)));
  if (!before || !MayWrite(scope, before->facility_id)) return base::NotFound(Kind<T>::kName);
  TJ_TRY(ReplaceRecord(tx, Kind<T>::kName, Stamp(record, version + 1, tx.Now()),
                       Kind<T>::Index(record)));
  Announce(tx, record);
  return record;
}

}  // namespace

template <class T>
absl::StatusOr<T> Directory::Create(store::Transaction& tx, const security::Scope& scope,
                                    T record) const {
  if constexpr (kHasId<T>) {
    if (record.id().empty()) record.set_id(ids_.New());
  }
  TJ_TRY(CheckRecord(tx, scope, record));
  TJ_TRY(InsertRecord(tx, Kind<T>::kName, Stamp(record, 1, tx.Now()), Kind<T>::Index(record)));
  Announce(tx, record);
  return record;
}

template <class T>
absl::StatusOr<T> Directory::Replace(store::Transaction& tx, const security::Scope& scope,
                                     T record) const {
  const std::optional<int64_t> version = EtagOf(record);
  if (!version) return base::InvalidField("etag", "an update names the etag it was decided on");
  return ReplaceVersion(tx, scope, std::move(record), *version);
}

template <class T>
absl::StatusOr<T> Directory::Put(store::Transaction& tx, const security::Scope& scope,
                                 T record) const {
  std::string id = Kind<T>::Key(record);
  TJ_ASSIGN_OR_RETURN(const auto row, FindRecord(tx, Kind<T>::kName, id));
  if (!row) return Create(tx, scope, std::move(record));
  return ReplaceVersion(tx, scope, std::move(record), EtagOf(record).value_or(row->version));
}

template <class T>
absl::StatusOr<T> Directory::Get(store::Session& session, std::string_view id) {
  TJ_ASSIGN_OR_RETURN(const auto row, FindRecord(session, Kind<T>::kName, id));
  if (!row) return base::NotFound(Kind<T>::kName);
  return Parse<T>(*row);
}

template <class T>
absl::StatusOr<bool> Directory::Exists(store::Session& session, std::string_view id) {
  TJ_ASSIGN_OR_RETURN(const auto row, FindRecord(session, Kind<T>::kName, id));
  return row.has_value();
}

template <class T>
absl::StatusOr<std::vector<T>> Directory::List(store::Session& session, std::string_view group,
                                               std::string_view after, int64_t limit) {
  TJ_ASSIGN_OR_RETURN(const std::vector<RecordRow> rows,
                      ListRecords(session, Kind<T>::kName, group, after, limit));
  std::vector<T> records;
  records.reserve(rows.size());
  for (const RecordRow& row : rows) {
    TJ_ASSIGN_OR_RETURN(T record, Parse<T>(row));
    records.push_back(std::move(record));
  }
  return records;
}

template <class T>
absl::StatusOr<T> Directory::GetUnique(store::Session& session, std::string_view unique_key) {
  TJ_ASSIGN_OR_RETURN(const std::string id, FindUnique(session, Kind<T>::kName, unique_key));
  return Get<T>(session, id);
}

#define TJ_REGISTRY_DIRECTORY(T)                                                                   \
  template absl::StatusOr<T> Directory::Create(store::Transaction&, const security::Scope&, T)     \
      const;                                                                                       \
  template absl::StatusOr<T> Directory::Replace(store::Transaction&, const security::Scope&, T)    \
      const;                                                                                       \
  template absl::StatusOr<T> Directory::Put(store::Transaction&, const security::Scope&, T) const; \
  template absl::StatusOr<T> Directory::Get(store::Session&, std::string_view);                    \
  template absl::StatusOr<bool> Directory::Exists<T>(store::Session&, std::string_view);           \
  template absl::StatusOr<std::vector<T>> Directory::List(store::Session&, std::string_view,       \
                                                          std::string_view, int64_t);              \
  template absl::StatusOr<T> Directory::GetUnique(store::Session&, std::string_view)

TJ_REGISTRY_DIRECTORY(pb::Facility);
TJ_REGISTRY_DIRECTORY(pb::Community);
TJ_REGISTRY_DIRECTORY(pb::Membership);
TJ_REGISTRY_DIRECTORY(pb::Center);
TJ_REGISTRY_DIRECTORY(pb::Agreement);
TJ_REGISTRY_DIRECTORY(pb::ReadingPolicy);
TJ_REGISTRY_DIRECTORY(pb::TurnaroundTarget);
TJ_REGISTRY_DIRECTORY(pb::CalendarDays);
TJ_REGISTRY_DIRECTORY(pb::Practitioner);
TJ_REGISTRY_DIRECTORY(pb::Device);
TJ_REGISTRY_DIRECTORY(pb::Item);
TJ_REGISTRY_DIRECTORY(pb::Qualification);

}  // namespace tongjian::registry
