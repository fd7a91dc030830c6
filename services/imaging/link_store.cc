#include "services/imaging/link_store.h"

#include <algorithm>

#include "common/base/status.h"
#include "services/imaging/study_rows.h"

namespace tongjian::imaging {
namespace {

constexpr char kOrderColumns[] =
    "o.order_id, o.accession_number, o.placer_order_number, o.ordering_facility_id, "
    "o.recording_facility_id, "
    "o.performing_facility_id, o.patient_facility_id, o.facility_patient_id, o.name_key, "
    "o.latin_key, o.birth_date, "
    "o.live, o.provisional, o.bound_order_id, o.priority, o.version, o.sex";

// Without study_instance_uids.
OrderRef ReadOrder(const store::Row& row) {
  OrderRef order;
  order.order_id = row.Text(0);
  order.accession_number = row.Text(1);
  order.placer_order_number = row.Text(2);
  order.ordering_facility_id = row.Text(3);
  order.recording_facility_id = row.Text(4);
  order.performing_facility_id = row.Text(5);
  order.patient.facility_id = row.Text(6);
  order.patient.facility_patient_id = row.Text(7);
  order.patient.name_key = FromColumn(row.Text(8));
  order.patient.latin_key = FromColumn(row.Text(9));
  order.patient.birth_date = row.Text(10);
  order.live = row.Bool(11);
  order.provisional = row.Bool(12);
  order.bound_order_id = row.Text(13);
  order.priority = row.Int(14);
  order.version = row.Int(15);
  order.patient.sex = row.Int(16);
  return order;
}

absl::Status PutStudyUids(store::Transaction& tx, const OrderRef& order) {
  TJ_TRY(tx.Execute("delete from order_study where order_id = :order", order.order_id).status());
  for (const std::string& uid : order.study_instance_uids) {
    TJ_TRY(
        tx.Execute("insert into order_study (order_id, study_instance_uid) values (:order, :uid) "
                   "on conflict (order_id, study_instance_uid) do nothing",
                   order.order_id, uid)
            .status());
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<bool> PutOrder(store::Transaction& tx, const OrderRef& order) {
  TJ_ASSIGN_OR_RETURN(
      const auto row,
      tx.QueryOne("select version from order_ref where order_id = :order", order.order_id));
  if (row && row->Int(0) > order.version) return false;
  TJ_TRY(tx.Execute(
               "insert into order_ref (order_id, accession_number, placer_order_number, "
               "ordering_facility_id, "
               "recording_facility_id, performing_facility_id, patient_facility_id, "
               "facility_patient_id, name_key, "
               "latin_key, birth_date, live, provisional, bound_order_id, priority, version, sex) "
               "values (:order, "
               ":accession, :placer, :ordering, :recording, :performing, :patient_facility, "
               ":number, :name, :latin, "
               ":birth, :live, :provisional, :bound, :priority, :version, :sex) on conflict "
               "(order_id) "
               "do update set "
               "accession_number = excluded.accession_number, placer_order_number = "
               "excluded.placer_order_number, "
               "ordering_facility_id = excluded.ordering_facility_id, "
               "recording_facility_id = excluded.recording_facility_id, "
               "performing_facility_id = excluded.performing_facility_id, "
               "patient_facility_id = excluded.patient_facility_id, "
               "facility_patient_id = excluded.facility_patient_id, name_key = excluded.name_key, "
               "latin_key = excluded.latin_key, birth_date = excluded.birth_date, live = "
               "excluded.live, "
               "provisional = excluded.provisional, bound_order_id = excluded.bound_order_id, "
               "priority = excluded.priority, version = excluded.version, sex = excluded.sex",
               order.order_id, order.accession_number, order.placer_order_number,
               order.ordering_facility_id, order.recording_facility_id,
               order.performing_facility_id, order.patient.facility_id,
               order.patient.facility_patient_id, ToColumn(order.patient.name_key),
               ToColumn(order.patient.latin_key), order.patient.birth_date, order.live,
               order.provisional, order.bound_order_id, order.priority, order.version,
               order.patient.sex)
             .status());
  TJ_TRY(PutStudyUids(tx, order));
  return true;
}

absl::StatusOr<std::optional<OrderRef>> FindOrder(store::Session& session,
                                                  std::string_view order_id) {
  TJ_ASSIGN_OR_RETURN(const auto row,
                      session.QueryOne("select " + std::string(kOrderColumns) +
                                           " from order_ref o where o.order_id = :order",
                                       order_id));
  if (!row) return std::nullopt;
  return ReadOrder(*row);
}

absl::StatusOr<std::vector<Candidate>> CandidatesOf(store::Session& session, const Study& study) {
  std::vector<Candidate> candidates;
  TJ_ASSIGN_OR_RETURN(
      const auto naming,
      session.Query("select " + std::string(kOrderColumns) +
                        " from order_study u join order_ref o on o.order_id = u.order_id where "
                        "u.study_instance_uid = :uid order by o.order_id limit 100",
                    study.study_instance_uid));
  for (const store::Row& row : naming)
    candidates.push_back({.order = ReadOrder(row), .names_study = true});
  if (study.accession_number.empty()) return candidates;
  constexpr std::string_view kColumns[] = {"accession_number", "placer_order_number"};
  for (const std::string_view column : kColumns) {
    TJ_ASSIGN_OR_RETURN(
        const auto numbered,
        session.Query("select " + std::string(kOrderColumns) + " from order_ref o where o." +
                          std::string(column) + " = :number order by o.order_id limit 100",
                      study.accession_number));
    for (const store::Row& row : numbered) {
      OrderRef order = ReadOrder(row);
      const bool there = std::any_of(
          candidates.begin(), candidates.end(),
          [&](const Candidate& candidate) { return candidate.order.order_id == order.order_id; });
      if (!there) candidates.push_back({.order = std::move(order)});
    }
  }
  return candidates;
}

absl::StatusOr<std::vector<Link>> LinksOf(store::Session& session, std::string_view study_id) {
  TJ_ASSIGN_OR_RETURN(
      const auto rows,
      session.Query("select order_id, active, by_what, actor, reason from study_link where "
                    "study_id = :study order by order_id limit 1000",
                    study_id));
  std::vector<Link> links;
  for (const store::Row& row : rows) {
    links.push_back(
        {row.Text(0), row.Bool(1), static_cast<LinkedBy>(row.Int(2)), row.Text(3), row.Text(4)});
  }
  return links;
}

absl::Status PutLink(store::Transaction& tx, std::string_view study_id, const Link& link) {
  return tx
      .Execute(
          "insert into study_link (study_id, order_id, active, by_what, actor, reason, time) "
          "values (:study, :order, "
          ":active, :by, :actor, :reason, :time) on conflict (study_id, order_id) do update set "
          "active = excluded.active, by_what = excluded.by_what, actor = excluded.actor, "
          "reason = excluded.reason, time = excluded.time",
          study_id, link.order_id, link.active, link.by, link.actor, link.reason, tx.Now())
      .status();
}

absl::StatusOr<std::vector<std::string>> StudiesOfOrder(store::Session& session,
                                                        std::string_view order_id) {
  TJ_ASSIGN_OR_RETURN(const auto rows,
                      session.Query("select study_id from study_link where order_id = :order and "
                                    "active = 1 order by study_id limit 1000",
                                    order_id));
  std::vector<std::string> ids;
  for (const store::Row& row : rows) ids.push_back(row.Text(0));
  return ids;
}

absl::StatusOr<std::string> PatientOf(store::Session& session, const PatientWords& words) {
  TJ_ASSIGN_OR_RETURN(
      const auto row,
      session.QueryOne("select patient_id from patient_link where facility_id = :facility and "
                       "facility_patient_id = :number and name = :name and birth_date = :birth",
                       words.facility_id, words.facility_patient_id, words.name, words.birth_date));
  return row ? row->Text(0) : "";
}

absl::Status PutPatientLink(store::Transaction& tx, const PatientWords& words,
                            std::string_view patient_id) {
  return tx
      .Execute(
          "insert into patient_link (facility_id, facility_patient_id, name, birth_date, "
          "patient_id) values "
          "(:facility, :number, :name, :birth, :patient) on conflict (facility_id, "
          "facility_patient_id, name, "
          "birth_date) do update set patient_id = excluded.patient_id",
          words.facility_id, words.facility_patient_id, words.name, words.birth_date, patient_id)
      .status();
}

}  // namespace tongjian::imaging
