#include "tests/unit/tidy/rules.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace tongjian::tidy {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

std::string Repeat(const std::string& line, int times) {
  std::string text;
  for (int i = 0; i < times; ++i) text += line;
  return text;
}

TEST(TidyRules, FindWhatNoTextFileMayHold) {
  EXPECT_THAT(CheckText("a.cc", "int a;\n\tint b;\n"), ElementsAre("a.cc:2: a tab"));
  EXPECT_THAT(CheckText("a.cc", "int a;\r\n"), ElementsAre(HasSubstr("carriage return")));
  EXPECT_THAT(CheckText("a.cc",
                        "// TO"
                        "DO: later\n"),
              ElementsAre(HasSubstr("task")));
  EXPECT_THAT(CheckText("a.sh",
                        "cd /wo"
                        "rk/main\n"),
              ElementsAre(HasSubstr("machine")));
  EXPECT_THAT(CheckText("a.cc", "// \xE2\x80\xAE\n"), ElementsAre(HasSubstr("direction")));
  EXPECT_THAT(CheckText("a.cc", "int a;"), ElementsAre(HasSubstr("newline")));
  EXPECT_THAT(CheckText("a.cc", "// 检查 mastodons\n"), IsEmpty());
}

TEST(TidyRules, HoldFilesAndFunctionsToTheirCeilings) {
  EXPECT_THAT(CheckCode("a.cc", Repeat("int a;\n", 500)), IsEmpty());
  EXPECT_THAT(CheckCode("a.cc", Repeat("int a;\n", 501)),
              ElementsAre("a.cc:501: 501 lines, 500 at most"));
  EXPECT_THAT(CheckCode("a.h", "#pragma once\n" + Repeat("int a;\n", 220)), SizeIs(1));
  EXPECT_THAT(CheckCode("a.h", "int a;\n"), ElementsAre(HasSubstr("pragma")));
  EXPECT_THAT(
      CheckCode("a.cc", "void F(int a,\n       int b) {\n" + Repeat("  G();\n", 67) + "}\n"),
      IsEmpty());
  EXPECT_THAT(
      CheckCode("a.cc", "void F(int a,\n       int b) {\n" + Repeat("  G();\n", 68) + "}\n"),
      ElementsAre("a.cc:1: a function of 71 lines"));
  EXPECT_THAT(CheckCode("a.cc", std::string(141, 'x') + "\n"), SizeIs(1));
  EXPECT_THAT(CheckCode("a.cc", "// " + Repeat("检", 137) + "\n"), IsEmpty());
}

TEST(TidyRules, FindShells) {
  EXPECT_THAT(CheckCode("a.cc",
                        "  std::sys"
                        "tem(\"ls\");\n"),
              SizeIs(1));
  EXPECT_THAT(CheckCode("a.cc",
                        "  FILE* f = po"
                        "pen(\"ls\", \"r\");\n"),
              SizeIs(1));
  EXPECT_THAT(CheckCode("a.cc",
                        "  exe"
                        "cl(\"/bin/sh\", \"sh\");\n"),
              SizeIs(1));
  EXPECT_THAT(CheckCode("a.cc",
                        "  ecosys"
                        "tem(); // the sys"
                        "tem (of files)\n"),
              IsEmpty());
  EXPECT_THAT(CheckCode("a.cc",
                        "  Say(\"no sys"
                        "tem(\");\n"),
              IsEmpty());
}

TEST(TidyRules, FindIncludesAgainstTheArrows) {
  const auto includes = [](const char* path, const char* target) {
    return CheckIncludes(path, std::string("#include \"") + target + "\"\n");
  };
  EXPECT_THAT(includes("common/rpc/door.cc", "services/imaging/study.h"), SizeIs(1));
  EXPECT_THAT(includes("common/rpc/door.cc", "common/dicom/scan.h"), SizeIs(1));
  EXPECT_THAT(includes("common/dicom/scan.cc", "common/dicom/scan.h"), IsEmpty());
  EXPECT_THAT(includes("common/dicom/scan.cc", "common/telemetry/log.h"), IsEmpty());
  EXPECT_THAT(includes("common/base/id.cc", "common/telemetry/log.h"), SizeIs(1));
  EXPECT_THAT(includes("services/reading/task.cc", "services/imaging/study.h"), SizeIs(1));
  EXPECT_THAT(includes("services/reading/task.cc", "services/reading/task.h"), IsEmpty());
  EXPECT_THAT(includes("services/tongjian/modules.cc", "services/reading/module.h"), IsEmpty());
  EXPECT_THAT(includes("services/tongjian/modules.cc", "services/reading/task.h"), SizeIs(1));
  EXPECT_THAT(includes("services/reading/task.cc", "tests/support/hub.h"), SizeIs(1));
}

TEST(TidyRules, FindEmptyNames) {
  EXPECT_THAT(CheckName("common/uti"
                        "ls/a.cc"),
              SizeIs(1));
  EXPECT_THAT(CheckName("services/imaging/study_mana"
                        "ger.h"),
              SizeIs(1));
  EXPECT_THAT(CheckCode("a.cc",
                        "class UploadMana"
                        "ger {\n"),
              SizeIs(1));
  EXPECT_THAT(CheckName("common/a.cc"), SizeIs(1));
  EXPECT_THAT(CheckName("common/base/StatusCode.h"), SizeIs(1));
  EXPECT_THAT(CheckName("services/imaging/utility_room.cc"), IsEmpty());
}

TEST(TidyRules, FindSqlOutsideStores) {
  EXPECT_THAT(CheckSql("services/lab/module.cc", "  Run(\"select a from b where c\");\n"),
              SizeIs(1));
  EXPECT_THAT(CheckSql("services/lab/module.cc", "  Run(\"insert into b values (1)\");\n"),
              SizeIs(1));
  EXPECT_THAT(CheckSql("services/lab/result_store.cc", "  Run(\"delete from b \");\n"), IsEmpty());
  EXPECT_THAT(CheckSql("services/lab/module.cc", "  Say(\"select a study\");\n"), IsEmpty());
}

}  // namespace
}  // namespace tongjian::tidy
