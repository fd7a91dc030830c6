// The search half of patient_store.h.
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/status.h"
#include "common/security/scope.h"
#include "common/store/session.h"
#include "services/registry/folding.h"
#include "services/registry/patient_rows.h"
#include "services/registry/patient_store.h"

namespace tongjian::registry {
namespace {

// More facilities than this are in no caller's scope: who sees more sees all.
constexpr size_t kScopeMax = 64;

// One statement with what is bound to it. There are few texts: by kind of search, with a birth date
// or not, and by the number of facilities.
struct Statement {
  std::string sql;
  std::vector<store::Value> values;

  template <class T>
  void Bind(std::string_view part, const T& value) {
    absl::StrAppend(&sql, std::string(part));
    values.push_back(store::ToValue(value));
  }
};

void AddName(const std::string& folded, const PatientPosition& after, bool latin,
             Statement* statement) {
  const std::string column = latin ? "p.latin_key" : "p.name_key";
  const std::string key = NameKey(folded);
  statement->Bind(absl::StrCat(" and ", column, " >= :low"), key);
  // Hexadecimal ends at f.
  statement->Bind(absl::StrCat(" and ", column, " < :high"), key + "g");
  statement->Bind(absl::StrCat(" and (", column, " > :after_key"), after.key);
  statement->Bind(absl::StrCat(" or (", column, " = :after_key and p.id > :after_id))"), after.id);
}

void AddIdentifier(const PatientIdentifier& identifier, Statement* statement) {
  statement->Bind(
      " and p.id in (select i.current_id from patient_identifiers i where i.value = :value",
      identifier.value);
  statement->Bind(" and i.type = :type", identifier.type);
  if (!identifier.assigner_facility_id.empty()) {
    statement->Bind(" and i.assigner = :assigner", identifier.assigner_facility_id);
  }
  statement->sql += ")";
}

void AddScope(const security::Scope& scope, Statement* statement) {
  if (scope.all()) return;
  statement->sql +=
      " and exists (select 1 from patient_identifiers s where s.current_id = p.id and s.assigner "
      "in (''";
  // '' keeps the list from being empty and is no facility's id: documents have it, so it must match
  // nothing.
  size_t count = 0;
  for (const std::string& facility : scope.facilities()) {
    statement->Bind(absl::StrCat(", :facility", ++count), facility);
  }
  statement->sql += ") and s.assigner <> '')";
}

absl::StatusOr<Statement> StatementOf(const security::Scope& scope, const PatientQuery& query,
                                      const PatientPosition& after, int64_t limit, bool* latin) {
  const std::string folded = FoldName(query.name_prefix);
  if (!query.identifier && folded.empty() && query.birth_date.empty()) {
    return base::InvalidField("identifier",
                              "search by a number, the beginning of a name, or a birth date");
  }
  if (scope.facilities().size() > kScopeMax)
    return absl::ResourceExhaustedError("a scope of more than 64 facilities");
  *latin = IsLatin(folded);
  Statement statement{TJ_PATIENT_COLUMNS, {}};
  statement.Bind("where p.state <> :merged", PatientState::kMerged);
  if (!query.birth_date.empty())
    statement.Bind(" and p.birth_date = :birth_date", query.birth_date);
  if (query.identifier) AddIdentifier(*query.identifier, &statement);
  if (!folded.empty()) {
    AddName(folded, after, *latin, &statement);
  } else {
    statement.Bind(" and p.id > :after_id", after.id);
  }
  AddScope(scope, &statement);
  statement.sql += folded.empty() ? " order by p.id"
                   : *latin       ? " order by p.latin_key, p.id"
                                  : " order by p.name_key, p.id";
  statement.Bind(" limit :limit", limit);
  return statement;
}

}  // namespace

absl::StatusOr<std::vector<FoundPatient>> SearchPatients(store::Session& session,
                                                         const security::Scope& scope,
                                                         const PatientQuery& query,
                                                         const PatientPosition& after,
                                                         int64_t limit) {
  bool latin = false;
  TJ_ASSIGN_OR_RETURN(const Statement statement, StatementOf(scope, query, after, limit, &latin));
  TJ_ASSIGN_OR_RETURN(const auto rows, session.QueryValues(statement.sql, statement.values));
  std::vector<FoundPatient> found;
  for (const store::Row& row : rows) {
    TJ_ASSIGN_OR_RETURN(auto patient, FindPatient(session, scope, row.Text(0)));
    if (patient) found.push_back({{row.Text(latin ? 13 : 12), row.Text(0)}, *std::move(patient)});
  }
  return found;
}

}  // namespace tongjian::registry
