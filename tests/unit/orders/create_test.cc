// Writing orders: what the hub adds, what it refuses, and that the same request has one effect.
#include <set>
#include <thread>

#include "services/orders/order_codec.h"
#include "services/orders/state.h"
#include "tests/unit/orders/orders_fixture.h"

namespace tongjian::orders {
namespace {

class Create : public OrdersTest {};
TJ_ON_BOTH_BACKENDS(Create);

TEST_P(Create, NumbersRoutesAndDatesTheOrder) {
  facts_->targets = {{.discipline = Discipline::kImaging,
                      .target = 60,
                      .start = TurnaroundStart::kSubmitted,
                      .source = "S"}};
  const Order order = Created();
  EXPECT_EQ(order.state, State::kSubmitted);
  EXPECT_EQ(order.origin, Origin::kHis);
  EXPECT_EQ(order.accession_number, "JINHUA000000001");
  EXPECT_EQ(order.routing.center_id, "county-imaging");
  EXPECT_EQ(order.items[0].name, "胸部正位");
  EXPECT_EQ(order.items[0].price_fen, 9000);
  EXPECT_TRUE(order.items[0].study_instance_uid.starts_with("2.25."));
  EXPECT_EQ(order.deadline, clock_.Now() + absl::Hours(1));
  EXPECT_EQ(order.turnaround.source, "S");
  EXPECT_EQ(order.version, 1);
  EXPECT_EQ(Read(order.id), order);
}

TEST_P(Create, AnnouncesItOnceToAllConcerned) {
  const Order order = Created();
  const auto events = Events();
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0].order().id(), order.id);
  EXPECT_EQ(events[0].entry().action(), "submitted");
  EXPECT_EQ(Events("town-a").size(), 1u);
  EXPECT_EQ(Events("county").size(), 1u);
  EXPECT_EQ(Events("town-b").size(), 0u);
}

TEST_P(Create, HasOneEffectForOneRequestId) {
  const Asked asked = His("town-a");
  const auto first = orders_->Create(asked, ChestOrder(), false);
  const auto again = orders_->Create(asked, ChestOrder(), false);
  ASSERT_THAT(again.status(), IsOk());
  EXPECT_EQ(first->id, again->id);
  EXPECT_EQ(Count("select count(*) from orders"), 1);
  Asked other = asked;
  other.fingerprint = "different";
  EXPECT_THAT(orders_->Create(other, ChestOrder(), false).status(), HasReason("REQUEST_ID_REUSED"));
}

