#include <nib/io/detail/zip.hpp>

#include "../../support.hpp"
#include "../zip_builder.hpp"

#include <nib/io/detail/zip_writer.hpp>
#include <nib/io/tensor_file.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace {

using support::ZipBuilder;

std::string text_of(nib::ByteSource& source, const nib::ZipEntry& entry) {
    std::string text(entry.size, '\0');
    source.read(entry.offset, {reinterpret_cast<std::byte*>(text.data()), text.size()});
    return text;
}

void verify_all(nib::ByteSource& source) {
    const nib::ZipDirectory directory{source};
    for (const nib::ZipEntry& entry : directory.entries()) source.check_bytes(entry.offset);
}

std::string error_in(const std::string& archive) {
    return support::error_of([&] {
        nib::ByteSource source{nib::bytes_of(archive), "a.zip"};
        verify_all(source);
        return 0;
    });
}

ZipBuilder two_entries() {
    ZipBuilder zip;
    zip.add("a", "first");
    zip.add("b", "second");
    return zip;
}

}  // namespace

TEST_CASE("ZipDirectory finds entries and their bytes") {
    ZipBuilder zip;
    zip.add("m/data.pkl", "abc");
    zip.add("m/empty", "");
    zip.add("m/0", "xyz", {.extra = "FB\x02" + std::string(1, '\0') + "ZZ", .left_out = true});
    zip.comment = "a comment";
    for (const bool zip64 : {false, true}) {
        zip.zip64 = zip64;
        const std::string bytes = zip.bytes();
        nib::ByteSource source{nib::bytes_of(bytes), "a.zip"};
        const nib::ZipDirectory directory{source};
        REQUIRE(directory.entries().size() == 3);
        CHECK(directory.entries()[0].name == "m/data.pkl");
        CHECK(text_of(source, directory.entries()[0]) == "abc");
        CHECK(text_of(source, directory.entries()[1]) == "");
        REQUIRE(directory.find("m/0") != nullptr);
        CHECK(text_of(source, *directory.find("m/0")) == "xyz");
        CHECK(directory.find("m/") == nullptr);
        CHECK(directory.find("n") == nullptr);
        verify_all(source);
    }
    const std::string empty = ZipBuilder{}.bytes();
    nib::ByteSource source{nib::bytes_of(empty), "a.zip"};
    CHECK(nib::ZipDirectory{source}.entries().empty());
}

TEST_CASE("ZipDirectory reads sizes and places of 64 bits") {
    ZipBuilder zip = two_entries();
    zip.entries[1].in_zip64_extra = true;
    const std::string bytes = zip.bytes();
    nib::ByteSource source{nib::bytes_of(bytes), "a.zip"};
    const nib::ZipDirectory directory{source};
    CHECK(text_of(source, directory.entries()[1]) == "second");
}

TEST_CASE("what Python's zipfile and numpy.savez write is read") {
    nib::ByteSource source{support::fixture("python.zip")};
    const nib::ZipDirectory directory{source};
    REQUIRE(directory.entries().size() == 2);
    CHECK(text_of(source, *directory.find("first.txt")) == "first");
    CHECK(text_of(source, *directory.find("folder/second.txt")) == std::string(300, 's'));
    nib::ByteSource npz{support::fixture("numpy.npz")};
    const nib::ZipDirectory arrays{npz};
    REQUIRE(arrays.find("x.npy") != nullptr);
    CHECK(arrays.find("x.npy")->size == 128 + 6 * 4);
    CHECK(arrays.find("y.npy")->size == 128 + 8);
    verify_all(npz);
}

