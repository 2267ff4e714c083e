// PackedParts: the parts of a ByteSource, which have checksums and may be compressed. One that is compressed is
// unpacked as far as it is asked for, and one at a time is kept.
#pragma once

#include <nib/core/detail/algorithm.hpp>
#include <nib/core/detail/join.hpp>
#include <nib/core/detail/list.hpp>
#include <nib/core/detail/storage.hpp>
#include <nib/core/error.hpp>
#include <nib/core/text.hpp>
#include <nib/io/detail/byte_source.hpp>
#include <nib/io/detail/crc32.hpp>
#include <nib/io/detail/inflate.hpp>

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace nib::inline NIB_ABI {

// A part of a source whose bytes have a checksum.
struct SourcePart {
    std::string name;         // for messages
    std::size_t begin = 0;    // where it lies
    std::size_t stored = 0;   // how many bytes lie there
    bool deflated = false;    // whether these are compressed
    std::size_t size = 0;     // of the bytes themselves
    std::size_t offset = 0;   // where these are read; attach sets it
    std::uint32_t crc = 0;    // of these
    bool has_crc = true;      // false where the writer made no checksum
    bool is_checked = false;  // they have been found to have it
};

namespace detail {

[[noreturn, gnu::cold]] inline void refuse_part(const std::string& path, const SourcePart& part,
                                                std::initializer_list<TextPart> why) {
    fail({path, ": byte ", part.begin, ": entry ", format_quoted(part.name), ": ", join(why)});
}

// Fails where `crc`, that of the part's bytes, is not the one that it declares.
inline void check_part(const std::string& path, const SourcePart& part, std::uint32_t crc) {
    if (part.has_crc && crc != part.crc)
        refuse_part(path, part, {"its bytes are damaged: expected the checksum ", part.crc, ", found ", crc});
}

// The first bytes of a compressed part, and what unpacks the others.
class UnpackedPart {
public:
    // `name` starts every message.
    UnpackedPart(const SourcePart& part, const std::string& name)
        : inflate{name}, offset{part.offset}, next{part.begin}, end{part.begin + part.stored} {}

    Inflate inflate;
    std::size_t offset;  // of the part
    std::size_t next;    // of its compressed bytes that nobody has read yet
    std::size_t end;
    std::vector<std::byte> bytes;
};

// Parts in the order of their offsets.
class PackedParts : public SourceParts {
public:
    // Tells a source which parts there are: once, and none overlaps another. Returns where the bytes of each are read.
    // Fails on a compressed part that declares more bytes than it can hold, and where all of them together declare more
    // than nib unpacks (see may_unpack).
    static std::vector<std::size_t> attach(ByteSource& source, List<SourcePart> parts);

private:
    explicit PackedParts(List<SourcePart> parts)
        : SourceParts{&read_part, &check_part_at, &unpacked_at, &destroy_parts}, parts_{std::move(parts)} {}

    // The compressed bytes of a part.
    struct Place final : PackedInput {
        Place(ByteSource& from, UnpackedPart& unpacked) : source{from}, part{unpacked} {}

        std::size_t read(std::span<std::byte> to) override {
            const std::size_t count = smaller(to.size(), part.end - part.next);
            source.read_stored(part.next, to.first(count));
            part.next += count;
            return count;
        }

        ByteSource& source;
        UnpackedPart& part;
    };

    static PackedParts& of(SourceParts& parts) { return static_cast<PackedParts&>(parts); }

    static void read_part(SourceParts& parts, ByteSource& source, std::size_t offset, std::span<std::byte> to) {
        const SourcePart& part = *of(parts).part_at(offset);
        const std::size_t begin = offset - part.offset;
        if (to.size() > part.size - begin)
            refuse_part(source.path(), part, {"expected ", to.size(), " more bytes, found ", part.size - begin});
        of(parts).unpack(source, part, begin + to.size());
        copy_values(of(parts).unpacked_->bytes.data() + begin, to.size(), to.data());
    }

    static void check_part_at(SourceParts& parts, ByteSource& source, std::size_t offset) {
        SourcePart* const part = of(parts).part_at(offset);
        if (part == nullptr || part->is_checked) return;
        if (part->deflated)
            of(parts).unpack(source, *part, part->size);
        else
            check_stored(source, *part);
        part->is_checked = true;
    }

    static std::size_t unpacked_at(SourceParts& parts, std::size_t offset) {
        const SourcePart* const part = of(parts).part_at(offset);
        return part != nullptr && part->deflated ? part->size : 0;
    }

    static void destroy_parts(SourceParts* parts) {
        delete of(*parts).unpacked_;
        delete &of(*parts);
    }

    SourcePart* part_at(std::size_t offset) {
        const std::size_t behind = first_not(parts_.size(), [&](std::size_t i) { return parts_[i].offset <= offset; });
        if (behind == 0) return nullptr;
        SourcePart& part = parts_[behind - 1];
        return offset - part.offset < part.size ? &part : nullptr;
    }

    static void check_stored(ByteSource& source, const SourcePart& part) {
        std::vector<std::byte> piece(smaller(part.size, std::size_t{65536}));
        std::uint32_t crc = 0;
        for (std::size_t done = 0; done < part.size;) {
            const std::span<std::byte> some{piece.data(), smaller(piece.size(), part.size - done)};
            source.read_stored(part.begin + done, some);
            crc = crc32(some, crc);
            done += some.size();
        }
        check_part(source.path(), part, crc);
    }

    // Its first `count` bytes. Memory grows with what comes out, never with what the part declares.
    void unpack(ByteSource& source, const SourcePart& part, std::size_t count) {
        constexpr std::size_t step = 65536;
        const std::string& path = source.path();
        if (unpacked_ != nullptr && unpacked_->offset != part.offset) delete std::exchange(unpacked_, nullptr);
        if (unpacked_ == nullptr)
            unpacked_ = new UnpackedPart(part, join({path, ": entry ", format_quoted(part.name)}));
        if (unpacked_->bytes.size() >= count) return;
        // What fails leaves nothing.
        struct Taken {
            UnpackedPart* part;
            ~Taken() { delete part; }
        } taken{std::exchange(unpacked_, nullptr)};
        Place input{source, *taken.part};
        Inflate& inflate = taken.part->inflate;
        std::vector<std::byte>& bytes = taken.part->bytes;
        if (count > step) bytes.reserve(part.size);  // addresses alone
        while (bytes.size() < count) {
            const std::size_t before = bytes.size();
            const std::size_t more = smaller(part.size - before, step);
            bytes.resize(before + more);
            const std::size_t done = inflate.read(input, {bytes.data() + before, more});
            if (done < more)
                refuse_part(path, part, {"expected ", part.size, " bytes when unpacked, found ", before + done});
        }
        if (bytes.size() == part.size) {
            std::byte beyond[1];
            if (inflate.read(input, beyond) != 0)
                refuse_part(path, part, {"unpacks to more than the ", part.size, " bytes that it declares"});
            if (inflate.position() != part.stored)
                refuse_part(
                    path, part,
                    {"expected compressed data of ", part.stored, " bytes, found its end after ", inflate.position()});
            check_part(path, part, crc32({bytes.data(), bytes.size()}));
        }
        unpacked_ = std::exchange(taken.part, nullptr);
    }

    List<SourcePart> parts_;
    UnpackedPart* unpacked_ = nullptr;
};

inline std::vector<std::size_t> PackedParts::attach(ByteSource& source, List<SourcePart> parts) {
    std::vector<std::size_t> offsets;
    for (SourcePart& part : parts) {
        part.offset = part.begin;
        if (part.deflated) {
            std::size_t most = 0;
            if (multiply_sizes(part.stored, most_inflated, most) && part.size > most)
                refuse_part(
                    source.path(), part,
                    {"declares ", part.size, " bytes, which its ", part.stored, " compressed ones cannot hold"});
            part.offset = source.size_;
            if (part.size > static_cast<std::size_t>(-1) - source.size_)
                refuse_part(source.path(), part, {"declares too many bytes: ", part.size});
            source.size_ += part.size;
        }
        offsets.push_back(part.offset);
    }
    const std::size_t stored = source.stored_size(), unpacked = source.size() - stored;
    if (!may_unpack(unpacked, stored))
        fail({source.path(), ": declares ", unpacked, " bytes of compressed data in a file of ", stored,
              ", expected at most 128 MiB or 32 times the file's size: save it without compression"});
    // One that is empty holds no byte, and would stand between another and its offset.
    std::size_t kept = 0;
    for (SourcePart& part : parts)
        if (part.size != 0) std::swap(parts[kept++], part);
    parts.erase(kept, parts.size() - kept);
    sort_records(parts.data(), parts.size(),
                 [](const SourcePart& a, const SourcePart& b) { return a.offset < b.offset; });
    SourceParts* const before = std::exchange(source.parts_, new PackedParts(std::move(parts)));
    if (before != nullptr) before->destroy(before);
    return offsets;
}

}  // namespace detail

}  // namespace nib::inline NIB_ABI
