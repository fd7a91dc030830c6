#include "common/security/digest.h"
#include "tests/wire/imaging/hub.h"

namespace tongjian::imaging {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

v1::UploadState Progress(const std::shared_ptr<grpc::Channel>& channel,
                         const std::string& upload_id) {
  v1::GetUploadRequest request;
  request.set_upload_id(upload_id);
  v1::UploadState state;
  rpc::ClientCall call(rpc::OutgoingIdentity::Machine(), {.wait_for_ready = true});
  EXPECT_THAT(
      call.Result(v1::IngestService::NewStub(channel)->GetUpload(call.context(), request, &state)),
      IsOk());
  return state;
}

TEST(Uploads, StoreObjectsOneAfterTheOther) {
  Hub hub;
  UploadClient client(hub.Gateway("f1"));
  for (int i = 1; i <= 3; ++i) {
    const std::string bytes =
        MakeObject({.sop = "1.2." + std::to_string(i), .pixels = std::string(200'000, 'x')});
    const v1::UploadResponse end =
        client.Send({.upload_id = "u" + std::to_string(i), .bytes = bytes});
    ASSERT_TRUE(end.has_done()) << end.ShortDebugString();
    EXPECT_EQ(end.done().outcome(), v1::STORE_OUTCOME_STORED);
    const auto content = hub.ReadInstance(end.done().study_id(), end.done().sop_instance_uid());
    ASSERT_TRUE(content.ok()) << content.status();
    EXPECT_EQ(*content, bytes);
  }
  EXPECT_TRUE(client.End().ok());
  const std::vector<Study> studies = hub.archive.Studies();
  ASSERT_THAT(studies, SizeIs(1));
  EXPECT_EQ(studies[0].instance_count, 3);
  EXPECT_EQ(studies[0].facility_id, "f1");
}

TEST(Uploads, MayBeAnnouncedBeforeTheOneBeforeIsDone) {
  Hub hub;
  UploadClient client(hub.Gateway("f1"));
  constexpr int kObjects = 40;
  for (int i = 1; i <= kObjects; ++i) {
    const UploadClient::Object object = {.upload_id = "u" + std::to_string(i),
                                         .bytes = MakeObject({.sop = "1.2." + std::to_string(i)})};
    client.Begin(object);
    client.SendChunk(0, object.bytes);
    client.Finish(object.upload_id);
  }
  std::set<std::string> done;
  while (done.size() < kObjects) {
    const v1::UploadResponse end = client.NextEnd();
    ASSERT_TRUE(end.has_done()) << end.ShortDebugString();
    done.insert(end.done().upload_id());
  }
  EXPECT_EQ(hub.archive.Studies()[0].instance_count, kObjects);
}

TEST(Uploads, ResumeAtTheCommittedSizeAfterABrokenStream) {
  Hub hub;
  const auto channel = hub.Gateway("f1");
  const UploadClient::Object object = {.upload_id = "u1",
                                       .bytes = MakeObject({.pixels = std::string(300'000, 'y')})};
  {
    UploadClient client(channel);
    client.Begin(object);
    EXPECT_EQ(client.Next().state().committed_size(), 0);
    client.SendChunk(0, std::string_view(object.bytes).substr(0, 100'000));
    client.SendChunk(100'000, std::string_view(object.bytes).substr(100'000, 100'000));
    // The answer to a bad chunk says that the good ones before it have come in.
    client.SendChunk(200'000, "zz", 0);
    EXPECT_EQ(client.NextEnd().failure().reason(), "CONTENT_MISMATCH");
    client.Break();
  }
  UploadClient again(channel);
  again.Begin(object);
  EXPECT_EQ(again.Next().state().committed_size(), 200'000);
  again.SendChunk(200'000, std::string_view(object.bytes).substr(200'000));
  again.Finish("u1");
  const v1::UploadResponse end = again.NextEnd();
  ASSERT_TRUE(end.has_done()) << end.ShortDebugString();
  EXPECT_EQ(*hub.ReadInstance(end.done().study_id(), end.done().sop_instance_uid()), object.bytes);
}

TEST(Uploads, KeepWhatWasToldDurableWhenTheStreamIsKilled) {
  Hub hub({.uploads = {.flush_interval = absl::ZeroDuration()}});
  const auto channel = hub.Gateway("f1");
  const UploadClient::Object object = {.upload_id = "u1",
                                       .bytes = MakeObject({.pixels = std::string(300'000, 'y')})};
  UploadClient client(channel);
  client.Begin(object);
  client.Next();
  client.SendChunk(0, std::string_view(object.bytes).substr(0, 50'000));
  EXPECT_EQ(client.Next().state().committed_size(), 50'000);
  client.SendChunk(50'000, std::string_view(object.bytes).substr(50'000, 50'000));
  EXPECT_EQ(client.Next().state().committed_size(), 100'000);
  client.Break();
  EXPECT_EQ(Progress(channel, "u1").committed_size(), 100'000);
  UploadClient again(channel);
  const v1::UploadResponse end = again.Send(object);
  ASSERT_TRUE(end.has_done()) << end.ShortDebugString();
  EXPECT_EQ(*hub.ReadInstance(end.done().study_id(), end.done().sop_instance_uid()), object.bytes);
}

TEST(Uploads, AreToldDurableEverySoManyBytes) {
  Hub hub({.uploads = {.flush_bytes = 100'000, .flush_interval = absl::Hours(1)}});
  const UploadClient::Object object = {.upload_id = "u1",
                                       .bytes = MakeObject({.pixels = std::string(350'000, 'y')})};
  UploadClient client(hub.Gateway("f1"));
  client.Begin(object);
  client.Next();
  for (size_t at = 0; at < object.bytes.size(); at += 50'000) {
    client.SendChunk(static_cast<int64_t>(at), std::string_view(object.bytes).substr(at, 50'000));
  }
  client.Finish("u1");
  // Every chunk is answered with what has come, and with what of it is durable.
  int64_t received = 0;
  while (received < static_cast<int64_t>(object.bytes.size())) {
    const v1::UploadState state = client.Next().state();
    ASSERT_GT(state.received_size(), received);
    received = state.received_size();
    EXPECT_EQ(state.committed_size(), received / 100'000 * 100'000);
  }
  EXPECT_TRUE(client.Next().has_done());
}

TEST(Uploads, AreTakenOverByANewStreamWhileTheOldOneHangs) {
  Hub hub;
  const auto channel = hub.Gateway("f1");
  const UploadClient::Object object = {.upload_id = "u1",
                                       .bytes = MakeObject({.pixels = std::string(100'000, 'y')})};
  UploadClient hanging(channel);
  hanging.Begin(object);
  hanging.Next();
  UploadClient fresh(channel);
  ASSERT_TRUE(fresh.Send(object).has_done());
  hanging.SendChunk(0, object.bytes);
  const v1::UploadResponse end = hanging.NextEnd();
  ASSERT_TRUE(end.has_failure());
  EXPECT_EQ(end.failure().code(), static_cast<int>(absl::StatusCode::kAborted));
  EXPECT_EQ(hub.archive.Studies()[0].instance_count, 1);
}

TEST(Uploads, SentAgainAreAnsweredWithoutTheirBytes) {
  Hub hub;
  const auto channel = hub.Gateway("f1");
  const UploadClient::Object object = {.upload_id = "u1", .bytes = MakeObject({})};
  UploadClient client(channel);
  ASSERT_TRUE(client.Send(object).has_done());
  client.Begin(object);
  const v1::UploadResponse state = client.Next();
  EXPECT_TRUE(state.state().complete());
  EXPECT_TRUE(client.Next().has_done());
  EXPECT_TRUE(Progress(channel, "u1").complete());
  // Another object under that id is refused, the stream goes on.
  EXPECT_EQ(
      client.Send({.upload_id = "u1", .bytes = MakeObject({.sop = "1.9"})}).failure().reason(),
      "REQUEST_ID_REUSED");
  const v1::UploadResponse duplicate = client.Send({.upload_id = "u2", .bytes = object.bytes});
  EXPECT_EQ(duplicate.done().outcome(), v1::STORE_OUTCOME_DUPLICATE);
  EXPECT_EQ(hub.archive.Studies()[0].instance_count, 1);
  EXPECT_EQ(hub.archive.CountObjects(), 1);
}

TEST(Uploads, SentAgainAreTakenAnewWhereTheFirstIsDamaged) {
  Hub hub;
  const UploadClient::Object object = {.upload_id = "u1", .bytes = MakeObject({})};
  UploadClient client(hub.Gateway("f1"));
  const v1::UploadDone done = client.Send(object).done();
  const Study study = hub.archive.Studies().at(0);
  hub.archive.Damage(hub.archive.Instances(study).at(0).locator);
  EXPECT_FALSE(hub.ReadInstance(done.study_id(), done.sop_instance_uid()).ok());
  const v1::UploadResponse again = client.Send(object);
  ASSERT_TRUE(again.has_done()) << again.ShortDebugString();
  EXPECT_EQ(again.done().outcome(), v1::STORE_OUTCOME_DUPLICATE);
  const auto content = hub.ReadInstance(done.study_id(), done.sop_instance_uid());
  ASSERT_TRUE(content.ok()) << content.status();
  EXPECT_EQ(*content, object.bytes);
  // Healed, it is answered without its bytes as before.
  client.Begin(object);
  EXPECT_TRUE(client.Next().state().complete());
}

TEST(Uploads, AreCheckedByTheirDigest) {
  Hub hub;
  UploadClient client(hub.Gateway("f1"));
  const std::string bytes = MakeObject({});
  std::string other = bytes;
  other.back() ^= 1;
  client.Begin({.upload_id = "u1", .bytes = bytes});
  client.Next();
  client.SendChunk(0, other);
  client.Finish("u1");
  const v1::UploadResponse end = client.NextEnd();
  EXPECT_EQ(end.failure().reason(), "CONTENT_MISMATCH");
  EXPECT_TRUE(end.failure().retryable());
  EXPECT_THAT(hub.archive.Studies(), IsEmpty());
  // Nothing of the wrong bytes is left: the next try is good.
  EXPECT_TRUE(client.Send({.upload_id = "u1", .bytes = bytes}).has_done());
}

TEST(Uploads, AreRefusedOneByOne) {
  Hub hub({.uploads = {.object_bytes_max = 100'000}});
  UploadClient client(hub.Gateway("f1"));
  const auto reason = [&](const UploadClient::Object& object) {
    return client.Send(object).failure().reason();
  };
  const std::string good = MakeObject({});
  EXPECT_EQ(reason({.upload_id = "u1", .bytes = good, .facility = "f2"}), "PERMISSION_DENIED");
  EXPECT_EQ(reason({.upload_id = "../u1", .bytes = good}), "INVALID_FIELD");
  EXPECT_EQ(reason({.upload_id = "u2", .bytes = std::string(100'001, 'x')}), "INVALID_FIELD");
  EXPECT_EQ(reason({.upload_id = "u3", .bytes = "this is no DICOM object, whatever it says"}),
            "MALFORMED_OBJECT");
  EXPECT_EQ(reason({.upload_id = "u4", .bytes = MakeObject({.study = "../../etc"})}),
            "MALFORMED_OBJECT");
  EXPECT_EQ(reason({.upload_id = "u5", .bytes = MakeObject({.sop = ""})}), "MALFORMED_OBJECT");
  EXPECT_TRUE(client.Send({.upload_id = "u6", .bytes = good}).has_done());
  EXPECT_EQ(hub.archive.CountObjects(), 1);
}

TEST(Uploads, OfAFacilityBelowTheGatewaysOwnAreTaken) {
  Hub hub;
  hub.archive.places.SetFacility("village", "f1");
  UploadClient client(hub.Gateway("f1"));
  const v1::UploadResponse end =
      client.Send({.upload_id = "u1", .bytes = MakeObject({}), .facility = "village"});
  ASSERT_TRUE(end.has_done()) << end.ShortDebugString();
  EXPECT_EQ(hub.archive.Get(end.done().study_id()).facility_id, "village");
}

TEST(Uploads, OfTwoGatewaysMayHaveTheSameId) {
  Hub hub;
  UploadClient a(hub.Gateway("f1")), b(hub.Gateway("f2"));
  EXPECT_EQ(a.Send({.upload_id = "u1", .bytes = MakeObject({})}).done().outcome(),
            v1::STORE_OUTCOME_STORED);
  EXPECT_EQ(b.Send({.upload_id = "u1", .bytes = MakeObject({.pixels = "other"}), .facility = "f2"})
                .done()
                .outcome(),
            v1::STORE_OUTCOME_STORED);
}

TEST(Uploads, LeaveOneRecordPerStudyInTheTrail) {
  Hub hub;
  UploadClient client(hub.Gateway("f1"));
  for (int i = 1; i <= 5; ++i) {
    const std::string n = std::to_string(i);
    ASSERT_TRUE(
        client.Send({.upload_id = "u" + n, .bytes = MakeObject({.sop = "1.2." + n})}).has_done());
  }
  ASSERT_TRUE(client.End().ok());
  int whole = 0;
  for (const audit::v1::AuditRecord& record : hub.Trail()) {
    if (record.phase() != audit::v1::PHASE_WHOLE) continue;
    ++whole;
    EXPECT_EQ(record.actor().facility_id(), "f1");
    EXPECT_THAT(record.patients(), SizeIs(1));
  }
  EXPECT_EQ(whole, 1);
}

TEST(Uploads, CarryTheirPriority) {
  Hub hub;
  UploadClient client(hub.Gateway("f1"));
  const v1::UploadResponse end = client.Send(
      {.upload_id = "u1", .bytes = MakeObject({}), .priority = common::v1::PRIORITY_STAT});
  EXPECT_EQ(hub.archive.Get(end.done().study_id()).priority, common::v1::PRIORITY_STAT);
}

TEST(Finishing, IsAnsweredTheSameWayTwice) {
  Hub hub;
  const auto channel = hub.Gateway("f1");
  UploadClient client(channel);
  ASSERT_TRUE(client.Send({.upload_id = "u1", .bytes = MakeObject({})}).has_done());
  v1::FinishStudyRequest request;
  request.set_request_id("r1");
  request.set_facility_id("f1");
  request.set_study_instance_uid("1.2.826.0.1");
  request.set_instance_count(1);
  for (int i = 0; i < 2; ++i) {
    v1::FinishStudyResponse response;
    rpc::ClientCall call(rpc::OutgoingIdentity::Machine(), {.wait_for_ready = true});
    ASSERT_THAT(call.Result(v1::IngestService::NewStub(channel)->FinishStudy(call.context(),
                                                                             request, &response)),
                IsOk());
    EXPECT_TRUE(response.verified());
    EXPECT_EQ(response.instance_count(), 1);
  }
  EXPECT_EQ(hub.archive.Studies()[0].state, StudyState::kVerified);
  request.set_facility_id("f2");
  request.set_request_id("r2");
  v1::FinishStudyResponse response;
  rpc::ClientCall call(rpc::OutgoingIdentity::Machine(), {.wait_for_ready = true});
  EXPECT_THAT(call.Result(v1::IngestService::NewStub(channel)->FinishStudy(call.context(), request,
                                                                           &response)),
              HasCode(absl::StatusCode::kPermissionDenied));
}

}  // namespace
}  // namespace tongjian::imaging
