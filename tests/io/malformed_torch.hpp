// What the tests of broken files of torch.save share.
#pragma once

#include "../support.hpp"
#include "torch_builder.hpp"

#include <nib/io/torch_pth.hpp>

#include <string>
#include <vector>

namespace support::malformed {

using namespace pickle;

struct Malformed {
    std::string what;
    std::string content;
    std::string message;  // after the file's name
};

// In memory and from a file.
inline void check_refused(const std::vector<Malformed>& catalogue) {
    const TemporaryDirectory folder;
    for (const Malformed& bad : catalogue) {
        CAPTURE(bad.what);
        CHECK(error_of([&] {
                  return nib::parse_torch(nib::ByteSource{nib::bytes_of(bad.content), "f"});
              }) == "f: " + bad.message);
        const std::string path = folder.write("m.pth", bad.content);
        CHECK(error_of([&] { return nib::open_torch(path); }) == path + ": " + bad.message);
    }
}

inline const std::string six = stored<float>({0, 1, 2, 3, 4, 5});
inline const std::string state = dict({text("x"), tensor()});

// A file of this value and two storages.
inline std::string torch(const std::string& value) { return TorchBuilder{value, {{"0", six}, {"none", ""}}}.bytes(); }

// The good file, with something changed in its archive.
template <class Change>
std::string zip(const Change& change) {
    ZipBuilder zip = TorchBuilder{state, {{"0", six}}}.zip();
    change(zip);
    return zip.bytes();
}

inline const std::string good = TorchBuilder{state, {{"0", six}}}.bytes();

}  // namespace support::malformed
