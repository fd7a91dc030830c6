#include "services/reading/task_store.h"

#include <limits>
#include <set>

#include "services/reading/codec.h"
#include "tongjian/reading/v1/task.pb.h"

namespace tongjian::reading {
namespace {

// What TaskOf reads, in its order.
constexpr std::string_view kColumns =
    "record, patient_id, claimed_by, claim_expires, escalated, return_seen, instances_read, order_priority, "
    "claim_studies, claim_instances";

absl::StatusOr<Task> TaskOf(const store::Row& row) {
  v1::Task record;
  if (!record.ParseFromString(row.Bytes(0))) return absl::DataLossError("a stored task cannot be read");
  Task task = Decode(record);
  task.patient.patient_id = row.Text(1);
  task.claimed_by = row.Text(2);
  task.claim_expire_time = task.claimed_by.empty() ? absl::InfinitePast() : row.Time(3);
  task.escalated = row.Bool(4);
  task.return_seen = row.Bool(5);
  task.instances_read = row.Int(6);
  task.order_priority = static_cast<Priority>(row.Int(7));
  task.claim_seen = {.study_ids = ListOf(row.Text(8)), .instances = row.Int(9)};
  return task;
}

absl::StatusOr<std::vector<Task>> TasksOf(const std::vector<store::Row>& rows) {
  std::vector<Task> tasks;
  for (const store::Row& row : rows) {
    TJ_ASSIGN_OR_RETURN(tasks.emplace_back(), TaskOf(row));
  }
  return tasks;
}

std::string Select(std::string_view where) { return "select " + std::string(kColumns) + " from task where " + std::string(where); }

// "|CT|DX|"
std::string ModalitiesText(const std::vector<std::string>& modalities) {
  std::string text = "|";
  for (const std::string& modality : modalities) text += modality + "|";
  return text;
}

struct Query {
  std::string sql;
  std::vector<store::Value> values;

