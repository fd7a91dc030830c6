// Values as the contract writes them, and back.
#pragma once

#include <string>
#include <vector>

#include "services/reading/facts.h"
#include "services/reading/report.h"
#include "services/reading/task.h"

namespace tongjian::common::v1 {
class PatientRef;
}
namespace tongjian::imaging::v1 {
class Study;
}
namespace tongjian::orders::v1 {
class Order;
}
namespace tongjian::reading::v1 {
class Report;
class ReportContent;
class ReportVersion;
class Task;
}  // namespace tongjian::reading::v1

namespace tongjian::reading {

void Encode(const Task& task, v1::Task* out);
Task Decode(const v1::Task& in);

void Encode(const Content& content, v1::ReportContent* out);
Content Decode(const v1::ReportContent& in);

// Without the canonical bytes and the signers' accounts, which the contract does not carry.
void Encode(const Version& version, v1::ReportVersion* out);
Version Decode(const v1::ReportVersion& in);

void Encode(const Report& report, v1::Report* out);
Report Decode(const v1::Report& in);

// Ids as a column keeps them: one a line.
std::string LinesOf(const std::vector<std::string>& ids);
std::vector<std::string> ListOf(const std::string& lines);

OrderFact FactOf(const orders::v1::Order& order);
StudyFact FactOf(const imaging::v1::Study& study);

}  // namespace tongjian::reading
