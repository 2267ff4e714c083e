// XmlScanner: one pass over an XML text, tag by tag, as InkML needs it. Comments, processing instructions, CDATA
// sections, the five named entities and characters by number are understood; attributes stand in either quotes; of a
// name `prefix:local` the local part is given. It keeps the names of the open elements and the attributes of the last
// start tag.
//
// Refused by Error, with the line: what is not well formed, a document type (<!DOCTYPE>, whose entities can grow
// without bound), other entities, elements nested deeper than 64, tags longer than 64 KB.
#pragma once

#include <nib/core/detail/algorithm.hpp>
#include <nib/core/detail/characters.hpp>
#include <nib/core/detail/list.hpp>
#include <nib/core/error.hpp>
#include <nib/core/text.hpp>
#include <nib/ink/detail/lines.hpp>
#include <nib/io/detail/text_source.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace nib::inline NIB_ABI::detail {

class XmlScanner {
public:
    static constexpr std::size_t max_depth = 64;
    static constexpr std::size_t longest_tag = 65536;  // bytes

    enum class Event { start_tag, end_tag, end };

    // Both must outlive the scanner. `name` is the file's, for messages.
    XmlScanner(TextSource& source, const std::string& name) : source_{source}, name_{name} {}

    // Goes to the next tag, past the text before it. `<a/>` is a start tag and an end tag.
    Event next() {
        if (std::exchange(closes_itself_, false)) return leave();
        for (char c; take_text(c);)
            if (open_.empty() && !is_space(c)) fail_here("an element", format_quoted(std::string_view(&c, 1)));
        if (peek() == end_of_text) {
            if (!has_root_) fail_here("an element", found());
            return Event::end;
        }
        return accept("</") ? parse_end_tag() : parse_start_tag();
    }

    // Of the last tag, without a prefix.
    std::string_view element() const { return local(element_); }
    // Of the element around it, while the last tag is a start tag; "" for the outermost.
    std::string_view parent() const { return open_.size() < 2 ? std::string_view() : local(open_[open_.size() - 2]); }
    // How many elements are open: at a start tag the new one counts, at an end tag the one it ends does not.
    std::size_t depth() const { return open_.size(); }
    std::size_t line() const { return line_; }

    // Of the last start tag; "" where it has none of that name.
    std::string_view attribute(std::string_view name) const {
        for (const Attribute& attribute : attributes_)
            if (attribute.name == name) return attribute.value;
        return {};
    }

    // The next byte of the text before the next tag; false at the tag.
    bool take_text(char& c) {
        while (reference_.empty()) {
            if (closes_itself_ || (peek() == end_of_text && open_.empty())) return false;
            if (in_cdata_) {
                in_cdata_ = !accept("]]>");
                if (!in_cdata_) continue;
                c = get("']]>'");
                return true;
            }
            if (peek() != '<') {
                c = get("the end of <", open_.empty() ? std::string() : open_.back() + ">");
                if (c != '&') return true;
                reference_ = parse_reference();
            } else if (!skip_markup()) {
                return false;
            }
        }
        c = reference_.front();
        reference_.erase(0, 1);
        return true;
    }

    [[noreturn]] void fail_here(std::string_view expected, std::string_view found) const {
        fail_at_line(name_, line_, expected, found);
    }

private:
    struct Attribute {
        std::string name;
        std::string value;
    };

    static constexpr int end_of_text = -1;

