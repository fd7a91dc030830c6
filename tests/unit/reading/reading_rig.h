// The reading service without its wire: real store, real signatures, the news of the other services given by hand.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "common/base/clock.h"
#include "common/base/id.h"
#include "common/security/authority.h"
#include "common/security/signature.h"
#include "common/store/database.h"
#include "services/reading/evidence.h"
#include "services/reading/reports.h"
#include "services/reading/tasks.h"
#include "tongjian/events/v1/events.pb.h"
#include "tongjian/imaging/v1/study.pb.h"
#include "tongjian/orders/v1/order.pb.h"

namespace tongjian::reading {

MATCHER(IsOk, "") {
  *result_listener << arg.ToString();
  return arg.ok();
}
MATCHER_P(HasReason, reason, "") {
  *result_listener << arg.ToString();
  return base::DetailOf(arg).reason == reason;
}

// The registry's word, as the test sets it.
class KnownRight final : public SigningRight {
 public:
  absl::Status Check(const std::string& practitioner_id, const std::string& requesting_facility_id, int) override;
  std::set<std::string> refused;
  bool away = false;
};

class KnownNames final : public Names {
 public:
  std::string Facility(const std::string& id) const override { return "名 " + id; }
  std::string Practitioner(const std::string& id) const override { return "Dr " + id; }
};

class ReadingRig : public ::testing::Test {
 protected:
  // `url`: of an empty database; empty for a file of its own.
  explicit ReadingRig(const std::string& url = "");
  ~ReadingRig() override;

  // An order of clinic "f1" for the center of "hub", submitted.
  orders::v1::Order NewOrder(const std::string& id);
  static imaging::v1::Study NewStudy(const std::string& id, const std::vector<std::string>& orders);
  absl::Status Hear(orders::v1::Order& order);  // As its next version.
  absl::Status Hear(imaging::v1::Study& study);
  // An order with a complete study: its queued task.
  Task Queued(const std::string& order_id);
  Task TaskOf(const std::string& order_id);

  Asked By(const std::string& practitioner, const std::string& facility = "hub");
  // Claims and drafts; the report.
  Report Drafted(Task& task, const std::string& practitioner = "p1", const std::string& facility = "hub");
  Report Signed(Task& task);
  static Content Says(const std::string& impression);

  struct Told {
    std::string type;
    std::string key;
    std::vector<std::string> audiences;
    std::string payload;
  };
  std::vector<Told> Events();

  base::ManualClock clock_{absl::FromUnixSeconds(1'770'000'000)};
  std::string directory_;
  base::Ids ids_{"test", clock_};
  std::unique_ptr<security::Authority> authority_;
  std::unique_ptr<security::Signer> signer_;
  std::unique_ptr<store::Database> database_;
  KnownRight right_;
  KnownNames names_;
  Evidence evidence_{ids_};
  std::unique_ptr<Tasks> tasks_;
  std::unique_ptr<Reports> reports_;
  std::map<std::string, int64_t> versions_;
  int requests_ = 0;
};

}  // namespace tongjian::reading
