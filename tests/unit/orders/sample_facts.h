// A small county: two townships, a village, a county hospital with two centers, a specialist
// hospital outside.
#pragma once

#include "services/orders/facts.h"

namespace tongjian::orders {

inline absl::Time At(int year, int month, int day, int hour, int minute) {
  return absl::FromCivil(absl::CivilMinute(year, month, day, hour, minute),
                         absl::FixedTimeZone(8 * 3600));
}

inline Facts SampleFacts() {
  Facts facts;
  for (const auto& [id, parent, level] : {std::tuple{"county", "", 3},
                                          {"town-a", "", 4},
                                          {"town-b", "", 4},
                                          {"village", "town-a", 5},
                                          {"specialist", "", 2},
                                          {"outside", "", 4}}) {
    facts.facilities[id] = {.id = id, .name = id, .parent_facility_id = parent, .level = level};
  }
  for (const char* id : {"county", "town-a", "town-b"}) {
    facts.memberships.insert({id,
                              {.community_id = "community",
                               .facility_id = id,
                               .lead = std::string(id) == "county",
                               .active = {{.from = At(2026, 1, 1, 0, 0)}}}});
  }
  facts.centers["county-imaging"] = {.id = "county-imaging",
                                     .name = "影像中心",
                                     .discipline = Discipline::kImaging,
                                     .host_facility_id = "county",
                                     .community_ids = {"community"},
                                     .fallback_center_id = "night-imaging",
                                     .load_limit = 10};
  for (int weekday = 1; weekday <= 5; ++weekday) {
    facts.centers["county-imaging"].hours.push_back(
        {.weekday = weekday, .open_minute = 480, .close_minute = 1320});
  }
  facts.centers["night-imaging"] = {.id = "night-imaging",
                                    .name = "夜间影像",
                                    .discipline = Discipline::kImaging,
                                    .host_facility_id = "specialist"};
  facts.items["dx-chest"] = {
      .id = "dx-chest",
      .name = "胸部正位",
      .discipline = Discipline::kImaging,
      .recognition_code = "RC-CHEST",
      .modality = "DX",
      .body_part = "CHEST",
      .prices = {{.fen = 8000, .from = "2026-01-01"},
                 {.fen = 9000, .from = "2026-06-01"},
                 {.facility_id = "town-b", .fen = 7000, .from = "2026-01-01"}}};
  facts.items["ecg-12"] = {
      .id = "ecg-12", .name = "十二导心电图", .discipline = Discipline::kEcg, .modality = "ECG"};
  facts.local_codes[{"town-a", "XP01"}] = "dx-chest";
  facts.calendar.holidays = {"2026-10-01", "2026-10-02", "2026-10-05", "2026-10-06", "2026-10-07"};
  facts.calendar.workdays = {"2026-10-10"};
  return facts;
}

inline Order ChestOrder(std::string facility = "town-a") {
  Order order;
  order.ordering_facility_id = facility;
  order.patient = {.facility_id = facility,
                   .facility_patient_id = "P1",
                   .name = "王小明",
                   .birth_date = "1960-02-03"};
  order.discipline = Discipline::kImaging;
  order.items = {{.id = "1",
                  .item_id = "dx-chest",
                  .recognition_code = "RC-CHEST",
                  .modality = "DX",
                  .body_part = "CHEST"}};
  return order;
}

}  // namespace tongjian::orders