  template <typename... A>
  void And(std::string_view part, const A&... arguments) {
    sql += (sql.empty() ? "" : " and ") + std::string(part);
    (values.push_back(store::ToValue(arguments)), ...);
  }
};

// One walk along one index: one state, and one facility in one of its two parts (none: all).
Query QueryOf(const TaskFilter& filter, TaskState state, std::string_view part, const std::string& facility,
              const std::optional<TaskKey>& after) {
  Query query;
  if (!filter.order_id.empty()) query.And("order_id = :order", filter.order_id);
  if (!part.empty()) query.And(std::string(part) + " = :facility", facility);
  // With a facility its index is the one to walk: the other part's index of a center would be read in vain.
  if (!filter.center_id.empty()) {
    query.And(part.empty() ? "center_id = :center" : "center_id || '' = :center", filter.center_id);
  }
  query.And("state = :state", state);
  if (!filter.claimed_by.empty()) query.And("claimed_by = :by and claimed_by <> ''", filter.claimed_by);
  if (!filter.modality.empty()) query.And("modalities like :modality", "%|" + filter.modality + "|%");
  if (filter.deadline_before > 0) query.And("deadline < :before", filter.deadline_before);
  if (after) query.And("(urgency, deadline, id) > (:urgency, :deadline, :id)", after->urgency, after->deadline, after->id);
  return query;
}

}  // namespace

bool Reaches(const security::Scope& scope, const Task& task) {
  return scope.all() || scope.ContainsAny({task.requesting_facility_id, task.performing_facility_id});
}

absl::StatusOr<Task> FindTask(store::Session& session, const security::Scope& scope, const std::string& id) {
  TJ_ASSIGN_OR_RETURN(const auto row, session.QueryOne(Select("id = :id"), id));
  if (!row) return base::NotFound("task " + id);
  TJ_ASSIGN_OR_RETURN(Task task, TaskOf(*row));
  if (!Reaches(scope, task)) return base::NotFound("task " + id);
  return task;
}

absl::StatusOr<std::optional<Task>> TaskOfOrder(store::Session& session, const security::Scope& scope,
                                                const std::string& order_id) {
  TJ_ASSIGN_OR_RETURN(const auto rows,
                      session.Query(Select("order_id = :id order by state = 8, created desc limit 1"), order_id));
  if (rows.empty()) return std::nullopt;
  TJ_ASSIGN_OR_RETURN(Task task, TaskOf(rows.front()));
  if (!Reaches(scope, task)) return std::nullopt;
  return task;
}

absl::StatusOr<std::vector<Task>> TasksWithWords(store::Session& session, const security::Scope& scope,
                                                 const Patient& words, const std::string& after_id, int64_t limit) {
  TJ_ASSIGN_OR_RETURN(const auto rows,
                      session.Query(Select("patient_facility_id = :f and facility_patient_id = :p and patient_name = :n and "
                                           "patient_birth_date = :b and id > :after order by id limit :limit"),
                                    words.facility_id, words.facility_patient_id, words.name, words.birth_date, after_id,
                                    limit));
  TJ_ASSIGN_OR_RETURN(std::vector<Task> tasks, TasksOf(rows));
  std::erase_if(tasks, [&](const Task& task) { return !Reaches(scope, task); });
  return tasks;
}

absl::Status PutTask(store::Transaction& tx, const Task& task) {
  v1::Task record;
  Encode(task, &record);
  const TaskKey key = KeyOf(task);
  const int64_t expires = Stated(task.claim_expire_time) ? absl::ToUnixMicros(task.claim_expire_time) : 0;
  return tx
      .Execute(
          "insert into task (id, version, state, urgency, deadline, order_id, center_id, requesting_facility_id, "
          "performing_facility_id, modalities, claimed_by, claim_expires, patient_facility_id, facility_patient_id, "
          "patient_name, patient_birth_date, patient_id, created, escalated, return_seen, instances_read, order_priority, "
          "claim_studies, claim_instances, record) values (:id, :version, :state, :urgency, :deadline, :order, :center, "
          ":requesting, :performing, :modalities, :claimed, :expires, :pf, :pn, :name, :birth, :patient, "
          ":created, :escalated, :seen, :read, :priority, :studies, :instances, :record) "
          "on conflict (id) do update set version = excluded.version, state = excluded.state, "
          "urgency = excluded.urgency, deadline = excluded.deadline, order_id = excluded.order_id, "
          "center_id = excluded.center_id, requesting_facility_id = excluded.requesting_facility_id, "
          "performing_facility_id = excluded.performing_facility_id, modalities = excluded.modalities, "
          "claimed_by = excluded.claimed_by, claim_expires = excluded.claim_expires, "
          "patient_facility_id = excluded.patient_facility_id, facility_patient_id = excluded.facility_patient_id, "
          "patient_name = excluded.patient_name, patient_birth_date = excluded.patient_birth_date, "
          "patient_id = excluded.patient_id, escalated = excluded.escalated, return_seen = excluded.return_seen, "
          "instances_read = excluded.instances_read, order_priority = excluded.order_priority, "
          "claim_studies = excluded.claim_studies, claim_instances = excluded.claim_instances, record = excluded.record",
          task.id, task.version, task.state, key.urgency, key.deadline, task.order_id, task.center_id,
          task.requesting_facility_id, task.performing_facility_id, ModalitiesText(task.modalities), task.claimed_by, expires,
          task.patient.facility_id, task.patient.facility_patient_id, task.patient.name, task.patient.birth_date,
          task.patient.patient_id, task.create_time, task.escalated, task.return_seen, task.instances_read,
          task.order_priority, LinesOf(task.claim_seen.study_ids), task.claim_seen.instances,
          store::Bytes(record.SerializeAsString()))
      .status();
}

absl::StatusOr<std::vector<Task>> ListTasks(store::Session& session, const security::Scope& scope,
                                            const TaskFilter& filter, const std::optional<TaskKey>& after, int64_t limit) {
  std::vector<std::pair<std::string, std::string>> walks;
  for (const std::string& facility : scope.facilities()) {
    walks.emplace_back("performing_facility_id", facility);
    walks.emplace_back("requesting_facility_id", facility);
  }
  if (scope.all()) walks = {{"", ""}};
  std::set<TaskKey> keys;
  for (const auto& [part, facility] : walks) {
    for (const TaskState state : filter.states) {
      Query query = QueryOf(filter, state, part, facility, after);
      query.values.push_back(store::ToValue(limit));
      TJ_ASSIGN_OR_RETURN(const auto rows,
                          session.QueryValues("select urgency, deadline, id from task where " + query.sql +
                                                  " order by urgency, deadline, id limit :limit",
                                              query.values));
      for (const store::Row& row : rows) keys.insert({row.Int(0), row.Int(1), row.Text(2)});
    }
  }
  std::vector<Task> tasks;
  for (const TaskKey& key : keys) {
    if (static_cast<int64_t>(tasks.size()) == limit) break;
    TJ_ASSIGN_OR_RETURN(tasks.emplace_back(), FindTask(session, scope, key.id));
  }
  return tasks;
}

absl::StatusOr<std::vector<std::string>> ExpiredClaims(store::Session& session, absl::Time now, int64_t limit) {
  TJ_ASSIGN_OR_RETURN(const auto rows, session.Query("select id from task where claimed_by <> '' and claim_expires <= :now "
                                                     "order by claim_expires limit :limit",
                                                     now, limit));
  std::vector<std::string> ids;
  for (const store::Row& row : rows) ids.push_back(row.Text(0));
  return ids;
}

absl::Status ProlongClaims(store::Transaction& tx, absl::Time until) {
  return tx.Execute("update task set claim_expires = :until where claimed_by <> ''", until).status();
}

absl::StatusOr<std::map<std::string, Queue>> CountQueues(store::Session& session, absl::Time now) {
  TJ_ASSIGN_OR_RETURN(const auto rows,
                      session.Query("select center_id, count(*), sum(case when deadline < :now then 1 else 0 end), "
                                    "min(created) from task where state in (2, 9) group by center_id",
                                    now));
  std::map<std::string, Queue> queues;
  for (const store::Row& row : rows) {
    queues[row.Text(0)] = {.queued = row.Int(1), .overdue = row.Int(2), .oldest = row.Time(3)};
  }
  return queues;
}

}  // namespace tongjian::reading
