#include <chrono>
#include <cstdio>

#include "absl/strings/str_cat.h"
#include "common/dicom/scu.h"
#include "common/dicom/tag.h"
#include "common/dicom/uid.h"
#include "tests/bench/load/load.h"

namespace tongjian::bench {

int RunWorklist(const Arguments& arguments) {
  const dicom::ScuOptions options = {.calling_ae = Get(arguments, "calling"),
                                     .called_ae = Get(arguments, "called"),
                                     .host = "127.0.0.1",
                                     .port = static_cast<uint16_t>(GetNumber(arguments, "port"))};
  const std::string find(dicom::uids::kModalityWorklistFind);
  dicom::Dataset query;
  for (const dicom::Tag tag :
       {dicom::tags::kPatientName, dicom::tags::kPatientId, dicom::tags::kStudyInstanceUid}) {
    query.Set(tag, "");
  }
  query.Set(dicom::tags::kAccessionNumber, Get(arguments, "accession"));
  std::string text;
  int64_t entries = 0;
  const auto count = static_cast<int>(GetNumber(arguments, "count"));
  for (int i = 0; i < count; ++i) {
    const auto began = std::chrono::steady_clock::now();
    absl::Status status;
    {
      auto scu =
          dicom::Scu::Open(options, {{find, {std::string(dicom::uids::kImplicitLittleEndian)}}});
      status = scu.status();
      if (scu.ok()) {
        status = (*scu)->Find(find, query, [&](const dicom::Dataset&) {
          ++entries;
          return true;
        });
      }
    }
    if (!status.ok()) {
      std::fprintf(stderr, "%s\n", status.ToString().c_str());
      return 1;
    }
    const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - began;
    absl::StrAppend(&text, i == 0 ? "" : ", ", took.count());
  }
  std::printf("{\"entries\": %ld, \"ms\": [%s]}\n", static_cast<long>(entries), text.c_str());
  return 0;
}

}  // namespace tongjian::bench
