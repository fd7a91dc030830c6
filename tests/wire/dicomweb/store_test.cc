// STOW-RS of a real server: what is answered as stored is stored, and nothing else is.
#include <atomic>
#include <thread>

#include "absl/strings/str_cat.h"
#include "common/dicom/tag.h"
#include "tests/wire/dicomweb/web_hub.h"

namespace tongjian::imaging {
namespace {

using nlohmann::json;
using testing::HasSubstr;

constexpr char kFailed[] = "00081198";
constexpr char kStored[] = "00081199";
constexpr char kOther[] = "0008119A";

std::string Object(int n, const std::string& study = "1.2.826.0.1") {
  ObjectSpec spec;
  spec.study = study;
  spec.sop = absl::StrCat("1.2.826.0.1.1.", n);
  spec.number = n;
  return MakeObject(spec);
}

json AnswerOf(const httplib::Result& answer) {
  EXPECT_TRUE(answer);
  EXPECT_EQ(answer->get_header_value("Content-Type"), "application/dicom+json");
  return json::parse(answer->body, nullptr, false);
}

TEST(WebStore, StoresEachPartAndSaysWhere) {
  WebHub hub;
  const auto answer = hub.Store({Object(1), Object(2)});
  ASSERT_EQ(answer->status, 200) << answer->body;
  const json told = AnswerOf(answer);
  ASSERT_EQ(told[kStored]["Value"].size(), 2u);
  EXPECT_FALSE(told.contains(kFailed));
  EXPECT_EQ(told[kStored]["Value"][1]["00081155"]["Value"][0], "1.2.826.0.1.1.2");
  const std::string url = told[kStored]["Value"][1]["00081190"]["Value"][0];
  const std::string path = url.substr(url.find("/dicom-web") + 10);
  EXPECT_EQ(PartsOf(hub.Get(path))[0].bytes, Object(2));
  const auto trail = hub.Trail();
  EXPECT_EQ(trail.front().method(), "tongjian.imaging.DicomWeb/StoreInstances");
  EXPECT_EQ(trail.front().object_ids(0), hub.archive.Studies().front().id);
}

TEST(WebStore, TakesObjectsIntoTheSendersFacility) {
  WebHub hub;
  hub.Store({Object(1)});
  EXPECT_EQ(hub.archive.Studies().front().facility_id, "f1");
  EXPECT_EQ(hub.Get("/studies/1.2.826.0.1/metadata", hub.As("reader", "f2"))->status, 404);
}

TEST(WebStore, AnswersPartialSuccessPerInstanceAndNever200) {
  WebHub hub;
  const std::string broken = Object(2).substr(0, 300);
  const auto answer = hub.Store({Object(1), broken, "no DICOM", Object(3)});
  EXPECT_EQ(answer->status, 202);
  const json told = AnswerOf(answer);
  EXPECT_EQ(told[kStored]["Value"].size(), 2u);
  ASSERT_EQ(told[kOther]["Value"].size(), 2u);
  EXPECT_EQ(told[kOther]["Value"][0]["00081197"]["Value"][0], 0xC000);
  EXPECT_EQ(hub.archive.Studies().front().instance_count, 2);
}

TEST(WebStore, AnswersNothingStoredAsAnError) {
  WebHub hub;
  EXPECT_EQ(hub.Store({"no DICOM"})->status, 409);
  EXPECT_EQ(hub.Store({})->status, 400);
  EXPECT_EQ(hub.Store({Object(1)}, "/studies/1.2.826.0.2")->status, 409);
  const json told = AnswerOf(hub.Store({Object(1)}, "/studies/1.2.826.0.2"));
  EXPECT_EQ(told[kFailed]["Value"][0]["00081197"]["Value"][0], 0xA900);
  EXPECT_EQ(told[kFailed]["Value"][0]["00081155"]["Value"][0], "1.2.826.0.1.1.1");
  EXPECT_EQ(hub.Store({Object(1)}, "/studies/1.2.826.0.1")->status, 200);
  EXPECT_EQ(hub.Store({Object(1)}, "/studies/x")->status, 404);
  EXPECT_EQ(hub.archive.Studies().size(), 1u);
}

TEST(WebStore, SaysThatThereIsNoRoom) {
  WebHub hub({.full = true});
  const auto answer = hub.Store({Object(1)});
  EXPECT_EQ(answer->status, 503);
  const json told = AnswerOf(answer);
  EXPECT_EQ(told[kFailed]["Value"][0]["00081197"]["Value"][0], 0xA700);
  EXPECT_TRUE(hub.archive.Studies().empty());
}

TEST(WebStore, RefusesObjectsOverTheLimitAndTakesTheOthers) {
  WebHub hub;
  ObjectSpec large;
  large.sop = "1.2.826.0.1.1.77";
  large.pixels = std::string(9 << 20, 'x');
  const auto answer = hub.Store({Object(1), MakeObject(large), Object(2)});
  EXPECT_EQ(answer->status, 202);
  EXPECT_EQ(AnswerOf(answer)[kStored]["Value"].size(), 2u);
  EXPECT_EQ(hub.archive.CountObjects(), 2);
}

TEST(WebStore, TellsDuplicatesAsStoredAndConflictsWithAWarning) {
  WebHub hub;
  ASSERT_EQ(hub.Store({Object(1)})->status, 200);
  EXPECT_EQ(hub.Store({Object(1)})->status, 200);
  ObjectSpec other;
  other.sop = "1.2.826.0.1.1.1";
  other.pixels = "another picture.";
  const auto answer = hub.Store({MakeObject(other)});
  EXPECT_EQ(answer->status, 202);
  EXPECT_EQ(AnswerOf(answer)[kStored]["Value"][0]["00081196"]["Value"][0], 0xB000);
  EXPECT_EQ(hub.archive.Conflicts().size(), 1u);
  EXPECT_EQ(hub.archive.Studies().front().instance_count, 1);
}

TEST(WebStore, TakesBodiesInChunks) {
  WebHub hub;
  const std::string body = BodyOf({Object(1), Object(2)});
  size_t at = 0;
  const auto answer = hub.Client().Post(
      "/dicom-web/studies", hub.As("clinic_technician"),
      [&](size_t, httplib::DataSink& sink) {
        const std::string piece = body.substr(at, 777);
        at += piece.size();
        if (piece.empty()) {
          sink.done();
        } else {
          sink.write(piece.data(), piece.size());
        }
        return true;
      },
      "multipart/related; type=application/dicom; boundary=xyz");
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 200);
  EXPECT_EQ(hub.archive.Studies().front().instance_count, 2);
}

TEST(WebStore, KeepsWhatWasWholeOfABodyThatBreaksOffAndSaysSo) {
  WebHub hub;
  const std::string body = BodyOf({Object(1), Object(2)});
  const auto post = [&](const std::string& sent) {
    return hub.Client().Post("/dicom-web/studies", hub.As("clinic_technician"), sent,
                             "multipart/related; type=application/dicom; boundary=xyz");
  };
  const auto answer = post(body.substr(0, body.size() - 500));
  EXPECT_EQ(answer->status, 202);
  EXPECT_EQ(AnswerOf(answer)[kStored]["Value"].size(), 1u);
  EXPECT_EQ(AnswerOf(answer)[kOther]["Value"].size(), 1u);
  EXPECT_EQ(hub.archive.Studies().front().instance_count, 1);
  EXPECT_EQ(post(body.substr(0, 200))->status, 400);
  EXPECT_EQ(post("nothing of the kind")->status, 400);
}

TEST(WebStore, RefusesOtherBodies) {
  WebHub hub;
  const auto post = [&](const char* type) {
    const auto answer = hub.Client().Post("/dicom-web/studies", hub.As("clinic_technician"),
                                          BodyOf({Object(1)}), type);
    return answer ? answer->status : 0;
  };
  EXPECT_EQ(post("application/dicom"), 415);
  EXPECT_EQ(post("multipart/form-data; boundary=xyz"), 415);
  EXPECT_EQ(post("multipart/related; type=\"application/dicom+json\"; boundary=xyz"), 415);
  EXPECT_EQ(post("multipart/related; type=\"application/dicom\""), 400);
  EXPECT_TRUE(hub.archive.Studies().empty());
  httplib::Headers xml = hub.As("clinic_technician", "f1", "application/dicom+xml");
  EXPECT_EQ(
      hub.Client()
          .Post("/dicom-web/studies", xml, BodyOf({Object(1)}), "multipart/related; boundary=xyz")
          ->status,
      406);
}

TEST(WebStore, StoresTheSameInstanceOnceWhoeverSendsItAtOnce) {
  WebHub hub;
  std::vector<std::thread> senders;
  std::atomic<int> stored{0};
  for (int n = 0; n < 8; ++n)
    senders.emplace_back([&] { stored += hub.Store({Object(1), Object(2)})->status == 200; });
  for (std::thread& sender : senders) sender.join();
  EXPECT_EQ(stored, 8);
  ASSERT_EQ(hub.archive.Studies().size(), 1u);
  EXPECT_EQ(hub.archive.Studies().front().instance_count, 2);
}

}  // namespace
}  // namespace tongjian::imaging
