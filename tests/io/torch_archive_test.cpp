#define NIB_BODIES 1  // looks inside
#include <nib/io/torch_archive.hpp>

#include "../support.hpp"
#include "torch_builder.hpp"

#include <nib/io/tensor_file.hpp>

#include <bit>
#include <string>

using support::TorchBuilder;

TEST_CASE("a TorchArchive finds entries in the folder of the first, and no others") {
    support::ZipBuilder zip;
    zip.add("some folder/data.pkl", "pickle");
    zip.add("some folder/data/7", "numbers");
    zip.add("data/8", "others");
    const std::string bytes = zip.bytes();
    nib::ByteSource source{nib::bytes_of(bytes), "m.pth"};
    nib::detail::TorchArchive archive{source};
    REQUIRE(archive.find("data.pkl") != nullptr);
    CHECK(archive.read(*archive.find("data.pkl"), 6) == "pickle");
    CHECK(support::error_of([&] { return archive.read(*archive.find("data.pkl"), 5); }) ==
          "m.pth: entry 'some folder/data.pkl': expected at most 5 bytes, found 6");
    REQUIRE(archive.find_storage("7") != nullptr);
    CHECK(archive.find_storage("7")->size == 7);
    CHECK(archive.find_storage("8") == nullptr);
    CHECK(archive.find_storage(std::string(300, '7')) == nullptr);
    CHECK(!archive.is_torch_script());
}

TEST_CASE("a TorchArchive checks the storages that were asked for, and no others") {
    TorchBuilder torch{"N", {{"0", "damaged"}, {"1", "whole"}}};
    support::ZipBuilder zip = torch.zip();
    zip.entries[1].crc_change = 1;
    const std::string bytes = zip.bytes();
    nib::ByteSource source{nib::bytes_of(bytes), "m.pth"};
    nib::detail::TorchArchive archive{source};
    archive.find_storage("1");
    archive.check_storages();
    archive.find_storage("0");
    CHECK(support::contains(support::error_of([&] {
                                archive.check_storages();
                                return 0;
                            }),
                            "entry 'm/data/0': its bytes are damaged: expected the checksum"));
}

TEST_CASE("a TorchArchive knows its byte order and version") {
    const auto archive = [](const TorchBuilder& torch, auto use) {
        const std::string bytes = torch.bytes();
        nib::ByteSource source{nib::bytes_of(bytes), "m.pth"};
        return use(nib::detail::TorchArchive{source});
    };
    const auto order = [](const nib::detail::TorchArchive& read) { return read.order(); };
    CHECK(archive({.value = "N", .storages = {}}, order) == std::endian::little);
    CHECK(archive({.value = "N", .storages = {}, .byteorder = "little"}, order) == std::endian::little);
    CHECK(archive({.value = "N", .storages = {}, .byteorder = "big"}, order) == std::endian::big);
    const auto version_error = [&](std::optional<std::string> version) {
        return archive({.value = "N", .storages = {}, .version = std::move(version)},
                       [](const nib::detail::TorchArchive& read) {
                           return support::error_of([&] {
                               read.check_version();
                               return 0;
                           });
                       });
    };
    for (const char* const good : {"3\n", "1", "10\n"}) CHECK(version_error(good) == "");
    for (const char* const bad : {"0\n", "11\n", "", "x", "-1"})
        CHECK(
            support::contains(version_error(bad), "m.pth: entry 'm/version': expected a version from 1 to 10, found"));
    CHECK(version_error(std::nullopt) == "m.pth: expected an entry 'version', as torch.save writes it, found none");
}
