// The lines of a text in CSV, as fields: what stands between separators, in quotes or not (data/csv.hpp says what is
// read).
#pragma once

#include <nib/core/detail/list.hpp>
#include <nib/core/error.hpp>
#include <nib/core/text.hpp>
#include <nib/io/detail/text_source.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace nib::inline NIB_ABI::detail {

inline constexpr std::size_t most_csv_columns = std::size_t{1} << 20;
inline constexpr std::size_t longest_csv_line = 64'000'000;  // bytes

struct CsvField {
    std::string_view text;  // without the quotes around it; those in it are still doubled
    bool is_quoted = false;

    std::string unquoted() const {
        std::string result;
        for (std::size_t i = 0; i < text.size(); ++i) {
            result += text[i];
            if (is_quoted && text[i] == '"') ++i;
        }
        return result;
    }
};

// One pass over the lines of a text, blank ones left out. (A template: a program without CSV does not compile it.)
template <class T>
class CsvLines {
public:
    // Both must outlive it. '\0': the separator is found in the first line.
    CsvLines(TextSource& source, const std::string& name, char separator)
        : source_{source}, name_{name}, separator_{separator} {}

    // Goes to the next line; false at the end of the text.
    bool next();

    // Of the current line, valid until next() is called.
    const List<CsvField>& fields() const { return fields_; }
    std::size_t number() const { return number_; }

    [[noreturn]] void fail_here(const std::string& what) const {
        fail(name_ + ":" + std::to_string(number_) + ": " + what);
    }
    [[noreturn]] void fail_at(std::size_t column, const std::vector<std::string>& names,
                              const std::string& what) const {
        const std::string called = column < names.size() ? " (" + format_quoted(names[column]) + ")" : "";
        fail_here("column " + std::to_string(column + 1) + called + ": " + what);
    }

private:
    bool next_line(std::string_view& line);
    void find_separator(std::string_view line);
    void split(std::string_view line);
    std::string_view skip_blanks(std::string_view text) const;
    CsvField take_quoted(std::string_view& rest) const;

    TextSource& source_;
    const std::string& name_;
    char separator_;
    std::size_t number_ = 0;
    List<CsvField> fields_;
};

template <class T>
bool CsvLines<T>::next() {
    std::string_view line;
    do {
        if (!next_line(line)) return false;
    } while (line.find_first_not_of(" \t") == std::string_view::npos);
    if (line.find('\0') != std::string_view::npos) fail_here("expected text, found a zero byte");
    if (separator_ == '\0') find_separator(line);
    split(line);
    return true;
}

template <class T>
bool CsvLines<T>::next_line(std::string_view& line) {
    std::size_t end = source_.rest().find('\n');
    for (std::size_t searched = 0; end == std::string_view::npos; end = source_.rest().find('\n', searched)) {
        searched = source_.rest().size();
        if (searched > longest_csv_line || !source_.grow()) break;
    }
    const std::string_view rest = source_.rest();
    if (rest.empty()) return false;
    ++number_;
    line = rest.substr(0, end);
    if (line.size() > longest_csv_line) fail_here("expected a line of at most 64 MB, found a longer one");
    source_.consume(end == std::string_view::npos ? rest.size() : end + 1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    return true;
}

template <class T>
void CsvLines<T>::find_separator(std::string_view line) {
    bool has_tab = false, has_semicolon = false, in_quotes = false;
    for (const char c : line) {
        if (c == '"') in_quotes = !in_quotes;
        if (in_quotes) continue;
        has_tab = has_tab || c == '\t';
        has_semicolon = has_semicolon || c == ';';
    }
    separator_ = has_tab ? '\t' : has_semicolon ? ';' : ',';
}

template <class T>
std::string_view CsvLines<T>::skip_blanks(std::string_view text) const {
    while (!text.empty() && (text[0] == ' ' || text[0] == '\t') && text[0] != separator_) text.remove_prefix(1);
    return text;
}

template <class T>
void CsvLines<T>::split(std::string_view line) {
    fields_.clear();
    for (std::string_view rest = line;;) {
        if (fields_.size() == most_csv_columns)
            fail_here("expected at most " + std::to_string(most_csv_columns) + " columns, found more");
        rest = skip_blanks(rest);
        CsvField field;
        if (rest.starts_with('"')) {
            field = take_quoted(rest);
        } else {
            field.text = rest.substr(0, rest.find(separator_));
            rest.remove_prefix(field.text.size());
            while (field.text.ends_with(' ') || field.text.ends_with('\t')) field.text.remove_suffix(1);
        }
        fields_.push_back(field);
        if (rest.empty()) return;
        rest.remove_prefix(1);
    }
}

// The field in quotes that `rest` begins with, and the blanks behind it; then `rest` is empty or begins with a
// separator.
template <class T>
CsvField CsvLines<T>::take_quoted(std::string_view& rest) const {
    std::size_t end = 1;
    while (end < rest.size() && (rest[end] != '"' || rest.substr(end + 1).starts_with('"')))
        end += rest[end] == '"' ? 2 : 1;
    const std::string column = "column " + std::to_string(fields_.size() + 1) + ": ";
    if (end >= rest.size()) fail_here(column + "expected a closing quote in the same line, found none");
    const CsvField field{rest.substr(1, end - 1), true};
    rest = skip_blanks(rest.substr(end + 1));
    if (!rest.empty() && rest[0] != separator_)
        fail_here(column + "expected a separator behind the closing quote, found " + format_quoted(rest));
    return field;
}

}  // namespace nib::inline NIB_ABI::detail
