// ZipWriter: zip archives (APPNOTE.TXT 6.3) whose entries are stored, not compressed, in pieces of any number and size;
// with zip64 where an archive is that large or has that many entries.
#pragma once

#include <nib/core/detail/algorithm.hpp>
#include <nib/core/detail/characters.hpp>
#include <nib/core/detail/list.hpp>
#include <nib/core/error.hpp>
#include <nib/core/text.hpp>
#include <nib/io/atomic_file.hpp>
#include <nib/io/detail/crc32.hpp>
#include <nib/io/detail/zip.hpp>
#include <nib/io/file.hpp>

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

namespace detail {

// Whether an entry of this name is unpacked below the folder that is meant, on every system: it is UTF-8, relative,
// without the folders "." and "..", backslashes and control characters.
inline bool is_plain_entry_name(std::string_view name) {
    if (!is_utf8(name) || name.starts_with('/') || name.find("//") != std::string_view::npos) return false;
    if (name.size() > 2 && name[1] == ':' && name[2] == '/') return false;
    for (const char c : name) {
        const auto code = static_cast<unsigned char>(c);
        if (code < 0x20 || code == 0x7f || c == '\\') return false;
    }
    for (;;) {
        const std::size_t slash = name.find('/');
        const std::string_view part = name.substr(0, slash);
        if (part == "." || part == "..") return false;
        if (slash == std::string_view::npos) return true;
        name.remove_prefix(slash + 1);
    }
}

}  // namespace detail

// Writes an archive into a file that holds nothing yet: add() for each entry, then finish(). Committing the file is
// the caller's.
class ZipWriter {
public:
    explicit ZipWriter(AtomicFile& file) : file_{file} {}

    // An entry of the parts' bytes, one after the other; the first lies at a multiple of `alignment` (1 to 4096) in the
    // file. No entry has this name yet, which has at most 65535 bytes. Fails on a name that is not plain.
    void add(std::string_view name, std::initializer_list<std::span<const std::byte>> parts,
             std::size_t alignment = 1) {
        if (!detail::is_plain_entry_name(name))
            fail({file_.path(), ": entry ", format_quoted(name), ": its name would lead out of the archive's folder"});
        Entry entry{std::string(name), position_, 0, 0};
        for (const auto part : parts) {
            entry.size += part.size();
            entry.crc = crc32(part, entry.crc);
        }
        const bool large = entry.size >= detail::zip_elsewhere32;
        Fields extra;
        if (large) extra.u16(detail::zip64_extra_id).u16(16).u64(entry.size).u64(entry.size);
        if (alignment > 1) {
            const std::size_t used = position_ + detail::zip_local_size + name.size() + extra.text.size() + 4;
            const std::size_t padding = (alignment - used % alignment) % alignment;
            extra.u16('F' | 'B' << 8).u16(padding);
            extra.text.append(padding, 'Z');
        }
        Fields header;
        header.u32(detail::zip_local_signature);
        describe(header, entry, large, large).u16(name.size()).u16(extra.text.size());
        write(header.text + entry.name + extra.text);
        for (const auto part : parts) {
            file_.write(part);
            position_ += part.size();
        }
        entries_.push_back(std::move(entry));
    }

    void finish() {
        const std::size_t directory = position_;
        for (const Entry& entry : entries_) {
            const bool large = entry.size >= detail::zip_elsewhere32;
            const bool distant = entry.header >= detail::zip_elsewhere32;
            Fields extra;
            if (large || distant) extra.u16(detail::zip64_extra_id).u16((large ? 16u : 0u) + (distant ? 8u : 0u));
            if (large) extra.u64(entry.size).u64(entry.size);
            if (distant) extra.u64(entry.header);
            Fields record;
            record.u32(detail::zip_central_signature).u16(version(large || distant));
            describe(record, entry, large, large || distant).u16(entry.name.size()).u16(extra.text.size());
            record.u16(0).u16(0).u16(0).u32(0).u32(distant ? detail::zip_elsewhere32 : entry.header);
            write(record.text + entry.name + extra.text);
        }
        write_end(directory, position_ - directory);
    }

private:
    struct Entry {
        std::string name;
        std::size_t header = 0;  // where it lies
        std::size_t size = 0;
        std::uint32_t crc = 0;
    };

    // Little-endian numbers, one after the other; each fits its field.
    struct Fields {
        std::string text;

        Fields& u16(std::size_t value) { return number(static_cast<std::uint16_t>(value)); }
        Fields& u32(std::size_t value) { return number(static_cast<std::uint32_t>(value)); }
        Fields& u64(std::uint64_t value) { return number(value); }

    private:
        template <class T>
        Fields& number(T value) {
            std::byte bytes[sizeof(T)];
            store_number(bytes, value, std::endian::little);
            text += detail::zip_text(bytes);
            return *this;
        }
    };

    // Of the format, that a reader must know.
    static std::size_t version(bool zip64) { return zip64 ? 45 : 20; }

    // What an entry's header and its record share: version, flags (names are UTF-8), method, time, date, checksum,
    // sizes. The date is the format's first, so that the same entries make the same file.
    static Fields& describe(Fields& fields, const Entry& entry, bool large, bool zip64) {
        const std::size_t size = large ? detail::zip_elsewhere32 : entry.size;
        return fields.u16(version(zip64)).u16(0x0800).u16(0).u16(0).u16(0x0021).u32(entry.crc).u32(size).u32(size);
    }

    void write_end(std::size_t directory, std::size_t size) {
        const std::size_t count = entries_.size();
        Fields end;
        if (count >= detail::zip_elsewhere16 || size >= detail::zip_elsewhere32 ||
            directory >= detail::zip_elsewhere32) {
            const std::size_t place = position_;
            end.u32(detail::zip64_end_signature).u64(detail::zip64_end_size - 12).u16(version(true)).u16(version(true));
            end.u32(0).u32(0).u64(count).u64(count).u64(size).u64(directory);
            end.u32(detail::zip64_locator_signature).u32(0).u64(place).u32(1);
        }
        const std::size_t entries = smaller(count, std::size_t{detail::zip_elsewhere16});
        end.u32(detail::zip_end_signature).u16(0).u16(0).u16(entries).u16(entries);
        end.u32(smaller(size, std::size_t{detail::zip_elsewhere32}));
        end.u32(smaller(directory, std::size_t{detail::zip_elsewhere32})).u16(0);
        write(end.text);
    }

    void write(const std::string& text) {
        file_.write(bytes_of(text));
        position_ += text.size();
    }

    AtomicFile& file_;
    std::size_t position_ = 0;  // in the file
    detail::List<Entry> entries_;
};

}  // namespace nib::inline NIB_ABI
