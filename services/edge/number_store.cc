#include "services/edge/number_store.h"

#include <cstdio>

#include "common/base/status.h"
#include "services/edge/link.h"
#include "tongjian/orders/v1/order_service.grpc.pb.h"

namespace tongjian::edge {
namespace {

constexpr int64_t kDigitsMax = 16;

std::string Format(const std::string& prefix, int64_t digits, int64_t number) {
  char text[32];
  std::snprintf(text, sizeof text, "%0*lld", static_cast<int>(digits),
                static_cast<long long>(number));
  return prefix + text;
}

absl::StatusOr<int64_t> BlocksLeft(store::Session& session) {
  TJ_ASSIGN_OR_RETURN(const auto row,
                      session.QueryOne("select count(*) from accession_block where next_number <= "
                                       "last_number"));
  return row->Int(0);
}

}  // namespace

absl::StatusOr<std::string> Numbers::Take(store::Transaction& tx) {
  TJ_ASSIGN_OR_RETURN(const auto block,
                      tx.QueryOne("select id, prefix, digits, next_number from accession_block "
                                  "where next_number <= last_number order by id limit 1"));
  if (!block) {
    return base::Unavailable("HUB_UNREACHABLE",
                             "no accession number is left and the hub has given no further block");
  }
  TJ_TRY(tx.Execute("update accession_block set next_number = next_number + 1 where id = :id",
                    block->Int(0))
             .status());
  return Format(block->Text(1), block->Int(2), block->Int(3));
}

absl::StatusOr<int64_t> Numbers::Left(store::Session& session) {
  TJ_ASSIGN_OR_RETURN(const auto row,
                      session.QueryOne("select coalesce(sum(last_number - next_number + 1), 0) "
                                       "from accession_block where next_number <= last_number"));
  return row->Int(0);
}

absl::Status Numbers::LeaseOne() {
  orders::v1::LeaseAccessionBlockRequest request;
  request.set_request_id(ids_.New());
  request.set_facility_id(facility_id_);
  request.set_size(static_cast<int32_t>(block_size_));
  rpc::ClientCall call(rpc::OutgoingIdentity::Machine(), {});
  orders::v1::AccessionBlock block;
  TJ_TRY(call.Result(orders::v1::OrderService::NewStub(link_.calls())
                         ->LeaseAccessionBlock(call.context(), request, &block)));
  if (block.digits() < 1 || block.digits() > kDigitsMax || block.last() < block.first() ||
      block.prefix().size() + static_cast<size_t>(block.digits()) > kDigitsMax) {
    return absl::InternalError("the hub gave a block of accession numbers that makes no sense");
  }
  return database_.Write([&](store::Transaction& tx) -> absl::Status {
    TJ_ASSIGN_OR_RETURN(const auto last,
                        tx.QueryOne("select coalesce(max(id), 0) from accession_block"));
    TJ_TRY(tx.Execute("delete from accession_block where next_number > last_number").status());
    return tx
        .Execute("insert into accession_block (id, prefix, digits, next_number, last_number) "
                 "values (:id, :prefix, :digits, :first, :last)",
                 last->Int(0) + 1, block.prefix(), block.digits(), block.first(), block.last())
        .status();
  });
}

absl::Status Numbers::Refill() {
  while (true) {
    int64_t left = 0;
    TJ_TRY(database_.Read([&](store::Session& session) -> absl::Status {
      TJ_ASSIGN_OR_RETURN(left, BlocksLeft(session));
      return absl::OkStatus();
    }));
    if (left > kReserve) return absl::OkStatus();
    TJ_TRY(LeaseOne());
  }
}

}  // namespace tongjian::edge
