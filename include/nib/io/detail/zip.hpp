// Zip archives: PyTorch's checkpoints and NumPy's .npz. (Writing them is in zip_writer.hpp.)
//
//   ZipDirectory   the entries of an archive, and where their bytes lie (ByteSource::check_bytes checks them)
//
// APPNOTE.TXT 6.3 is the format, with zip64. Refused by Error: an archive without its end record, or cut in parts; an
// entry that is encrypted, compressed other than by DEFLATE, or has the name of another; a count, size or offset that
// disagrees with the file's size, with another record or with the entry's own header; entries that overlap; more than
// 200,000 entries.
#pragma once

#include <nib/core/detail/algorithm.hpp>
#include <nib/core/detail/list.hpp>
#include <nib/core/error.hpp>
#include <nib/core/text.hpp>
#include <nib/io/detail/byte_source.hpp>
#include <nib/io/detail/packed_parts.hpp>
#include <nib/io/file.hpp>

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace nib::inline NIB_ABI {

struct ZipEntry {
    std::string name;
    std::size_t offset = 0;  // of its data, in bytes from the file's start
    std::size_t size = 0;    // as it lies there
    std::uint32_t crc = 0;
    int method = 0;         // of compression, 0 for none
    bool has_crc = true;    // false where the writer of the archive made no checksums
    std::size_t bytes = 0;  // of its data when it is unpacked
};

// What a ZipDirectory does with entries that are compressed. `unpacked`: it tells the source of all entries
// (PackedParts), so that the offset and size of each are those of its data, whether compressed or not, and
// ByteSource::check_bytes checks it.
enum class CompressedEntries { listed, unpacked };

namespace detail {

inline constexpr std::uint32_t zip_local_signature = 0x04034b50;
inline constexpr std::uint32_t zip_central_signature = 0x02014b50;
inline constexpr std::uint32_t zip_end_signature = 0x06054b50;
inline constexpr std::uint32_t zip64_end_signature = 0x06064b50;
inline constexpr std::uint32_t zip64_locator_signature = 0x07064b50;
inline constexpr std::size_t zip_local_size = 30;
inline constexpr std::size_t zip_central_size = 46;
inline constexpr std::size_t zip_end_size = 22;
inline constexpr std::size_t zip64_end_size = 56;
inline constexpr std::size_t zip64_locator_size = 20;
inline constexpr std::uint16_t zip64_extra_id = 1;
// An entry takes several times the memory that it takes in the file. The largest models have thousands of them.
inline constexpr std::uint64_t most_zip_entries = 200'000;
inline constexpr int zip_deflated = 8;
// In place of a number that is too large for its field and stands elsewhere in 64 bits.
inline constexpr std::uint16_t zip_elsewhere16 = 0xffff;
inline constexpr std::uint32_t zip_elsewhere32 = 0xffffffff;

template <class T>
T zip_number(std::span<const std::byte> record, std::size_t offset) {
    return load_number<T>(record.data() + offset, std::endian::little);
}

inline std::string_view zip_text(std::span<const std::byte> bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

[[noreturn]] inline void fail_in_zip(const ByteSource& source, std::size_t offset, const std::string& message) {
    fail({source.path(), ": byte ", offset, ": ", message});
}

// Where the directory lies, and of how many entries.
struct ZipEnd {
    std::uint64_t entries = 0;
    std::uint64_t size = 0;
    std::uint64_t offset = 0;
    std::size_t directory_end = 0;  // where the end records begin
};

// The offset of the end record: the last of the file, but for a comment of up to 65535 bytes.
inline std::size_t find_zip_end(ByteSource& source) {
    const std::size_t length = smaller(source.size(), zip_end_size + zip_elsewhere16);
    std::vector<std::byte> tail(length);
    source.read(source.size() - length, {tail.data(), length});
    for (std::size_t place = length; place-- > 0;) {
        const std::span<const std::byte> record{tail.data() + place, length - place};
        if (record.size() < zip_end_size || zip_number<std::uint32_t>(record, 0) != zip_end_signature) continue;
        if (zip_number<std::uint16_t>(record, 20) == record.size() - zip_end_size) return source.size() - record.size();
    }
    fail({source.path(), ": is no zip archive, or is cut short: expected an end record in the last bytes, found none"});
}

// What the zip64 end record says, which stands before its locator, which stands before `end`. False where there is
// none.
inline bool read_zip64_end(ByteSource& source, std::size_t end_offset, ZipEnd& end) {
    if (end_offset < zip64_locator_size) return false;
    const std::size_t locator_offset = end_offset - zip64_locator_size;
    std::array<std::byte, zip64_locator_size> locator;
    source.read(locator_offset, locator);
    if (zip_number<std::uint32_t>(locator, 0) != zip64_locator_signature) return false;
    const auto offset = zip_number<std::uint64_t>(locator, 8);
    if (zip_number<std::uint32_t>(locator, 4) != 0 || zip_number<std::uint32_t>(locator, 16) > 1)
        fail_in_zip(source, locator_offset, "expected an archive in one part, found several");
    if (locator_offset < zip64_end_size || offset > locator_offset - zip64_end_size)
        fail_in_zip(source, locator_offset,
                    "expected the zip64 end record before this, found it said to be at byte " + std::to_string(offset));
    end.directory_end = static_cast<std::size_t>(offset);
    std::array<std::byte, zip64_end_size> record;
    source.read(end.directory_end, record);
    if (zip_number<std::uint32_t>(record, 0) != zip64_end_signature ||
        zip_number<std::uint64_t>(record, 4) != locator_offset - end.directory_end - 12)
        fail_in_zip(source, end.directory_end, "expected a zip64 end record that ends at its locator, found none");
    end.entries = zip_number<std::uint64_t>(record, 32);
    end.size = zip_number<std::uint64_t>(record, 40);
    end.offset = zip_number<std::uint64_t>(record, 48);
    if (zip_number<std::uint32_t>(record, 16) != 0 || zip_number<std::uint32_t>(record, 20) != 0 ||
        zip_number<std::uint64_t>(record, 24) != end.entries)
        fail_in_zip(source, end.directory_end, "expected an archive in one part, found several");
    return true;
}

inline ZipEnd read_zip_end(ByteSource& source) {
    const std::size_t offset = find_zip_end(source);
    std::array<std::byte, zip_end_size> record;
    source.read(offset, record);
    const auto entries = zip_number<std::uint16_t>(record, 10);
    const auto directory_size = zip_number<std::uint32_t>(record, 12);
    const auto directory_offset = zip_number<std::uint32_t>(record, 16);
    ZipEnd end{entries, directory_size, directory_offset, offset};
    if (read_zip64_end(source, offset, end)) {
        if ((entries != zip_elsewhere16 && entries != end.entries) ||
            (directory_size != zip_elsewhere32 && directory_size != end.size) ||
            (directory_offset != zip_elsewhere32 && directory_offset != end.offset))
            fail_in_zip(source, offset, "expected an end record that agrees with the zip64 end record");
    } else if (zip_number<std::uint16_t>(record, 4) != 0 || zip_number<std::uint16_t>(record, 6) != 0 ||
               zip_number<std::uint16_t>(record, 8) != entries) {
        fail_in_zip(source, offset, "expected an archive in one part, found several");
    }
    if (end.offset > end.directory_end || end.size != end.directory_end - end.offset)
        fail_in_zip(source, offset,
                    "expected a directory that ends at byte " + std::to_string(end.directory_end) + ", found one of " +
                        std::to_string(end.size) + " bytes at byte " + std::to_string(end.offset));
    if (end.entries > end.size / zip_central_size)
        fail_in_zip(source, offset,
                    "the archive declares " + std::to_string(end.entries) + " entries in a directory of " +
                        std::to_string(end.size) + " bytes");
    if (end.entries > most_zip_entries)
        fail_in_zip(source, offset,
                    "expected an archive of at most " + std::to_string(most_zip_entries) + " entries, found " +
                        std::to_string(end.entries));
    return end;
}

// Replaces those of `numbers` that stand elsewhere by those that stand there, in the zip64 extra field. False where
// that is missing or too short, or the extra fields do not fill `extra`.
inline bool read_zip64_extra(std::span<const std::byte> extra, std::initializer_list<std::uint64_t*> numbers) {
    bool missing = false;
    for (const std::uint64_t* number : numbers) missing = missing || *number == zip_elsewhere32;
    while (!extra.empty()) {
        if (extra.size() < 4) return false;
        const std::size_t length = zip_number<std::uint16_t>(extra, 2);
        if (length > extra.size() - 4) return false;
        if (missing && zip_number<std::uint16_t>(extra, 0) == zip64_extra_id) {
            std::span<const std::byte> values = extra.subspan(4, length);
            for (std::uint64_t* number : numbers) {
                if (*number != zip_elsewhere32) continue;
                if (values.size() < 8) return false;
                *number = zip_number<std::uint64_t>(values, 0);
                values = values.subspan(8);
            }
            missing = false;
        }
        extra = extra.subspan(4 + length);
    }
    return !missing;
}

// What the directory says of an entry.
struct ZipRecord {
    ZipEntry entry;          // without its offset
    std::size_t header = 0;  // where its own header lies
    std::size_t place = 0;   // of the record, for messages
    std::size_t size = 0;    // of the record
};

[[noreturn]] inline void refuse_zip_entry(const ByteSource& source, std::size_t place, std::string_view name,
                                          const std::string& why) {
    fail_in_zip(source, place, "entry " + format_quoted(name) + ": " + why);
}

// Fails where `bytes` bytes at `offset` go beyond `end`, where the directory begins.
inline void check_zip_place(const ByteSource& source, const ZipRecord& record, std::uint64_t offset,
                            std::uint64_t bytes, std::size_t end) {
    if (offset > end || bytes > end - offset)
        refuse_zip_entry(source, record.place, record.entry.name,
                         "its " + std::to_string(bytes) + " bytes at byte " + std::to_string(offset) +
                             " do not lie before the directory at byte " + std::to_string(end));
}

// The record at the start of `bytes`, the rest of the directory, which stands at `place`.
inline ZipRecord read_zip_record(const ByteSource& source, std::span<const std::byte> bytes, std::size_t place,
                                 std::size_t directory_offset, CompressedEntries compressed) {
    const bool whole = bytes.size() >= zip_central_size && zip_number<std::uint32_t>(bytes, 0) == zip_central_signature;
    const std::size_t name_size = whole ? zip_number<std::uint16_t>(bytes, 28) : 0;
    const std::size_t extra_size = whole ? zip_number<std::uint16_t>(bytes, 30) : 0;
    const std::size_t comment_size = whole ? zip_number<std::uint16_t>(bytes, 32) : 0;
    ZipRecord record;
    record.place = place;
    record.size = zip_central_size + name_size + extra_size + comment_size;
    if (!whole || record.size > bytes.size())
        fail_in_zip(source, place, "expected an entry of the archive's directory, found none");
    record.entry.name = zip_text(bytes.subspan(zip_central_size, name_size));
    const auto refuse = [&](const std::string& why) { refuse_zip_entry(source, place, record.entry.name, why); };

    constexpr std::uint16_t encrypted = 0x2041;
    if ((zip_number<std::uint16_t>(bytes, 8) & encrypted) != 0) refuse("is encrypted");
    record.entry.method = zip_number<std::uint16_t>(bytes, 10);
    const int method = record.entry.method;
    if (method != 0 && method != zip_deflated && compressed == CompressedEntries::unpacked)
        refuse("is compressed (method " + std::to_string(method) +
               "), expected it stored as it is or by DEFLATE (method 8)");
    std::uint64_t stored = zip_number<std::uint32_t>(bytes, 20);
    std::uint64_t size = zip_number<std::uint32_t>(bytes, 24);
    std::uint64_t header = zip_number<std::uint32_t>(bytes, 42);
    if (!read_zip64_extra(bytes.subspan(zip_central_size + name_size, extra_size), {&size, &stored, &header}))
        refuse("expected extra fields that hold what they announce");
    if (zip_number<std::uint16_t>(bytes, 34) != 0) refuse("expected an archive in one part, found several");
    if (size != stored && record.entry.method == 0)
        refuse("expected to be stored as it is, found " + std::to_string(stored) + " bytes for " +
               std::to_string(size));
    check_zip_place(source, record, header, stored, directory_offset);
    record.entry.size = to_size(stored);
    if (size > static_cast<std::size_t>(-1)) refuse("declares too many bytes: " + std::to_string(size));
    record.entry.bytes = to_size(size);
    record.entry.crc = zip_number<std::uint32_t>(bytes, 16);
    record.header = to_size(header);
    return record;
}

// Where the entry's data lies: behind its own header, which agrees with the record.
inline std::size_t find_zip_data(ByteSource& source, const ZipRecord& record, std::size_t directory_offset) {
    const ZipEntry& entry = record.entry;
    const auto refuse = [&](const std::string& why) { refuse_zip_entry(source, record.header, entry.name, why); };
    std::vector<std::byte> bytes(zip_local_size + entry.name.size());
    check_zip_place(source, record, record.header, bytes.size(), directory_offset);
    source.read(record.header, {bytes.data(), bytes.size()});
    const std::span<const std::byte> header{bytes.data(), bytes.size()};
    if (zip_number<std::uint32_t>(header, 0) != zip_local_signature) refuse("expected its header here");
    if (zip_number<std::uint16_t>(header, 26) != entry.name.size() ||
        zip_text(header.subspan(zip_local_size)) != entry.name)
        refuse("its header has another name");
    const auto size = zip_number<std::uint32_t>(header, 18);
    const auto bytes_unpacked = zip_number<std::uint32_t>(header, 22);
    // Bit 3: a writer that could not go back left checksum and size out here.
    const bool left_out = (zip_number<std::uint16_t>(header, 6) & 8) != 0;
    if (zip_number<std::uint16_t>(header, 8) != entry.method ||
        (!left_out &&
         (zip_number<std::uint32_t>(header, 14) != entry.crc || (size != zip_elsewhere32 && size != entry.size) ||
          (bytes_unpacked != zip_elsewhere32 && bytes_unpacked != entry.bytes))))
        refuse("its header and the directory disagree");
    const std::size_t offset = record.header + header.size() + zip_number<std::uint16_t>(header, 28);
    check_zip_place(source, record, offset, entry.size, directory_offset);
    return offset;
}

}  // namespace detail

// The entries of an archive: their names and places. It does not keep the source.
class ZipDirectory {
public:
    explicit ZipDirectory(ByteSource& source, CompressedEntries compressed = CompressedEntries::unpacked) {
        read_records(source, detail::read_zip_end(source), compressed);
        index_names(source);
        check_overlaps(source);
        find_checksums();
        if (compressed == CompressedEntries::unpacked) unpack_entries(source);
    }

    // In the directory's order.
    const detail::List<ZipEntry>& entries() const { return entries_; }

    // Null where there is none of that name.
    const ZipEntry* find(std::string_view name) const {
        const std::size_t place =
            first_not(by_name_.size(), [&](std::size_t i) { return entries_[by_name_[i]].name < name; });
        return place < by_name_.size() && entries_[by_name_[place]].name == name ? &entries_[by_name_[place]] : nullptr;
    }

private:
    void read_records(ByteSource& source, const detail::ZipEnd& end, CompressedEntries compressed) {
        const auto offset = static_cast<std::size_t>(end.offset);
        std::vector<std::byte> directory(static_cast<std::size_t>(end.size));
        source.read(offset, {directory.data(), directory.size()});
        std::span<const std::byte> rest{directory.data(), directory.size()};
        for (std::uint64_t i = 0; i < end.entries; ++i) {
            detail::ZipRecord record =
                detail::read_zip_record(source, rest, end.directory_end - rest.size(), offset, compressed);
            record.entry.offset = detail::find_zip_data(source, record, offset);
            entries_.push_back(std::move(record.entry));
            headers_.push_back(record.header);
            rest = rest.subspan(record.size);
        }
        if (!rest.empty())
            detail::fail_in_zip(source, end.directory_end - rest.size(),
                                "expected the directory's end after " + std::to_string(end.entries) + " entries");
    }

    void index_names(const ByteSource& source) {
        by_name_ = places();
        sort_records(by_name_.data(), by_name_.size(),
                     [&](std::size_t a, std::size_t b) { return entries_[a].name < entries_[b].name; });
        for (std::size_t i = 1; i < by_name_.size(); ++i)
            if (entries_[by_name_[i]].name == entries_[by_name_[i - 1]].name)
                fail({source.path(), ": two entries have the name ", format_quoted(entries_[by_name_[i]].name)});
    }

    void check_overlaps(const ByteSource& source) const {
        std::vector<std::size_t> order = places();
        sort_records(order.data(), order.size(),
                     [&](std::size_t a, std::size_t b) { return headers_[a] < headers_[b]; });
        for (std::size_t i = 1; i < order.size(); ++i) {
            const ZipEntry& before = entries_[order[i - 1]];
            if (before.offset + before.size > headers_[order[i]])
                detail::fail_in_zip(source, headers_[order[i]],
                                    "entries " + format_quoted(before.name) + " and " +
                                        format_quoted(entries_[order[i]].name) + " overlap");
        }
    }

    // Where all checksums are 0 the writer made none.
    void find_checksums() {
        bool any = false;
        for (const ZipEntry& entry : entries_) any = any || entry.crc != 0;
        for (ZipEntry& entry : entries_) entry.has_crc = any;
    }

    void unpack_entries(ByteSource& source) {
        detail::List<SourcePart> parts;
        for (const ZipEntry& entry : entries_) {
            SourcePart part;
            part.name = entry.name;
            part.begin = entry.offset;
            part.stored = entry.size;
            part.deflated = entry.method == detail::zip_deflated;
            part.size = entry.bytes;
            part.crc = entry.crc;
            part.has_crc = entry.has_crc;
            parts.push_back(std::move(part));
        }
        const std::vector<std::size_t> offsets = detail::PackedParts::attach(source, std::move(parts));
        for (std::size_t i = 0; i < entries_.size(); ++i) {
            entries_[i].offset = offsets[i];
            entries_[i].size = entries_[i].bytes;
        }
    }

    std::vector<std::size_t> places() const {
        std::vector<std::size_t> result(entries_.size());
        for (std::size_t i = 0; i < result.size(); ++i) result[i] = i;
        return result;
    }

    detail::List<ZipEntry> entries_;
    std::vector<std::size_t> headers_;  // where those of entries_ lie
    std::vector<std::size_t> by_name_;  // entries_, in the order of their names
};

}  // namespace nib::inline NIB_ABI
