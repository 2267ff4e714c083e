#include <nib/io/detail/torch_archive.hpp>

#include "../../support.hpp"
#include "../torch_builder.hpp"

#include <nib/io/tensor_file.hpp>
#include <nib/io/torch_pth.hpp>

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

TEST_CASE("a TorchArchive reads entries that are compressed, and checks what it reads") {
    support::ZipBuilder zip;
    zip.add_deflated("m/data.pkl", "pickle");
    zip.add_deflated("m/data/0", "numbers");
    zip.add("m/version", "damaged", {.crc_change = 1});
    const std::string bytes = zip.bytes();
    nib::ByteSource source{nib::bytes_of(bytes), "m.pth"};
    nib::detail::TorchArchive archive{source};
    CHECK(archive.read(*archive.find("data.pkl"), 6) == "pickle");
    REQUIRE(archive.find_storage("0") != nullptr);
    CHECK(archive.find_storage("0")->size == 7);
    CHECK(archive.read(*archive.find_storage("0"), 7) == "numbers");
    CHECK(support::contains(support::error_of([&] { return archive.read(*archive.find("version"), 7); }),
                            "entry 'm/version': its bytes are damaged: expected the checksum"));
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

TEST_CASE("a file of torch.save that a zip program has packed again is read as before") {
    nib::TensorFile plain = nib::open_torch(support::fixture("torch_state.pth"));
    nib::TensorFile packed = nib::open_torch(support::fixture("torch_deflated.pth"));
    REQUIRE(packed.tensors().size() == plain.tensors().size());
    REQUIRE(packed.tensors().size() > 10);
    for (std::size_t i = 0; i < plain.tensors().size(); ++i) {
        CHECK(packed.tensors()[i].name == plain.tensors()[i].name);
        CHECK(packed.tensors()[i].shape == plain.tensors()[i].shape);
        CHECK(packed.bytes(packed.tensors()[i]) == plain.bytes(plain.tensors()[i]));
    }
    packed.check_counts();
}

TEST_CASE("numbers that are damaged are refused when they are read") {
    using namespace support::pickle;
    const std::string numbers = support::stored<float>({0, 1, 2, 3, 4, 5});
    const TorchBuilder torch{dict({text("x"), tensor()}), {{"0", numbers}}};
    const auto error_of = [](const support::ZipBuilder& zip) {
        const std::string bytes = zip.bytes();
        nib::TensorFile file = nib::parse_torch(nib::ByteSource{nib::bytes_of(bytes), "f"});
        return support::error_of([&] { return nib::values<float>(file, file.at("x")); });
    };
    support::ZipBuilder zip = torch.zip();
    CHECK(error_of(zip) == "");
    zip.entries[1].crc_change = 1;
    const std::string damaged =
        "f: byte 221: entry 'm/data/0': its bytes are damaged: expected the checksum 2447872022, found 2447872023";
    CHECK(error_of(zip) == damaged);
    // Or when they are looked at.
    const std::string bytes = zip.bytes();
    CHECK(support::error_of([&] {
              nib::parse_torch(nib::ByteSource{nib::bytes_of(bytes), "f"}).check_bytes();
              return 0;
          }) == damaged);
    // A writer that makes no checksums writes 0 for all of them.
    for (auto& entry : zip.entries) entry.crc_change = support::slow_crc32(entry.data);
    CHECK(error_of(zip) == "");
}
