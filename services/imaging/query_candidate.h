// Rows as data sets, to be matched and answered.
#pragma once

#include "common/dicom/dataset.h"
#include "services/imaging/study.h"

namespace tongjian::imaging {

// Each adds what its columns say (query_keys.h KeySource::kRow).
void AddStudy(const Study& study, dicom::Dataset& to);
void AddSeries(const Series& series, dicom::Dataset& to);
// Rows, Columns and BitsAllocated only where they are known: see HasPixelFacts.
void AddInstance(const Instance& instance, dicom::Dataset& to);
inline bool HasPixelFacts(const Instance& instance) { return instance.pixel_rows >= 0; }

// Adds what `to` does not have.
void AddMissing(const dicom::Dataset& from, dicom::Dataset& to);

}  // namespace tongjian::imaging