TEST_CASE("an archive of more entries than anything has that is worth their memory is refused") {
    using support::little_endian;
    const auto archive = [](std::uint64_t entries) {
        const std::string directory(46 * entries, 'x');
        const std::string count = little_endian(entries, 8);
        return directory + little_endian(0x06064b50, 4) + little_endian(44, 8) + std::string(12, '\0') + count + count +
               little_endian(directory.size(), 8) + std::string(8, '\0') + little_endian(0x07064b50, 4) +
               std::string(4, '\0') + little_endian(directory.size(), 8) + little_endian(1, 4) +
               little_endian(0x06054b50, 4) + std::string(4, '\0') + little_endian(0xffffffff, 4) +
               little_endian(directory.size(), 4) + std::string(6, '\0');
    };
    CHECK(error_in(archive(200'001)) ==
          "a.zip: byte 9200122: expected an archive of at most 200000 entries, found 200001");
    CHECK(error_in(archive(200'000)) == "a.zip: byte 0: expected an entry of the archive's directory, found none");
}

TEST_CASE("broken zip archives are refused, and it is said why") {
    const std::string none = "is no zip archive, or is cut short: expected an end record in the last bytes, found none";
    const auto check = [](const ZipBuilder& zip, const std::string& message) {
        CHECK(error_in(zip.bytes()) == "a.zip: " + message);
    };
    CHECK(error_in(two_entries().bytes()) == "");
    CHECK(error_in("") == "a.zip: " + none);
    CHECK(error_in("PK\5\6") == "a.zip: " + none);
    CHECK(error_in(two_entries().bytes() + "x") == "a.zip: " + none);

    ZipBuilder zip = two_entries();
    zip.entries[1].method = 9;
    check(zip, "byte 120: entry 'b': is compressed (method 9), expected it stored as it is or by DEFLATE (method 8)");
    zip = two_entries();
    zip.entries[1].flags = 1;
    check(zip, "byte 120: entry 'b': is encrypted");
    zip = two_entries();
    zip.entries[1].name = "a";
    check(zip, "two entries have the name 'a'");
    zip = two_entries();
    zip.entries[1].header = 0;
    zip.entries[1].local_name = "b";
    check(zip, "byte 0: entry 'b': its header has another name");
    zip = two_entries();
    zip.entries[1].header = 1;
    check(zip, "byte 1: entry 'b': expected its header here");
    zip = two_entries();
    zip.entries[1].header = 1000;
    check(zip, "byte 120: entry 'b': its 6 bytes at byte 1000 do not lie before the directory at byte 73");
    zip = two_entries();
    zip.entries[1].header = 60;
    check(zip, "byte 120: entry 'b': its 31 bytes at byte 60 do not lie before the directory at byte 73");
    zip = two_entries();
    zip.entries[1].size = 7;
    check(zip, "byte 36: entry 'b': its header and the directory disagree");
    zip.entries[1].left_out = true;
    check(zip, "byte 120: entry 'b': its 7 bytes at byte 67 do not lie before the directory at byte 73");
    zip = two_entries();
    zip.entries[0].size = 6;
    zip.entries[0].left_out = true;
    check(zip, "byte 36: entries 'a' and 'b' overlap");
    zip = two_entries();
    zip.entries[0].stored_size = 4;
    check(zip, "byte 73: entry 'a': expected to be stored as it is, found 4 bytes for 5");
    zip = two_entries();
    zip.entries[0].crc_change = 1;
    check(zip, "byte 31: entry 'a': its bytes are damaged: expected the checksum 2456940118, found 2456940119");
    zip = two_entries();
    zip.entries[0].central_extra = "\1";
    check(zip, "byte 73: entry 'a': expected extra fields that hold what they announce");
    zip.entries[0].central_extra = std::string("\1\0\2\0xx", 6);
    zip.entries[0].size = 0xffffffff;
    check(zip, "byte 73: entry 'a': expected extra fields that hold what they announce");
    zip = two_entries();
    zip.entries[0].disk = 1;
    check(zip, "byte 73: entry 'a': expected an archive in one part, found several");
    zip = two_entries();
    zip.disk = 1;
    check(zip, "byte 167: expected an archive in one part, found several");
    zip = two_entries();
    zip.count = 1;
    check(zip, "byte 120: expected the directory's end after 1 entries");
    zip.count = 3;
    check(zip, "byte 167: the archive declares 3 entries in a directory of 94 bytes");
    zip = two_entries();
    zip.entries[0].central_signature = 0;
    check(zip, "byte 73: expected an entry of the archive's directory, found none");
    zip = two_entries();
    zip.directory_size = 93;
    check(zip, "byte 167: expected a directory that ends at byte 167, found one of 93 bytes at byte 73");
    zip.directory_size = 0xfffffff0;
    check(zip, "byte 167: expected a directory that ends at byte 167, found one of 4294967280 bytes at byte 73");
}

TEST_CASE("broken zip64 end records are refused") {
    const auto check = [](const ZipBuilder& zip, const std::string& message) {
        CHECK(error_in(zip.bytes()) == "a.zip: " + message);
    };
    ZipBuilder good = two_entries();
    good.zip64 = true;
    CHECK(error_in(good.bytes()) == "");
    ZipBuilder zip = good;
    zip.end64_offset = 168;
    check(zip, "byte 223: expected the zip64 end record before this, found it said to be at byte 168");
    zip.end64_offset = 166;
    check(zip, "byte 166: expected a zip64 end record that ends at its locator, found none");
    zip.end64_offset = 0xffffffffffffffff;
    check(zip, "byte 223: expected the zip64 end record before this, found it said to be at byte 18446744073709551615");
    zip = good;
    zip.end64_size = 45;
    check(zip, "byte 167: expected a zip64 end record that ends at its locator, found none");
    zip = good;
    zip.count64 = 0xffffffffffffffff;
    check(zip, "byte 243: expected an end record that agrees with the zip64 end record");
    zip.count = 0xffff;
    check(zip, "byte 243: the archive declares 18446744073709551615 entries in a directory of 94 bytes");
    zip = good;
    zip.disk = 1;
    check(zip, "byte 223: expected an archive in one part, found several");
    zip = good;
    zip.directory_size = 0xffffffff;
    CHECK(error_in(zip.bytes()) == "");
    zip.directory_size64 = 0xffffffffffffffff;
    check(zip,
          "byte 243: expected a directory that ends at byte 167, found one of 18446744073709551615 bytes at byte 73");
}

TEST_CASE("an archive that is cut or changed anywhere is refused, or holds entries within it") {
    for (const bool zip64 : {false, true}) {
        ZipBuilder zip = two_entries();
        zip.zip64 = zip64;
        const std::string good = zip.bytes();
        for (std::size_t size = 0; size < good.size(); ++size) CHECK(error_in(good.substr(0, size)) != "");
        for (std::size_t i = 0; i < good.size(); ++i) {
            std::string bad = good;
            for (const int flip : {1, 0x80, 0xff}) {
                bad[i] = static_cast<char>(good[i] ^ flip);
                error_in(bad);
            }
        }
    }
}
