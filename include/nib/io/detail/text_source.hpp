// TextSource: a text that is read from its start to its end, from memory or from a file or pipe. Of a file it holds
// what has been read and not been consumed, and no more: a parser that consumes as it goes needs the same memory for
// a file of any size.
//
//     while (source.rest().size() < wanted && source.grow()) {}
//     source.consume(used);
//
// A byte order mark of UTF-8 at the start is left out.
#pragma once

#include <nib/io/file.hpp>

#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <string>
#include <string_view>
#include <utility>

namespace nib::inline NIB_ABI::detail {

class TextSource {
public:
    // Text in memory, which must outlive the source.
    explicit TextSource(std::string_view text) : rest_{text} { skip_byte_order_mark(); }

    // `path` is the file's, for messages.
    TextSource(FileHandle file, std::string path) : file_{std::move(file)}, path_{std::move(path)} {
        grow();
        skip_byte_order_mark();
    }

    TextSource(const TextSource&) = delete;
    TextSource& operator=(const TextSource&) = delete;

    // What comes next, as far as it has been read; valid until grow() is called.
    std::string_view rest() const { return rest_; }

    // Of rest(), at most all.
    void consume(std::size_t count) { rest_.remove_prefix(count); }

    // Appends a piece to rest(); false at the end of the text.
    bool grow() {
        constexpr std::size_t piece = 65536;
        if (!file_) return false;
        buffer_.erase(0, buffer_.size() - rest_.size());
        const std::size_t kept = buffer_.size();
        buffer_.resize(kept + piece);
        errno = 0;
        const std::size_t count = std::fread(buffer_.data() + kept, 1, piece, file_.get());
        if (std::ferror(file_.get()) != 0) fail_with_errno(path_, "cannot read");
        buffer_.resize(kept + count);
        rest_ = buffer_;
        if (count == 0) file_ = FileHandle{};
        return count > 0;
    }

private:
    void skip_byte_order_mark() {
        constexpr std::string_view mark = "\xef\xbb\xbf";
        if (rest_.starts_with(mark)) consume(mark.size());
    }

    FileHandle file_;
    std::string path_;
    std::string buffer_;  // ends with rest_
    std::string_view rest_;
};

}  // namespace nib::inline NIB_ABI::detail
