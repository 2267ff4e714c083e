// Archives of torch.save that are broken, of each kind: what is said of each is one line that names the file.
#include <nib/io/torch_pth.hpp>

#include "../support.hpp"
#include "malformed_torch.hpp"
#include "torch_builder.hpp"

#include <optional>
#include <string>

using support::TorchBuilder;
using namespace support::malformed;

TEST_CASE("archives of torch.save that are broken") {
    check_refused({
        {"an empty file", "",
         "byte 0: expected a file of torch.save, which is a zip archive and starts with 'PK', found ''"},
        {"a file of one byte", "P",
         "byte 0: expected a file of torch.save, which is a zip archive and starts with 'PK', found 'P'"},
        {"no zip archive", "hello, this is text",
         "byte 0: expected a file of torch.save, which is a zip archive and starts with 'PK', found 'hello, t'"},
        {"only the start of an archive", good.substr(0, 100),
         "is no zip archive, or is cut short: expected an end record in the last bytes, found none"},
        {"an archive without its last byte", good.substr(0, good.size() - 1),
         "is no zip archive, or is cut short: expected an end record in the last bytes, found none"},
        {"bytes behind the archive", good + "PK",
         "is no zip archive, or is cut short: expected an end record in the last bytes, found none"},
        {"an archive of nothing", support::ZipBuilder{}.bytes(),
         "expected the archive's entries in a folder, as torch.save writes them, found none there"},
        {"entries in no folder", zip([](auto& z) {
             for (auto& entry : z.entries) entry.name = entry.name.substr(2);
         }),
         "expected the archive's entries in a folder, as torch.save writes them, found none there"},
        {"entries in another folder than the first", zip([](auto& z) { z.entries[0].name = "n/data.pkl"; }),
         "expected an entry 'version', as torch.save writes it, found none"},
        {"a storage compressed otherwise", zip([](auto& z) { z.entries[1].method = 12; }),
         "byte 342: entry 'm/data/0': is compressed (method 12), expected it stored as it is or by DEFLATE (method 8)"},
        {"a compressed pickle", zip([](auto& z) { z.entries[0].method = 99; }),
         "byte 286: entry 'm/data.pkl': is compressed (method 99), expected it stored as it is or by DEFLATE (method "
         "8)"},
        {"an encrypted storage", zip([](auto& z) { z.entries[1].flags = 1; }),
         "byte 342: entry 'm/data/0': is encrypted"},
        {"two entries of one name", zip([](auto& z) { z.entries[1].name = "m/data.pkl"; }),
         "two entries have the name 'm/data.pkl'"},
        {"a directory that declares more entries", zip([](auto& z) { z.count = 4; }),
         "byte 451: the archive declares 4 entries in a directory of 165 bytes"},
        {"a directory that declares fewer entries", zip([](auto& z) { z.count = 2; }),
         "byte 396: expected the directory's end after 2 entries"},
        {"a directory that declares 65535 entries", zip([](auto& z) { z.count = 65535; }),
         "byte 451: the archive declares 65535 entries in a directory of 165 bytes"},
        {"a directory beyond the file", zip([](auto& z) { z.directory_offset = 0x7fffffff; }),
         "byte 451: expected a directory that ends at byte 451, found one of 165 bytes at byte 2147483647"},
        {"a directory of 4 GiB", zip([](auto& z) { z.directory_size = 0xfffffffe; }),
         "byte 451: expected a directory that ends at byte 451, found one of 4294967294 bytes at byte 286"},
        {"a zip64 end that declares 2^64 - 1 entries", zip([](auto& z) {
             z.zip64 = true;
             z.count = 65535;
             z.count64 = ~0ull;
         }),
         "byte 527: the archive declares 18446744073709551615 entries in a directory of 165 bytes"},
        {"a zip64 end elsewhere", zip([](auto& z) {
             z.zip64 = true;
             z.end64_offset = 7;
         }),
         "byte 7: expected a zip64 end record that ends at its locator, found none"},
        {"an entry beyond the file", zip([](auto& z) { z.entries[1].header = 0x70000000; }),
         "byte 342: entry 'm/data/0': its 24 bytes at byte 1879048192 do not lie before the directory at byte 286"},
        {"an entry larger than the file", zip([](auto& z) {
             z.entries[1].size = 0x70000000;
             z.entries[1].left_out = true;
         }),
         "byte 342: entry 'm/data/0': its 1879048192 bytes at byte 183 do not lie before the directory at byte 286"},
        {"an entry whose size is 2^64 - 1", zip([](auto& z) {
             z.entries[1].size = ~0ull;
             z.entries[1].in_zip64_extra = true;
         }),
         "byte 342: entry 'm/data/0': its 18446744073709551615 bytes at byte 183 do not lie before the directory at "
         "byte 286"},
        {"an entry whose place is 2^64 - 1", zip([](auto& z) {
             z.entries[1].header = ~0ull;
             z.entries[1].in_zip64_extra = true;
         }),
         "byte 342: entry 'm/data/0': its 24 bytes at byte 18446744073709551615 do not lie before the directory at "
         "byte 286"},
        {"an entry whose 64-bit size is missing", zip([](auto& z) { z.entries[1].size = 0xffffffff; }),
         "byte 342: entry 'm/data/0': expected extra fields that hold what they announce"},
        {"two entries in one place", zip([](auto& z) {
             z.entries[2].header = 0;
             z.entries[2].name = "m/version";
         }),
         "byte 0: entry 'm/version': its header has another name"},
        {"an entry that reaches into the next", zip([](auto& z) {
             z.entries[1].size = 25;
             z.entries[1].left_out = true;
         }),
         "byte 245: entries 'm/data/0' and 'm/version' overlap"},
        {"an entry that reaches into the directory", zip([](auto& z) {
             z.entries[2].size = 3;
             z.entries[2].left_out = true;
         }),
         "byte 396: entry 'm/version': its 3 bytes at byte 284 do not lie before the directory at byte 286"},
        {"an entry whose header has another name", zip([](auto& z) { z.entries[1].local_name = "m/data/1"; }),
         "byte 183: entry 'm/data/0': its header has another name"},
        {"an entry whose header has another size", zip([](auto& z) { z.entries[1].size = 20; }),
         "byte 183: entry 'm/data/0': its header and the directory disagree"},
        {"a damaged pickle", zip([](auto& z) { z.entries[0].crc_change = 1; }),
         "byte 40: entry 'm/data.pkl': its bytes are damaged: expected the checksum 1004943922, found 1004943923"},
        {"an archive in several parts", zip([](auto& z) { z.disk = 1; }),
         "byte 451: expected an archive in one part, found several"},
        {"no pickle", zip([](auto& z) { z.entries[0].name = "m/data.pk"; }),
         "expected an entry 'data.pkl', as torch.save writes it, found none"},
        {"no version", TorchBuilder{state, {{"0", six}}, {}, std::nullopt}.bytes(),
         "expected an entry 'version', as torch.save writes it, found none"},
        {"a version of the future", TorchBuilder{state, {{"0", six}}, {}, "11\n"}.bytes(),
         "entry 'm/version': expected a version from 1 to 10, found '11'"},
        {"a byte order of its own", TorchBuilder{state, {{"0", six}}, "middle"}.bytes(),
         "entry 'm/byteorder': expected 'little' or 'big', found 'middle'"},
        {"a long byte order", TorchBuilder{state, {{"0", six}}, std::string(100, 'l')}.bytes(),
         "entry 'm/byteorder': expected at most 64 bytes, found 100"},
        {"TorchScript", zip([](auto& z) { z.add("m/constants.pkl", "x"); }),
         "is a TorchScript archive (torch.jit.save): save net.state_dict() with torch.save instead"},
        {"TorchScript's code", zip([](auto& z) { z.add("m/code/net.py", "x", {.method = 8}); }),
         "is a TorchScript archive (torch.jit.save): save net.state_dict() with torch.save instead"},
    });
}
