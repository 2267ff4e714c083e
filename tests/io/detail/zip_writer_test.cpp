#include <nib/io/detail/zip_writer.hpp>

#include "../../support.hpp"
#include "../zip_builder.hpp"

#include <nib/io/atomic_file.hpp>
#include <nib/io/file.hpp>

#include <cstddef>
#include <string>
#include <string_view>

TEST_CASE("ZipWriter writes what an archive is, byte for byte") {
    const support::TemporaryDirectory folder;
    nib::AtomicFile file{folder.path("a.zip")};
    nib::ZipWriter zip{file};
    const std::string first = "fir", second = "st";
    zip.add("a", {nib::bytes_of(first), nib::bytes_of(second)});
    zip.add("empty", {});
    zip.finish();
    file.commit();

    // Flags: names are UTF-8; the date is the 1st of January 1980.
    support::ZipBuilder expected;
    expected.add("a", "first", {.flags = 0x0800});
    expected.add("empty", "", {.flags = 0x0800});
    std::string bytes = expected.bytes();
    for (const std::size_t record : {0u, 36u, 71u, 118u}) {
        const std::size_t date = record + (record < 71 ? 12 : 14);
        bytes.replace(date, 2, "\x21", 2);
        if (record >= 71) bytes[record + 4] = 20;
    }
    CHECK(nib::read_file(folder.path("a.zip")) == bytes);
}

TEST_CASE("ZipWriter aligns data, and ZipDirectory reads it back") {
    const support::TemporaryDirectory folder;
    nib::AtomicFile file{folder.path("a.zip")};
    nib::ZipWriter zip{file};
    const auto text = [](std::size_t i) { return std::string(i * 7 % 131, static_cast<char>('a' + i % 26)); };
    for (std::size_t i = 0; i < 200; ++i) {
        const std::string data = text(i);
        zip.add("entry/" + std::to_string(i), {nib::bytes_of(data)}, 64);
    }
    zip.finish();
    file.commit();
    nib::ByteSource source{folder.path("a.zip")};
    const nib::ZipDirectory directory{source};
    REQUIRE(directory.entries().size() == 200);
    for (std::size_t i = 0; i < 200; ++i) {
        const nib::ZipEntry& entry = directory.entries()[i];
        CHECK(entry.name == "entry/" + std::to_string(i));
        CHECK(entry.offset % 64 == 0);
        REQUIRE(entry.size == text(i).size());
        std::string data(entry.size, '\0');
        source.read(entry.offset, {reinterpret_cast<std::byte*>(data.data()), data.size()});
        CHECK(data == text(i));
        source.check_bytes(entry.offset);
    }
}

TEST_CASE("ZipWriter writes more than 65535 entries, with a zip64 end record") {
    const support::TemporaryDirectory folder;
    for (const std::size_t count : {65534u, 65535u, 70000u}) {
        nib::AtomicFile file{folder.path("a.zip")};
        nib::ZipWriter zip{file};
        for (std::size_t i = 0; i < count; ++i) zip.add(std::to_string(i), {});
        zip.finish();
        file.commit();
        nib::ByteSource source{folder.path("a.zip")};
        CHECK(nib::ZipDirectory{source}.entries().size() == count);
        const bool zip64 = support::contains(nib::read_file(folder.path("a.zip")), "PK\6\7");
        CHECK(zip64 == (count >= 65535));
    }
}

TEST_CASE("ZipWriter refuses names that lead out of the archive's folder") {
    const support::TemporaryDirectory folder;
    nib::AtomicFile file{folder.path("a.zip")};
    nib::ZipWriter zip{file};
    for (const char* const name : {"../x.npy", "/x", "a/../../x", "..", "a\\b", "a\nb"}) {
        CAPTURE(name);
        CHECK(support::contains(support::error_of([&] { return zip.add(name, {}), 0; }),
                                folder.path("a.zip") + ": entry '"));
    }
}