    static bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }
    static std::string_view local(std::string_view name) { return name.substr(name.rfind(':') + 1); }

    int peek() {
        if (source_.rest().empty() && !source_.grow()) return end_of_text;
        return static_cast<unsigned char>(source_.rest().front());
    }

    bool accept(std::string_view word) {
        while (source_.rest().size() < word.size() && source_.grow()) {
        }
        if (!source_.rest().starts_with(word)) return false;
        source_.consume(word.size());
        return true;
    }

    // The next byte, whichever it is; the arguments say what is missing where there is none.
    char get(std::string_view expected, std::string_view more = {}) {
        const int code = peek();
        if (code == end_of_text) fail_here(std::string(expected) + std::string(more), found());
        const char c = static_cast<char>(code);
        if (code < 0x20 && !is_space(c)) fail_here("a character that XML allows", found());
        source_.consume(1);
        if (c == '\n') ++line_;
        return c;
    }

    // What comes next, for a message.
    std::string found() {
        const int code = peek();
        if (code == end_of_text) return "the end";
        if (code <= 0x20)
            return std::string("byte 0x") + hex_digits[static_cast<std::size_t>(code) >> 4] +
                   hex_digits[static_cast<std::size_t>(code) & 15];
        while (source_.rest().size() < 80 && source_.grow()) {
        }
        const std::string_view next = source_.rest().substr(0, 80);
        return format_quoted(next.substr(0, next.find_first_of("\r\n")));
    }

    void skip_space() {
        for (int c = peek(); c != end_of_text && is_space(static_cast<char>(c)); c = peek()) get("");
    }

    // At '<': comments and the like are skipped; false at a tag.
    bool skip_markup() {
        if (accept("<!--")) {
            while (!accept("-->")) {
                if (accept("--")) fail_here("'-->' after '--' in a comment", found());
                get("'-->'");
            }
        } else if (accept("<?")) {
            while (!accept("?>")) get("'?>'");
        } else if (accept("<![CDATA[")) {
            if (open_.empty()) fail_here("an element", "'<![CDATA['");
            in_cdata_ = true;
        } else if (accept("<!")) {
            fail_here("a tag, a comment or a CDATA section (a document type is not read)",
                      format_quoted("<!" + std::string(source_.rest().substr(0, 7))));
        } else {
            return false;
        }
        return true;
    }

    // After '&': the bytes that it stands for.
    std::string parse_reference() {
        std::string word;
        while (!accept(";")) {
            const int c = peek();
            if (word.size() == 10 || c == end_of_text || c == '<' || c == '&' || c <= 0x20)
                fail_here("'&' with the name of a character and ';'", format_quoted("&" + word));
            word += get("';'");
        }
        if (word == "lt") return "<";
        if (word == "gt") return ">";
        if (word == "amp") return "&";
        if (word == "quot") return "\"";
        if (word == "apos") return "'";
        std::string result;
        append_utf8(result, character_number(word));
        return result;
    }

    // `#65` and `#x41`.
    std::uint32_t character_number(std::string_view word) const {
        constexpr std::uint32_t none = 0x110000;  // past the last character
        const bool hexadecimal = word.starts_with("#x");
        const std::string_view digits = word.substr(smaller<std::size_t>(word.size(), hexadecimal ? 2 : 1));
        const std::uint32_t base = hexadecimal ? 16 : 10;
        std::uint32_t code = word.starts_with('#') && !digits.empty() ? 0 : none;
        for (char c : digits) {
            if (c >= 'A' && c <= 'F') c = static_cast<char>(c - 'A' + 'a');
            const std::size_t digit = hex_digits.find(c);
            code = digit < base && code < none ? code * base + static_cast<std::uint32_t>(digit) : none;
        }
        const bool control = code < 0x20 && code != '\t' && code != '\n' && code != '\r';
        if (control || code >= none || (code >= 0xd800 && code <= 0xdfff))
            fail_here("one of the five entities of XML or the number of a character",
                      format_quoted("&" + std::string(word) + ";"));
        return code;
    }

    Event parse_start_tag() {
        if (has_root_ && open_.empty()) fail_here("nothing after the outermost element", found());
        if (open_.size() == max_depth) fail_here("elements nested at most 64 deep", "one deeper");
        accept("<");
        tag_bytes_ = 0;
        has_root_ = true;
        open_.push_back(take_name("the name of an element"));
        element_ = open_.back();
        attributes_.clear();
        for (;;) {
            const bool spaced = peek() <= 0x20;
            skip_space();
            closes_itself_ = accept("/>");
            if (closes_itself_ || accept(">")) return Event::start_tag;
            if (!spaced) fail_here("a space, '>' or '/>' in the tag <" + element_ + ">", found());
            parse_attribute();
        }
    }

    void parse_attribute() {
        Attribute parsed{take_name("an attribute's name or '>' in the tag <" + element_ + ">"), {}};
        for (const Attribute& other : attributes_)
            if (other.name == parsed.name) fail_here("each attribute once", format_quoted(parsed.name) + " twice");
        if (attributes_.size() == 100) fail_here("at most 100 attributes", "another");
        skip_space();
        if (!accept("=")) fail_here("'=' after the attribute '" + parsed.name + "'", found());
        skip_space();
        const std::string_view quote = accept("\"") ? "\"" : accept("'") ? "'" : "";
        if (quote.empty()) fail_here("a value in quotes for the attribute '" + parsed.name + "'", found());
        while (!accept(quote)) {
            if (peek() == '<') fail_here("a value without '<' for the attribute '" + parsed.name + "'", found());
            const char c = get("the end of the attribute '" + parsed.name + "'");
            if (c == '&')
                parsed.value += parse_reference();
            else
                parsed.value += c;
            count_tag_byte();
        }
        attributes_.push_back(std::move(parsed));
    }

    Event parse_end_tag() {
        tag_bytes_ = 0;
        const std::string name = take_name("the name of an element");
        skip_space();
        if (open_.empty()) fail_here("a start tag", format_quoted("</" + name + ">"));
        if (name != open_.back()) fail_here("</" + open_.back() + ">", format_quoted("</" + name + ">"));
        if (!accept(">")) fail_here("'>'", found());
        return leave();
    }

    Event leave() {
        element_ = std::move(open_.back());
        open_.pop_back();
        return Event::end_tag;
    }

    std::string take_name(std::string_view expected) {
        const auto starts_name = [](int c) {
            return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == ':' || c >= 0x80;
        };
        if (!starts_name(peek())) fail_here(expected, found());
        std::string name;
        for (int c = peek(); starts_name(c) || (c >= '0' && c <= '9') || c == '-' || c == '.'; c = peek()) {
            name += get("");
            count_tag_byte();
        }
        return name;
    }

    void count_tag_byte() {
        if (++tag_bytes_ > longest_tag) fail_here("a tag of at most 65536 bytes", "a longer one");
    }

    TextSource& source_;
    const std::string& name_;
    std::size_t line_ = 1;
    std::vector<std::string> open_;  // names, the outermost first
    std::string element_;
    List<Attribute> attributes_;
    std::string reference_;  // what the last '&...;' stands for and has not been taken
    std::size_t tag_bytes_ = 0;
    bool in_cdata_ = false;
    bool closes_itself_ = false;
    bool has_root_ = false;
};

}  // namespace nib::inline NIB_ABI::detail