TEST_P(Create, HasOneEffectForOneRequestIdOfManyAtOnce) {
  const Asked asked = His("town-a");
  std::vector<std::string> ids(8);
  std::vector<std::thread> threads;
  for (std::string& id : ids) {
    threads.emplace_back([&, out = &id] {
      const auto order = orders_->Create(asked, ChestOrder(), false);
      if (order.ok()) *out = order->id;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(std::set<std::string>(ids.begin(), ids.end()).size(), 1u);
  EXPECT_NE(ids[0], "");
  EXPECT_EQ(Count("select count(*) from orders"), 1);
}

TEST_P(Create, RefusesAFacilityOutOfScope) {
  EXPECT_THAT(orders_->Create(His("town-b"), ChestOrder("town-a"), false).status(),
              HasReason("PERMISSION_DENIED"));
}

TEST_P(Create, IgnoresWhatOnlyTheHubDecides) {
  const Order order = Created("town-a", [](Order& wanted) {
    wanted.id = "mine";
    wanted.state = State::kSigned;
    wanted.routing.center_id = "mine";
    wanted.deadline = At(2020, 1, 1, 0, 0);
    wanted.patient.patient_id = "jinhua-someone";
    wanted.items[0].report_ids = {"report"};
    wanted.items[0].study_instance_uids = {"1.2.3"};
  });
  EXPECT_NE(order.id, "mine");
  EXPECT_EQ(order.state, State::kSubmitted);
  EXPECT_EQ(order.routing.center_id, "county-imaging");
  EXPECT_GT(order.deadline, clock_.Now());
  EXPECT_EQ(order.patient.patient_id, "");
  EXPECT_TRUE(order.items[0].report_ids.empty());
  EXPECT_FALSE(HasEvidence(order));
}

TEST_P(Create, KeepsItemsTheCatalogDoesNotKnow) {
  const Order order = Created("town-a", [](Order& wanted) {
    wanted.items = {{.local_code = "Z99", .name = "特殊检查", .modality = "US"}};
  });
  EXPECT_EQ(order.items[0].local_code, "Z99");
  EXPECT_EQ(order.routing.center_id, "county-imaging");
}

TEST_P(Create, WithoutACenterIsInTheDesksListUntilThereIsOne) {
  const auto center = facts_->centers["county-imaging"];
  facts_->centers.clear();
  const Order order = Created();
  EXPECT_EQ(order.state, State::kSubmitted);
  EXPECT_NE(order.note, "");
  EXPECT_EQ(order.routing.desk_facility_id, "county");
  const OrderFilter desk = {.needs_desk = true};
  const security::Scope county = security::Scope::Facilities({"county"});
  EXPECT_EQ(queries_->List(county, desk, {}, 10)->size(), 1u);
  EXPECT_EQ(*desk_->RouteWaiting(), 0);
  facts_->centers["county-imaging"] = center;
  EXPECT_EQ(*desk_->RouteWaiting(), 1);
  EXPECT_EQ(Read(order.id).routing.center_id, "county-imaging");
  EXPECT_EQ(Read(order.id).note, "");
  EXPECT_EQ(queries_->List(county, desk, {}, 10)->size(), 0u);
}

TEST_P(Create, KeepsItsTargetWhenTheTableChanges) {
  facts_->targets = {
      {.discipline = Discipline::kImaging, .target = 60, .start = TurnaroundStart::kAcquired}};
  const Order order = Created();
  facts_->targets[0].target = 600;
  clock_.Advance(absl::Hours(3));
  StudyFact study = Study(order.items[0].study_instance_uid, {order.id});
  study.performed = clock_.Now() - absl::Minutes(10);
  ASSERT_THAT(Tell(study), IsOk());
  EXPECT_EQ(Read(order.id).deadline, clock_.Now() + absl::Minutes(50));
}

TEST_P(Create, AsADraftIsNumberedButGoesNowhereUntilSubmitted) {
  const auto draft = orders_->Create(His("town-a"), ChestOrder(), true);
  ASSERT_THAT(draft.status(), IsOk());
  EXPECT_EQ(draft->state, State::kDraft);
  EXPECT_NE(draft->accession_number, "");
  EXPECT_EQ(draft->routing.center_id, "");
  EXPECT_EQ(Count("select count(*) from worklist"), 0);
  const auto submitted = orders_->Submit(His("town-a"), draft->id);
  ASSERT_THAT(submitted.status(), IsOk());
  EXPECT_EQ(submitted->routing.center_id, "county-imaging");
  EXPECT_EQ(Count("select count(*) from worklist"), 1);
  EXPECT_THAT(orders_->Submit(His("town-a"), draft->id).status(), HasReason("STATE_NOT_ALLOWED"));
}

class Numbers : public OrdersTest {};
TJ_ON_BOTH_BACKENDS(Numbers);

// Blocks taken at the same time, and the numbers in them.
TEST_P(Numbers, NeverMeetWhateverTakesThem) {
  std::vector<AccessionBlock> blocks;
  std::set<std::string> given;
  std::mutex mutex;
  const auto work = [&](int thread) {
    for (int i = 0; i < 10; ++i) {
      Asked asked{.caller = {}, .scope = security::Scope::Service(), .method = "lease"};
      asked.request_id = asked.fingerprint = std::to_string(thread) + "-" + std::to_string(i);
      const auto block = orders_->LeaseNumbers(asked, thread % 2 == 0 ? "town-a" : "town-b", 7);
      ASSERT_THAT(block.status(), IsOk());
      ASSERT_THAT(numbers_->Refill(*database_), IsOk());
      const auto own = numbers_->Take();
      ASSERT_THAT(own.status(), IsOk());
      const std::lock_guard lock(mutex);
      blocks.push_back(*block);
      EXPECT_TRUE(given.insert(*own).second) << *own;
    }
  };
  for (int round = 0; round < 2; ++round) {
    std::vector<std::thread> threads;
    for (int thread = 0; thread < 6; ++thread) threads.emplace_back(work, round * 6 + thread);
    for (std::thread& thread : threads) thread.join();
    Restart();
  }
  for (const AccessionBlock& block : blocks) {
    EXPECT_EQ(block.last - block.first, 6);
    for (int64_t number = block.first; number <= block.last; ++number) {
      EXPECT_TRUE(given.insert(FormatAccession(block.prefix, number)).second) << number;
    }
  }
}

TEST_P(Numbers, OfABlockAreTheSameForTheSameRequest) {
  const Asked asked = Gateway("town-a");
  const auto first = orders_->LeaseNumbers(asked, "town-a", 100);
  const auto again = orders_->LeaseNumbers(asked, "town-a", 100);
  ASSERT_THAT(again.status(), IsOk());
  EXPECT_EQ(first->first, again->first);
  EXPECT_THAT(orders_->LeaseNumbers(Gateway("town-a"), "town-b", 100).status(),
              HasReason("PERMISSION_DENIED"));
}

TEST_P(Numbers, OfAGatewayAreAcceptedOutOfItsOwnBlockAlone) {
  const auto block = orders_->LeaseNumbers(Gateway("town-a"), "town-a", 10);
  ASSERT_THAT(block.status(), IsOk());
  Order order = ChestOrder();
  order.accession_number = FormatAccession(block->prefix, block->last);
  order.items[0].study_instance_uid = "2.25.77";
  const auto created = orders_->Create(Gateway("town-a"), order, false);
  ASSERT_THAT(created.status(), IsOk());
  EXPECT_EQ(created->accession_number, order.accession_number);
  EXPECT_EQ(created->items[0].study_instance_uid, "2.25.77");
  EXPECT_THAT(orders_->Create(Gateway("town-a"), order, false).status(),
              HasReason("ALREADY_EXISTS"));
  Order other = ChestOrder("town-b");
  other.accession_number = FormatAccession(block->prefix, block->first);
  EXPECT_EQ(base::DetailOf(orders_->Create(Gateway("town-b"), other, false).status()).field,
            "order.accession_number");
  order.accession_number = FormatAccession(block->prefix, block->last + 1);
  EXPECT_THAT(orders_->Create(Gateway("town-a"), order, false).status(),
              HasReason("INVALID_FIELD"));
  order.accession_number = "17";
  EXPECT_THAT(orders_->Create(Gateway("town-a"), order, false).status(),
              HasReason("INVALID_FIELD"));
  order.accession_number = FormatAccession(block->prefix, block->first);
  EXPECT_THAT(orders_->Create(His("town-a"), order, false).status(), HasReason("INVALID_FIELD"));
}

}  // namespace
}  // namespace tongjian::orders
