#include "services/orders/block_store.h"

#include <optional>
#include <utility>
#include <vector>

#include "common/base/check.h"

namespace tongjian::orders {

absl::StatusOr<AccessionBlock> LeaseBlock(store::Transaction& tx, const std::string& prefix,
                                          const std::string& facility_id, int64_t size) {
  TJ_TRY(tx.Execute("insert into accession_counter (prefix, next_number) values (:prefix, 1) on "
                    "conflict (prefix) do nothing",
                    prefix)
             .status());
  TJ_TRY(
      tx.Execute(
            "update accession_counter set next_number = next_number + :size where prefix = :prefix",
            size, prefix)
          .status());
  TJ_ASSIGN_OR_RETURN(
      const std::optional<store::Row> row,
      tx.QueryOne("select next_number from accession_counter where prefix = :prefix", prefix));
  TJ_CHECK(row.has_value());
  const AccessionBlock block = {prefix, row->Int(0) - size, row->Int(0) - 1, facility_id};
  if (block.last > kAccessionNumberMax) {
    return base::Error(
        absl::StatusCode::kResourceExhausted, "STORAGE_FULL", "",
        "accession numbers of prefix " + prefix + " are used up: set orders.accession-prefix");
  }
  TJ_TRY(tx.Execute("insert into accession_block (prefix, first_number, last_number, facility_id, "
                    "leased) values "
                    "(:prefix, :first, :last, :facility, :leased)",
                    prefix, block.first, block.last, facility_id, tx.Now())
             .status());
  return block;
}

absl::StatusOr<int64_t> SkipLostLeases(store::Transaction& tx, int64_t skip) {
  TJ_ASSIGN_OR_RETURN(const std::optional<store::Row> now,
                      tx.QueryOne("select epoch from store_feed_epoch where id = 1"));
  TJ_ASSIGN_OR_RETURN(const std::optional<store::Row> known,
                      tx.QueryOne("select epoch from number_epoch where id = 1"));
  TJ_CHECK(now.has_value());
  if (known && known->Text(0) == now->Text(0)) return 0;
  TJ_TRY(tx.Execute("insert into number_epoch (id, epoch) values (1, :epoch) on conflict (id) do "
                    "update set epoch = excluded.epoch",
                    now->Text(0))
             .status());
  TJ_ASSIGN_OR_RETURN(const std::vector<store::Row> counters,
                      tx.Query("select prefix from accession_counter order by prefix limit 1000"));
  int64_t lost = 0;
  for (const store::Row& counter : counters) {
    const absl::StatusOr<AccessionBlock> block = LeaseBlock(tx, counter.Text(0), kLostLeases, skip);
    TJ_TRY(block.status());
    lost += block->last - block->first + 1;
  }
  return lost;
}

absl::StatusOr<bool> IsLeasedTo(store::Session& session, const std::string& prefix,
                                const std::string& facility_id, int64_t number) {
  TJ_ASSIGN_OR_RETURN(
      const std::optional<store::Row> row,
      session.QueryOne(
          "select last_number from accession_block where facility_id = :facility and "
          "prefix = :prefix and first_number <= :number order by first_number desc limit 1",
          facility_id, prefix, number));
  return row.has_value() && number <= row->Int(0);
}

absl::Status OwnNumbers::Refill(store::Database& database) {
  {
    const std::lock_guard lock(mutex_);
    if (last_ - next_ + 1 >= block_size_ / 2 || spare_.last >= spare_.first)
      return absl::OkStatus();
  }
  const std::lock_guard refilling(refill_mutex_);
  {
    const std::lock_guard lock(mutex_);
    if (last_ - next_ + 1 >= block_size_ / 2 || spare_.last >= spare_.first)
      return absl::OkStatus();
  }
  AccessionBlock block;
  TJ_TRY(database.Write([&](store::Transaction& tx) -> absl::Status {
    TJ_ASSIGN_OR_RETURN(block, LeaseBlock(tx, prefix_, "", block_size_));
    return absl::OkStatus();
  }));
  const std::lock_guard lock(mutex_);
  spare_ = block;
  return absl::OkStatus();
}

absl::StatusOr<std::string> OwnNumbers::Take() {
  const std::lock_guard lock(mutex_);
  if (next_ > last_ && spare_.last >= spare_.first) {
    next_ = spare_.first;
    last_ = spare_.last;
    spare_ = {};
  }
  if (next_ > last_) {
    return base::Unavailable("OVERLOADED", "no accession number at hand: try again");
  }
  return FormatAccession(prefix_, next_++);
}

}  // namespace tongjian::orders
