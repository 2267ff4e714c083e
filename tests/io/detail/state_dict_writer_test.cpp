#include <nib/io/detail/state_dict_writer.hpp>

#include <nib/io/detail/pickle_reader.hpp>

#include <doctest/doctest.h>

#include <cstddef>

TEST_CASE("the archive's folder is the file's stem, as torch.save has it") {
    using nib::detail::torch_folder;
    CHECK(torch_folder("model.pth") == "model");
    CHECK(torch_folder("a/b.c/model") == "model");
    CHECK(torch_folder("a\\model.v1.pt") == "model.v1");
    CHECK(torch_folder("dir/.pth") == "archive");
    CHECK(torch_folder("dir/") == "archive");
    CHECK(torch_folder("...pth") == "archive");
    CHECK(torch_folder("..pth") == "archive");
    CHECK(torch_folder("a\nb.pth") == "archive");
    CHECK(torch_folder("...x.pth") == "...x");
}

TEST_CASE("integers are pickled in every size") {
    const auto read = [](std::size_t value) {
        nib::detail::PickleWriter writer;
        writer.integer(value);
        writer.opcode('.');
        const nib::Pickle pickle = nib::PickleReader{nib::bytes_of(writer.bytes()), "p", 0, {}}.read();
        return pickle.kind(pickle.root()) == nib::PickleKind::integer
                   ? static_cast<std::size_t>(pickle.integer(pickle.root()))
                   : 0;
    };
    for (const std::size_t value : {0ul, 255ul, 256ul, 65535ul, 65536ul, 0x7ffffffful, 0x80000000ul, 0x123456789abcul})
        CHECK(read(value) == value);
}
