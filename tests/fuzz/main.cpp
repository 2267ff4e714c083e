// Runs the fuzzer's function on each file of a folder:  nib_fuzz_replay CORPUS
// Prints how many there were. One that is cut short is read, too.
#include <nib/core/error.hpp>
#include <nib/io/file.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <string>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

int main(int argc, char** argv) try {
    if (argc != 2) return 2;
    int files = 0;
    for (const auto& entry : std::filesystem::directory_iterator(argv[1])) {
        const std::string bytes = nib::read_file(entry.path().string());
        const auto* const data = reinterpret_cast<const std::uint8_t*>(bytes.data());
        LLVMFuzzerTestOneInput(data, bytes.size());
        LLVMFuzzerTestOneInput(data, bytes.size() / 2);
        ++files;
    }
    std::printf("%d files\n", files);
    return 0;
} catch (const nib::Error& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
}
