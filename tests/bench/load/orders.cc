#include <grpcpp/grpcpp.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <limits>
#include <memory>
#include <mutex>
#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/rpc/channel.h"
#include "tests/bench/load/load.h"
#include "tongjian/orders/v1/order_service.grpc.pb.h"

namespace tongjian::bench {
namespace {

using Clock = std::chrono::steady_clock;
using orders::v1::OrderService;

struct Group {
  std::string files;
  std::string facility;
  int clients = 0;
  double rate = 0;  // Orders a second of all its clients; 0: one behind the other.

  std::mutex mutex;
  std::vector<double> milliseconds;
  std::string first_failure;
  int64_t failed = 0;
};

orders::v1::CreateOrderRequest Request(const std::string& facility, const std::string& id) {
  orders::v1::CreateOrderRequest request;
  request.set_request_id(id);
  orders::v1::Order& order = *request.mutable_order();
  order.set_origin(orders::v1::ORDER_ORIGIN_HIS);
  order.set_ordering_facility_id(facility);
  order.set_discipline(common::v1::DISCIPLINE_IMAGING);
  order.set_priority(common::v1::PRIORITY_ROUTINE);
  order.set_patient_class(common::v1::PATIENT_CLASS_OUTPATIENT);
  order.set_placer_order_number(id);
  order.set_clinical_information("颈痛两周，右上肢麻木");
  common::v1::PatientRef& patient = *order.mutable_patient();
  patient.set_facility_id(facility);
  patient.set_facility_patient_id(id);
  patient.set_name("张三");
  patient.set_sex(common::v1::SEX_MALE);
  patient.set_birth_date("1980-01-01");
  orders::v1::OrderItem& item = *order.add_items();
  item.set_id("1");
  item.set_item_id("cr-cervical-spine");
  return request;
}

// One client: a connection of its own. With a rate it keeps to a timetable, and a call that waits
// for the one before counts from when it was due.
void Run(Group& group, int client, const std::string& address, const std::string& ca,
         Clock::time_point begin, Clock::time_point end, int64_t count) {
  const auto channel = rpc::OpenChannel(
      {.address = address, .files = {group.files + ".pem", group.files + ".key", ca}});
  if (!channel.ok()) {
    std::fprintf(stderr, "%s\n", channel.status().ToString().c_str());
    std::exit(1);
  }
  const auto stub = OrderService::NewStub(*channel);
  std::vector<double> took;
  int64_t failed = 0;
  std::string why;
  const auto pause = group.rate <= 0
                         ? Clock::duration::zero()
                         : std::chrono::duration_cast<Clock::duration>(
                               std::chrono::duration<double>(group.clients / group.rate));
  Clock::time_point due = begin + pause * client / std::max(1, group.clients);
  for (int64_t number = 0; number < count; ++number) {
    if (pause > Clock::duration::zero()) {
      std::this_thread::sleep_until(due);
    } else {
      due = Clock::now();
    }
    if (due >= end) break;
    const auto request =
        Request(group.facility, absl::StrCat(group.facility, "-", client, "-", number, "-",
                                             begin.time_since_epoch().count()));
    orders::v1::Order order;
    rpc::ClientCall call(rpc::OutgoingIdentity::Machine(),
                         {.timeout = absl::Seconds(30), .wait_for_ready = true});
    const absl::Status status = call.Result(stub->CreateOrder(call.context(), request, &order));
    const auto now = Clock::now();
    if (status.ok()) {
      // The first tenth warms up.
      if (due - begin > (end - begin) / 10)
        took.push_back(std::chrono::duration<double, std::milli>(now - due).count());
    } else {
      ++failed;
      why = status.ToString();
    }
    due += pause;
  }
  const std::lock_guard lock(group.mutex);
  group.milliseconds.insert(group.milliseconds.end(), took.begin(), took.end());
  group.failed += failed;
  if (!why.empty()) group.first_failure = why;
}

}  // namespace

int RunOrders(const Arguments& arguments) {
  std::vector<std::unique_ptr<Group>> groups;
  const auto [first, last] = arguments.equal_range("group");
  for (auto it = first; it != last; ++it) {
    const std::vector<std::string> parts = absl::StrSplit(it->second, ',');
    if (parts.size() != 4) return 2;
    auto group = std::make_unique<Group>();
    group->files = parts[0];
    group->facility = parts[1];
    group->clients = std::stoi(parts[2]);
    group->rate = std::stod(parts[3]);
    groups.push_back(std::move(group));
  }
  const double seconds = GetNumber(arguments, "seconds");
  const int64_t count = arguments.contains("count")
                            ? static_cast<int64_t>(GetNumber(arguments, "count"))
                            : std::numeric_limits<int64_t>::max();
  const auto begin = Clock::now() + std::chrono::milliseconds(200);
  const auto end =
      begin + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
  std::vector<std::thread> threads;
  for (const auto& group : groups) {
    for (int client = 0; client < group->clients; ++client) {
      threads.emplace_back(Run, std::ref(*group), client, Get(arguments, "address"),
                           Get(arguments, "ca"), begin, end, count);
    }
  }
  for (std::thread& thread : threads) thread.join();
  std::string text;
  bool failures = false;
  for (const auto& group : groups) {
    absl::StrAppend(&text, text.empty() ? "" : ", ", "\"", group->facility,
                    "\": {\"a_second\": ", group->milliseconds.size() / (seconds * 0.9),
                    ", \"failed\": ", group->failed,
                    ", \"p50_ms\": ", Quantile(group->milliseconds, 0.5),
                    ", \"p99_ms\": ", Quantile(group->milliseconds, 0.99), "}");
    if (group->first_failure.empty()) continue;
    std::fprintf(stderr, "%s: %s\n", group->facility.c_str(), group->first_failure.c_str());
    failures = true;
  }
  std::printf("{%s}\n", text.c_str());
  return failures ? 1 : 0;
}

}  // namespace tongjian::bench
