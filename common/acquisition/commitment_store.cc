#include "common/acquisition/commitment_store.h"

#include <algorithm>
#include <charconv>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/base/status.h"

namespace tongjian::acquisition {
namespace {

constexpr char kSelect[] =
    "select id, facility_id, transaction_uid, device_ae_title, device_address, called_ae_title, "
    "state, instances, delivery_id, last_error, created, updated from commitment ";

// "class instance failure", one in a line; UIDs hold no spaces.
std::string Join(const std::vector<dicom::CommitmentVerdict>& verdicts) {
  std::string text;
  for (const dicom::CommitmentVerdict& verdict : verdicts) {
    absl::StrAppend(&text, verdict.reference.sop_class_uid, " ",
                    verdict.reference.sop_instance_uid, " ", static_cast<int>(verdict.failure),
                    "\n");
  }
  return text;
}

std::vector<dicom::CommitmentVerdict> Split(const std::string& text) {
  std::vector<dicom::CommitmentVerdict> verdicts;
  for (const auto line : absl::StrSplit(text, '\n', absl::SkipEmpty())) {
    const std::vector<std::string> parts = absl::StrSplit(std::string(line), ' ');
    if (parts.size() != 3) continue;
    int failure = 0;
    std::from_chars(parts[2].data(), parts[2].data() + parts[2].size(), failure);
    verdicts.push_back({{parts[0], parts[1]}, static_cast<dicom::CommitmentFailure>(failure)});
  }
  return verdicts;
}

Commitment ReadRow(const store::Row& row) {
  return {.id = row.Text(0),
          .facility_id = row.Text(1),
          .transaction_uid = row.Text(2),
          .device_ae_title = row.Text(3),
          .device_address = row.Text(4),
          .called_ae_title = row.Text(5),
          .state = static_cast<CommitmentState>(row.Int(6)),
          .verdicts = Split(row.Text(7)),
          .delivery_id = row.Int(8),
          .last_error = row.Text(9),
          .created = row.Time(10),
          .updated = row.Time(11)};
}

std::optional<Commitment> First(const std::optional<store::Row>& row) {
  return row ? std::optional(ReadRow(*row)) : std::nullopt;
}

}  // namespace

std::string_view Name(CommitmentState state) {
  switch (state) {
    case CommitmentState::kWaiting:
      return "waiting";
    case CommitmentState::kDecided:
      return "decided";
    case CommitmentState::kReported:
      return "reported";
    case CommitmentState::kFailed:
      return "failed";
  }
  return "";
}

int64_t Commitment::failures() const {
  return std::count_if(verdicts.begin(), verdicts.end(), [](const auto& verdict) {
    return verdict.failure != dicom::CommitmentFailure::kNone;
  });
}

absl::Status InsertCommitment(store::Transaction& tx, const Commitment& commitment) {
  return tx
      .Execute("insert into commitment (id, facility_id, transaction_uid, device_ae_title, "
               "device_address, called_ae_title, state, instances, delivery_id, last_error, "
               "created, updated) values (:id, :facility, :transaction, :ae, :address, :called, "
               ":state, :instances, 0, '', :created, :updated)",
               commitment.id, commitment.facility_id, commitment.transaction_uid,
               commitment.device_ae_title, commitment.device_address, commitment.called_ae_title,
               commitment.state, Join(commitment.verdicts), commitment.created, commitment.updated)
      .status();
}

absl::Status UpdateCommitment(store::Transaction& tx, const Commitment& commitment) {
  return tx
      .Execute("update commitment set state = :state, instances = :instances, "
               "device_address = :address, called_ae_title = :called, delivery_id = :delivery, "
               "last_error = :error, updated = :updated where id = :id",
               commitment.state, Join(commitment.verdicts), commitment.device_address,
               commitment.called_ae_title, commitment.delivery_id, commitment.last_error, tx.Now(),
               commitment.id)
      .status();
}

absl::StatusOr<std::optional<Commitment>> FindCommitment(store::Session& session,
                                                         std::string_view id) {
  TJ_ASSIGN_OR_RETURN(const auto row,
                      session.QueryOne(std::string(kSelect) + "where id = :id", id));
  return First(row);
}

absl::StatusOr<std::optional<Commitment>> FindCommitment(store::Session& session,
                                                         std::string_view facility_id,
                                                         std::string_view device_ae_title,
                                                         std::string_view transaction_uid) {
  TJ_ASSIGN_OR_RETURN(
      const auto row,
      session.QueryOne(std::string(kSelect) +
                           "where facility_id = :facility and device_ae_title = :ae and "
                           "transaction_uid = :transaction",
                       facility_id, device_ae_title, transaction_uid));
  return First(row);
}

absl::StatusOr<std::vector<Commitment>> ListCommitments(store::Session& session,
                                                        const CommitmentFilter& filter,
                                                        int64_t limit) {
  const int64_t before = filter.before_created == absl::InfiniteFuture()
                             ? INT64_MAX
                             : absl::ToUnixMicros(filter.before_created);
  std::string sql = std::string(kSelect) +
                    "where (created < :created or (created = :created and id < :id))";
  std::vector<store::Value> values = {store::ToValue(before), store::ToValue(filter.before_id)};
  if (!filter.facility_id.empty()) {
    sql += " and facility_id = :facility";
    values.push_back(store::ToValue(filter.facility_id));
  }
  if (filter.state) {
    sql += " and state = :state";
    values.push_back(store::ToValue(*filter.state));
  }
  values.push_back(store::ToValue(limit));
  TJ_ASSIGN_OR_RETURN(
      const std::vector<store::Row> rows,
      session.QueryValues(sql + " order by created desc, id desc limit :limit", values));
  std::vector<Commitment> found;
  for (const store::Row& row : rows) found.push_back(ReadRow(row));
  return found;
}

absl::StatusOr<int64_t> CountCommitments(store::Session& session, CommitmentState state) {
  TJ_ASSIGN_OR_RETURN(const auto row,
                      session.QueryOne("select count(*) from commitment where state = :state",
                                       state));
  return row->Int(0);
}

absl::StatusOr<int64_t> TrimCommitments(store::Transaction& tx, absl::Time before, int64_t limit) {
  return tx.Execute(
      "delete from commitment where id in (select id from commitment where state = 3 and "
      "updated < :before order by updated limit :limit)",
      before, limit);
}

}  // namespace tongjian::acquisition
