// Domain values as messages.
#pragma once

#include "services/imaging/study.h"
#include "tongjian/imaging/v1/study.pb.h"

namespace tongjian::imaging {

v1::Study ToProto(const Study& study);
v1::Series ToProto(const Series& series);
v1::Instance ToProto(const Instance& instance);
v1::Conflict ToProto(const Conflict& conflict);
v1::StudyHistoryEntry ToProto(const HistoryEntry& entry);

}  // namespace tongjian::imaging
