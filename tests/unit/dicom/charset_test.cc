#include "common/dicom/charset.h"

#include <gtest/gtest.h>

#include "common/dicom/person_name.h"
#include "common/dicom/scan.h"
#include "tests/unit/dicom/test_data.h"

namespace tongjian::dicom {
namespace {

std::string Decode(std::string_view label, std::string_view bytes) {
  return CharacterSet(label).Decode(bytes).text;
}

TEST(CharacterSet, DecodesTheDefinedTerms) {
  EXPECT_EQ(Decode("", "plain"), "plain");
  EXPECT_EQ(Decode("ISO_IR 100", "Buc^J\xE9r\xF4me"), "Buc^Jérôme");
  EXPECT_EQ(Decode("ISO_IR 144", "\xBB\xEE\xDA\x63\xD5\xDC\xD1\xEF\xD5\xD2"),
            "Люкcемб\u044Fе\u0432");
  EXPECT_EQ(Decode("ISO_IR 192", "王^小东"), "王^小东");
  EXPECT_EQ(Decode("GB18030", "\xCD\xF5^\xD0\xA1\xB6\xAB"), "王^小东");
  EXPECT_EQ(Decode("GBK", "\xCD\xF5^\xD0\xA1\xB6\xAB"), "王^小东");
  EXPECT_EQ(Decode("ISO_IR 13", "\xD4\xCF\xC0\xDE"), "ﾔﾏﾀﾞ");
  EXPECT_EQ(Decode("ISO_IR 166", "\xB9\xD2"), "นา");
}

TEST(CharacterSet, KeepsGbkTrailBytesThatEqualDelimiters) {
  EXPECT_EQ(Decode("GB18030", "\x82\x5C^A"), "俓^A");
  EXPECT_EQ(Decode("GBK", "\xD5\xC5^\xAB\x5E"), "张^玘");
}

TEST(CharacterSet, FollowsCodeExtensions) {
  EXPECT_EQ(Decode("\\ISO 2022 IR 87", "Yamada^Tarou=\x1B$B;3ED\x1B(B^\x1B$BB@O:\x1B(B"),
            "Yamada^Tarou=山田^太郎");
  EXPECT_EQ(Decode("\\ISO 2022 IR 149", "Hong^Gildong=\x1B$)C\xFB\xF3^\x1B$)C\xD1\xCE\xD4\xD7"),
            "Hong^Gildong=洪^吉洞");
  EXPECT_EQ(Decode("\\ISO 2022 IR 58", "Zhang=\x1B$)A\xD5\xC5^\x1B$)A\xD0\xA1\xB6\xAB"),
            "Zhang=张^小东");
}

TEST(CharacterSet, ForgivesAForgottenSecondEscape) {
  EXPECT_EQ(Decode("\\ISO 2022 IR 58", "=\x1B$)A\xD5\xC5^\xD0\xA1"), "=张^小");
}

TEST(CharacterSet, UnderstandsWrongSpellings) {
  for (const char* label : {"ISO-IR 192", "ISO IR 192", "ISO_IR_192", "iso_ir 192 ", "UTF-8"}) {
    EXPECT_EQ(CharacterSet(label).label(), "ISO_IR 192") << label;
    EXPECT_TRUE(CharacterSet(label).known());
  }
  EXPECT_EQ(CharacterSet("ISO-IR 100").label(), "ISO_IR 100");
  EXPECT_FALSE(CharacterSet("EBCDIC").known());
}

TEST(CharacterSet, MarksWhatItGuessed) {
  for (const char* label : {"", "ISO_IR 6", "ISO_IR 100", "EBCDIC"}) {
    const DecodedText gbk = CharacterSet(label).Decode("\xD5\xC5^\xD0\xA1\xB6\xAB");
    EXPECT_EQ(gbk.text, "张^小东") << label;
    EXPECT_TRUE(gbk.guessed);
    const DecodedText utf8 = CharacterSet(label).Decode("张^小东");
    EXPECT_EQ(utf8.text, "张^小东") << label;
    EXPECT_TRUE(utf8.guessed);
  }
  EXPECT_EQ(Decode("ISO_IR 192", "\xD5\xC5\xD0\xA1\xB6\xAB"), "张小东");
  EXPECT_FALSE(CharacterSet("ISO_IR 100")
                   .Decode("\xC4neas^R\xFC"
                           "diger")
                   .guessed);
  EXPECT_EQ(Decode("ISO_IR 100", "Gr\xF6\xDFmann"), "Größmann");
}

TEST(CharacterSet, NeverMakesInvalidText) {
  std::string all;
  for (int high = 0; high < 256; ++high) {
    for (int low = 0; low < 256; low += 5) {
      all.assign({static_cast<char>(high), static_cast<char>(low), static_cast<char>(high), 'x'});
      for (const char* label : {"", "ISO_IR 100", "ISO_IR 192", "GB18030", "ISO_IR 13",
                                "\\ISO 2022 IR 87", "\\ISO 2022 IR 58", "ISO_IR 166", "nonsense"}) {
        const std::string text = Decode(label, all);
        ASSERT_EQ(text, SanitizeUtf8(text)) << label << high << "," << low;
      }
    }
  }
}

TEST(CharacterSet, KeepsATruncatedUtf8TextUtf8) {
  const DecodedText cut = CharacterSet("ISO_IR 192").Decode("胸部正侧位\xE5\xBD");
  EXPECT_TRUE(cut.damaged);
  EXPECT_TRUE(cut.text.starts_with("胸部正侧位"));
}

TEST(CharacterSet, EncodesWhatItDecodes) {
  for (const char* label : {"ISO_IR 192", "GB18030", "GBK", "\\ISO 2022 IR 58"}) {
    const CharacterSet set(label);
    EXPECT_EQ(set.Decode(set.Encode("ZHANG^XIAO=张^小东")).text, "ZHANG^XIAO=张^小东") << label;
    EXPECT_FALSE(set.Decode(set.Encode("ZHANG^XIAO=张^小东")).guessed) << label;
  }
  EXPECT_EQ(CharacterSet("ISO_IR 100").Encode("é张"), "\xE9?");
}

TEST(PersonName, SplitsIntoGroups) {
  const PersonName name = ParsePersonName("WANG^XIAODONG^^=王^小东");
  EXPECT_EQ(name.alphabetic, "WANG^XIAODONG");
  EXPECT_EQ(name.ideographic, "王^小东");
  EXPECT_EQ(PersonNameText(name), "WANG^XIAODONG=王^小东");
  EXPECT_EQ(DisplayName(name), "王小东");
  EXPECT_EQ(DisplayName(ParsePersonName("Doe^John")), "Doe John");
}

TEST(SearchKey, FoldsCaseWidthAndCarets) {
  EXPECT_EQ(SearchKey("Ｗang^XIAO  Dong "), SearchKey("wang xiao^dong"));
  EXPECT_EQ(SearchKey("王^小东"), "王 小东");
  EXPECT_EQ(SearchKey("ÉMILE"), SearchKey("émile"));
}

// ---- Files ----

std::string NameIn(const std::filesystem::path& path, bool* guessed = nullptr) {
  const auto header = ScanFile(path.string());
  EXPECT_TRUE(header.ok()) << path << header.status();
  if (!header.ok()) return "";
  if (guessed != nullptr) *guessed = header->charset_guessed;
  return header->Text(tags::kPatientName);
}

TEST(ChineseFiles, GiveTheirNames) {
  const std::filesystem::path root = TestData() / "dicom/derived/charset_zh";
  TJ_NEEDS(root);
  bool guessed = false;
  for (const char* good : {"gbk_ok.dcm", "utf8_ok.dcm", "iso2022_58.dcm"}) {
    const std::string name = NameIn(root / good, &guessed);
    EXPECT_FALSE(guessed) << good;
    EXPECT_EQ(name.find("\uFFFD"), std::string::npos) << good << name;
  }
  for (const char* wrong : {"undeclared_gbk.dcm", "iso100_but_gbk.dcm", "iso6_but_utf8.dcm"}) {
    const std::string name = NameIn(root / wrong, &guessed);
    EXPECT_TRUE(guessed) << wrong;
    EXPECT_EQ(name.find("\uFFFD"), std::string::npos) << wrong << name;
  }
  EXPECT_NE(NameIn(root / "gb18030_trail_5e.dcm").find("玘"), std::string::npos);
  const auto header = ScanFile((root / "gb18030_trail_5c.dcm").string());
  EXPECT_EQ(header->attributes.Values(tags::kPatientName).size(), 1u);
}

TEST(ForeignFiles, GiveTheirNames) {
  const std::filesystem::path root = "/usr/lib/python3/dist-packages/pydicom/data/charset_files";
  TJ_NEEDS(root);
  EXPECT_EQ(ParsePersonName(NameIn(root / "chrX1.dcm")).ideographic, "王^小東");
  EXPECT_EQ(ParsePersonName(NameIn(root / "chrX2.dcm")).ideographic, "王^小东");
  EXPECT_EQ(NameIn(root / "chrI2.dcm"), "Hong^Gildong=洪^吉洞=홍^길동");
  EXPECT_EQ(NameIn(root / "chrH31.dcm"), "Yamada^Tarou=山田^太郎=やまだ^たろう");
  EXPECT_EQ(NameIn(root / "chrH32.dcm"), "ﾔﾏﾀﾞ^ﾀﾛｳ=山田^太郎=やまだ^たろう");
  EXPECT_EQ(NameIn(root / "chrGreek.dcm"), "Διονυσιος");
  EXPECT_EQ(NameIn(root / "chrGerm.dcm"), "Äneas^Rüdiger");
  EXPECT_EQ(NameIn(root / "chrFren.dcm"), "Buc^Jérôme");
  EXPECT_EQ(NameIn(root / "chrRuss.dcm"), "Люкceмбypг");
}

}  // namespace
}  // namespace tongjian::dicom
