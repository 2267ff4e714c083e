// Zip archives written field by field, with whatever is wrong in them: independent of the library's writer.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace support {

inline std::string little_endian(std::uint64_t value, int bytes) {
    std::string text;
    for (int i = 0; i < bytes; ++i) text += static_cast<char>(value >> 8 * i & 0xff);
    return text;
}

// Bit by bit.
inline std::uint32_t slow_crc32(std::string_view text) {
    std::uint32_t crc = 0xffffffff;
    for (const char c : text) {
        crc ^= static_cast<unsigned char>(c);
        for (int i = 0; i < 8; ++i) crc = (crc & 1) != 0 ? crc >> 1 ^ 0xedb88320 : crc >> 1;
    }
    return ~crc;
}

// In DEFLATE's stored blocks.
inline std::string deflated(const std::string& data) {
    std::string packed;
    for (std::size_t i = 0; i == 0 || i < data.size(); i += 60000) {
        const std::string block = data.substr(i, 60000);
        packed += static_cast<char>(i + 60000 >= data.size() ? 1 : 0);
        packed += little_endian(block.size(), 2) + little_endian(block.size() ^ 0xffff, 2) + block;
    }
    return packed;
}

// As gzip packs a file, but for the blocks.
inline std::string gzipped(const std::string& data) {
    return "\x1f\x8b\x08" + std::string(7, '\0') + deflated(data) + little_endian(slow_crc32(data), 4) +
           little_endian(data.size(), 4);
}

// What is not given is as it should be.
struct ZipOptions {
    std::string extra = "";  // in the entry's own header
    std::string central_extra = "";
    bool left_out = false;        // size and checksum, in the entry's own header
    bool in_zip64_extra = false;  // the directory's sizes and offset
    int method = 0;
    int flags = 0;
    int disk = 0;
    std::uint32_t crc_change = 0;
    std::uint32_t central_signature = 0x02014b50;
    std::optional<std::string> local_name{};
    std::optional<std::uint64_t> size{};  // in the directory
    std::optional<std::uint64_t> stored_size{};
    std::optional<std::uint64_t> header{};
};
struct ZipBuilder {
    struct Entry : ZipOptions {
        std::string name;
        std::string data;
    };

    std::vector<Entry> entries;
    std::string comment;
    bool zip64 = false;  // writes the zip64 end record and its locator
    int disk = 0;
    std::optional<std::uint64_t> count, directory_size, directory_offset;
    std::optional<std::uint64_t> count64, directory_size64, directory_offset64, end64_size, end64_offset;

    void add(std::string name, std::string data, ZipOptions options = {}) {
        entries.push_back({std::move(options), std::move(name), std::move(data)});
    }

    // As a writer does that cannot go back.
    void add_deflated(std::string name, const std::string& data) {
        const std::string packed = deflated(data);
        ZipOptions options;
        options.left_out = true;
        options.method = 8;
        options.size = data.size();
        options.stored_size = packed.size();
        options.crc_change = slow_crc32(packed) ^ slow_crc32(data);
        add(std::move(name), packed, options);
    }

    std::string bytes() const {
        std::string file;
        std::string directory;
        for (const Entry& entry : entries) {
            directory += record(entry, entry.header.value_or(file.size()));
            file += local(entry);
        }
        const std::uint64_t offset = file.size();
        file += directory;
        if (zip64) {
            const std::uint64_t place = file.size();
            file += little_endian(0x06064b50, 4) + little_endian(end64_size.value_or(44), 8) + little_endian(45, 2) +
                    little_endian(45, 2) + little_endian(0, 4) + little_endian(0, 4) +
                    little_endian(count64.value_or(entries.size()), 8) +
                    little_endian(count64.value_or(entries.size()), 8) +
                    little_endian(directory_size64.value_or(directory.size()), 8) +
                    little_endian(directory_offset64.value_or(offset), 8);
            file += little_endian(0x07064b50, 4) + little_endian(static_cast<std::uint64_t>(disk), 4) +
                    little_endian(end64_offset.value_or(place), 8) + little_endian(1, 4);
        }
        file += little_endian(0x06054b50, 4) + little_endian(static_cast<std::uint64_t>(disk), 2) +
                little_endian(0, 2) + little_endian(count.value_or(entries.size()), 2) +
                little_endian(count.value_or(entries.size()), 2) +
                little_endian(directory_size.value_or(directory.size()), 4) +
                little_endian(directory_offset.value_or(offset), 4) + little_endian(comment.size(), 2) + comment;
        return file;
    }

private:
    static std::string fields(const Entry& entry, std::uint32_t crc, std::uint64_t stored, std::uint64_t size) {
        return little_endian(20, 2) + little_endian(static_cast<unsigned>(entry.flags) | (entry.left_out ? 8 : 0), 2) +
               little_endian(static_cast<std::uint64_t>(entry.method), 2) + little_endian(0, 4) +
               little_endian(crc, 4) + little_endian(stored, 4) + little_endian(size, 4);
    }

    static std::string local(const Entry& entry) {
        const std::string name = entry.local_name.value_or(entry.name);
        const std::uint32_t crc = entry.left_out ? 0 : slow_crc32(entry.data) ^ entry.crc_change;
        const std::uint64_t size = entry.left_out ? 0 : entry.data.size();
        return little_endian(0x04034b50, 4) + fields(entry, crc, size, size) + little_endian(name.size(), 2) +
               little_endian(entry.extra.size(), 2) + name + entry.extra + entry.data;
    }

    static std::string record(const Entry& entry, std::uint64_t header) {
        std::uint64_t size = entry.size.value_or(entry.data.size());
        std::uint64_t stored = entry.stored_size.value_or(size);
        std::string extra = entry.central_extra;
        if (entry.in_zip64_extra) {
            extra += little_endian(1, 2) + little_endian(24, 2) + little_endian(size, 8) + little_endian(stored, 8) +
                     little_endian(header, 8);
            size = stored = header = 0xffffffff;
        }
        return little_endian(entry.central_signature, 4) + little_endian(20, 2) +
               fields(entry, slow_crc32(entry.data) ^ entry.crc_change, stored, size) +
               little_endian(entry.name.size(), 2) + little_endian(extra.size(), 2) + little_endian(0, 2) +
               little_endian(static_cast<std::uint64_t>(entry.disk), 2) + little_endian(0, 6) +
               little_endian(header, 4) + entry.name + extra;
    }
};

}  // namespace support
