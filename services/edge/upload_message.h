// What is said of one object on the upload stream, and what an answer means. Pure.
#pragma once

#include "services/edge/spool_store.h"
#include "tongjian/imaging/v1/ingest.pb.h"

namespace tongjian::edge {

// How an upload begins: the object's id is the upload's.
imaging::v1::UploadRequest BeginOf(const SpoolObject& object);

// Whether the same object can be taken later without a change.
bool CanSucceed(const imaging::v1::UploadFailure& failure);

}  // namespace tongjian::edge
