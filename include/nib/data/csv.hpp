// Tables in CSV: lines of numbers with separators between them, and a class or numbers to be learned in some columns.
//
//   const auto training = nib::load_csv("flowers.csv", {.class_column = "species"});
//   nib::fit(net, adam, training.examples(), {.epochs = 50}, rng);
//   const auto test = nib::load_csv("more.csv", {.class_column = "species", .class_names = training.class_names});
//
//   const auto houses = nib::load_csv("houses.csv", {.target_columns = {"price"}, .leave_out = {"address"}});
//   nib::fit(net, adam, houses.target_examples(), {.epochs = 50}, rng, nib::MseLoss{});
//
// What is read: UTF-8 with or without a byte order mark; lines that end with \n or \r\n, blank ones skipped; fields
// with blanks around them, or in double quotes, in which "" is a quote; numbers with a point, in every locale. There
// are no comments, and no quotes around the end of a line.
//
// Refused by Error, which reads `path:LINE: column N ('name'): expected …, found …`, lines and columns counted from 1:
// values that are missing, no numbers, not finite or too large for T, or too small for double; lines of another number
// of columns than the first; classes that are not among those given, and more than 10,000 of them; lines longer than 64
// MB and more than 1,048,576 columns; a text in UTF-16. Of a file a line is held and the numbers that were read, no
// more.
#pragma once

#include <nib/core/error.hpp>
#include <nib/core/matrix.hpp>
#include <nib/data/examples.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace nib::inline NIB_ABI {

// A column by its name in the first line, or by its number: 0, 1, … from the left, -1, -2, … from the right.
struct CsvColumn {
    CsvColumn(int number) : index{number} {}
    CsvColumn(const char* text) : name{text}, is_named{true} {}
    CsvColumn(std::string text) : name{std::move(text)}, is_named{true} {}

    std::string name;
    int index = 0;
    bool is_named = false;
};

// Whether the first line has the columns' names. Automatic: it has where a column is given by name, or where none of
// its fields is a number and one is a name, no word for a missing number such as "NA"; those of the class column and of
// columns that are left out set aside.
enum class CsvHeader : unsigned char { automatic, present, absent };

struct CsvOptions {
    char separator = '\0';  // '\0': a tab, a semicolon or a comma, the first of them that the first line has
    CsvHeader header = CsvHeader::automatic;
    std::optional<CsvColumn> class_column{};
    std::vector<CsvColumn> target_columns{};  // columns of `targets`, in this order
    std::vector<CsvColumn> leave_out{};       // all others are inputs
    // What classes 0, 1, … are called. Where it is empty they are those of the file, in ascending order: as numbers
    // where all are numbers, else by their bytes.
    std::vector<std::string> class_names{};
};

// N rows of F inputs, each with a class, a row of C targets, both or neither.
template <class T>
struct Table {
    Matrix<T> inputs;                       // [N, F]
    std::vector<int> classes;               // [N], or empty
    Matrix<T> targets;                      // [N, C], or empty
    std::vector<std::string> input_names;   // [F], or empty where the file has no header
    std::vector<std::string> target_names;  // [C], or empty
    std::vector<std::string> class_names;   // of classes 0, 1, …; empty where there is no class column
    std::string name;                       // where it came from, for messages

    std::size_t size() const { return inputs.rows(); }
    std::size_t input_size() const { return inputs.cols(); }

    // Non-owning. Fails where there was no class column.
    Examples<T> examples() const& {
        if (class_names.empty()) fail(name + ": was read without a class_column: it has no classes to learn");
        return {inputs.view(), std::span<const int>{classes}};
    }
    // Non-owning. Fails where there were no target columns.
    Examples<T, T> target_examples() const& {
        if (targets.rows() == 0) fail(name + ": was read without target_columns: it has no targets to learn");
        return {inputs.view(), targets.view()};
    }
    Examples<T> examples() const&& = delete;  // the table would be gone
    Examples<T, T> target_examples() const&& = delete;
};

// T: float or double.
template <class T = float>
[[nodiscard]] Table<T> load_csv(const std::string& path, const CsvOptions& options = {});

// The same for a text in memory; `name` is for messages.
template <class T = float>
[[nodiscard]] Table<T> parse_csv(std::string_view text, const std::string& name, const CsvOptions& options = {});

}  // namespace nib::inline NIB_ABI

#if NIB_BODIES

#include <nib/core/detail/algorithm.hpp>
#include <nib/core/detail/math.hpp>
#include <nib/core/detail/storage.hpp>
#include <nib/core/text.hpp>
#include <nib/data/detail/csv_classes.hpp>
#include <nib/data/detail/csv_lines.hpp>
#include <nib/io/detail/text_source.hpp>
#include <nib/io/file.hpp>

namespace nib::inline NIB_ABI {

namespace detail {

// What people write where a value is missing.
constexpr bool is_missing(std::string_view text) {
    for (const std::string_view word : {"", "?", "-", "NA", "N/A", "NULL", "null", "None"})
        if (text == word) return true;
    return false;
}

// "+3" is a number.
constexpr std::string_view without_plus(std::string_view text) {
    return text.substr(text.starts_with('+') && !text.starts_with("+-") ? 1 : 0);
}

// What each column is, and the columns' names. (A template, as CsvLines is.)
template <class T>
class CsvColumns {
public:
    enum class Role : unsigned char { input, target, a_class, left_out };
    struct Column {
        Role role = Role::input;
        std::size_t place = 0;  // in its row of inputs or targets
    };

    // Of a text whose first line is the current one, and has the names where has_header() says so afterwards.
    CsvColumns(const CsvLines<T>& lines, const std::string& path, const CsvOptions& options);

    bool has_header() const { return has_header_; }
    const std::vector<Column>& columns() const { return columns_; }
    const std::vector<std::string>& names() const { return names_; }
    std::size_t input_count() const { return columns_.size() - used_; }
    std::size_t target_count() const { return targets_; }
    std::vector<std::string> names_of(Role role) const;

private:
    std::size_t find(const CsvColumn& column, const std::string& path) const;
    void use(const CsvColumn& column, Role role, const std::string& path);
    bool looks_like_header(const CsvLines<T>& lines, const std::string& path, const CsvOptions& options) const;

    bool has_header_ = false;
    std::vector<Column> columns_;
    std::vector<std::string> names_;
    std::size_t used_ = 0;  // by others than inputs
    std::size_t targets_ = 0;
};

template <class T>
CsvColumns<T>::CsvColumns(const CsvLines<T>& lines, const std::string& path, const CsvOptions& options)
    : columns_(lines.fields().size()) {
    bool named = options.class_column && options.class_column->is_named;
    for (const auto* const list : {&options.target_columns, &options.leave_out})
        for (const CsvColumn& column : *list) named = named || column.is_named;
    if (named && options.header == CsvHeader::absent)
        fail(path + ": without a header line columns have no names: give their numbers");
    has_header_ = named || options.header == CsvHeader::present ||
                  (options.header == CsvHeader::automatic && looks_like_header(lines, path, options));
    if (has_header_)
        for (const CsvField& field : lines.fields()) names_.push_back(field.unquoted());
    if (options.class_column) use(*options.class_column, Role::a_class, path);
    for (const CsvColumn& column : options.target_columns) use(column, Role::target, path);
    for (const CsvColumn& column : options.leave_out) use(column, Role::left_out, path);
    if (used_ == columns_.size())
        fail(path + ": expected a column of inputs, found none in " + std::to_string(columns_.size()) + " columns" +
             (columns_.size() == 1 ? ": is the separator another one?" : ""));
    std::size_t inputs = 0;
    for (Column& column : columns_)
        if (column.role == Role::input) column.place = inputs++;
}

// No column is given by its name.
template <class T>
bool CsvColumns<T>::looks_like_header(const CsvLines<T>& lines, const std::string& path,
                                      const CsvOptions& options) const {
    std::vector<std::uint8_t> may_be_text(columns_.size());
    if (options.class_column) may_be_text[find(*options.class_column, path)] = true;
    for (const CsvColumn& column : options.leave_out) may_be_text[find(column, path)] = true;
    bool has_text = false;
    for (std::size_t i = 0; i < columns_.size(); ++i) {
        const std::string_view text = without_plus(lines.fields()[i].text);
        if (may_be_text[i] || is_missing(text)) continue;
        if (parse_number<double>(text)) return false;
        has_text = true;
    }
    return has_text;
}

template <class T>
std::size_t CsvColumns<T>::find(const CsvColumn& column, const std::string& path) const {
    if (!column.is_named) {
        const auto count = static_cast<long long>(columns_.size());
        const long long index = column.index < 0 ? column.index + count : column.index;
        if (index < 0 || index >= count)
            fail(path + ": expected a column from 0 to " + std::to_string(count - 1) + " (or from -1 to -" +
                 std::to_string(count) + "), found " + std::to_string(column.index));
        return static_cast<std::size_t>(index);
    }
    std::size_t found = names_.size();
    for (std::size_t i = 0; i < names_.size(); ++i) {
        if (names_[i] != column.name) continue;
        if (found != names_.size()) fail(path + ": two columns are called " + format_quoted(column.name));
        found = i;
    }
    if (found == names_.size()) {
        constexpr std::size_t most = 8;
        std::string list;
        for (std::size_t i = 0; i < smaller(names_.size(), most); ++i)
            append_to_list(list, ", ", format_quoted(names_[i]));
        fail(path + ": expected a column " + format_quoted(column.name) + " in the first line, found " + list +
             (names_.size() > most ? ", ..." : ""));
    }
    return found;
}

template <class T>
void CsvColumns<T>::use(const CsvColumn& column, Role role, const std::string& path) {
    const std::size_t index = find(column, path);
    if (columns_[index].role != Role::input)
        fail(path + ": column " + std::to_string(index + 1) + " is named twice in class_column, target_columns and " +
             "leave_out");
    columns_[index] = {role, role == Role::target ? targets_++ : 0};
    ++used_;
}

template <class T>
std::vector<std::string> CsvColumns<T>::names_of(Role role) const {
    std::vector<std::string> result;
    if (!has_header_) return result;
    result.resize(role == Role::input ? input_count() : target_count());
    for (std::size_t i = 0; i < columns_.size(); ++i)
        if (columns_[i].role == role) result[columns_[i].place] = names_[i];
    return result;
}

// Why a field is no number that is read.
template <class T>
std::string csv_number_problem(std::string_view text) {
    const std::string found = text.empty() ? "none" : format_quoted(text);
    if (is_missing(text))
        return "expected a number, found " + found + ": fill in missing values or leave out their lines";
    const auto value = parse_number<double>(text);
    if (value)
        return (is_finite(*value) ? "expected a smaller number, found " : "expected a finite number, found ") + found;
    if (text.find(',') != std::string_view::npos) return "expected a number with a point, found " + found;
    return "expected a number, found " + found;
}

// The number in a column of the current line.
template <class T>
T csv_number(const CsvLines<T>& lines, std::size_t column, const std::vector<std::string>& names) {
    const std::string_view field = lines.fields()[column].text;
    const std::string_view text = without_plus(field);
    if (const auto value = parse_number<T>(text); value && is_finite(*value)) return *value;
    // What is too small for T is no number for parse_number<T>.
    constexpr double least_normal = 1e-37;
    if (const auto value = parse_number<double>(text); value && *value<least_normal&& * value> - least_normal)
        return static_cast<T>(*value);
    lines.fail_at(column, names, csv_number_problem<T>(field));
}

template <class T>
Table<T> read_csv(TextSource& source, const std::string& path, const CsvOptions& options) {
    using Role = typename CsvColumns<T>::Role;
    for (const std::string_view mark : {"\xff\xfe", "\xfe\xff"})
        if (source.rest().starts_with(mark))
            fail(path + ": expected a text in UTF-8, found one in UTF-16: save it as UTF-8");
    CsvLines<T> lines{source, path, options.separator};
    if (!lines.next()) fail(path + ": expected lines of numbers, found none");
    const CsvColumns<T> plan{lines, path, options};
    const std::size_t first_line = lines.number();
    if (plan.has_header() && !lines.next()) fail(path + ": expected lines of numbers behind the header, found none");
    Table<T> table;
    AlignedVector<T> inputs, targets;
    CsvClasses<T> classes{options.class_names};
    std::size_t rows = 0;
    do {
        if (lines.fields().size() != plan.columns().size())
            lines.fail_here("expected " + std::to_string(plan.columns().size()) + " columns, as in line " +
                            std::to_string(first_line) + ", found " + std::to_string(lines.fields().size()));
        ++rows;
        inputs.resize(rows * plan.input_count());
        targets.resize(rows * plan.target_count());
        for (std::size_t i = 0; i < plan.columns().size(); ++i) {
            const auto [role, place] = plan.columns()[i];
            if (role == Role::input)
                inputs[inputs.size() - plan.input_count() + place] = csv_number<T>(lines, i, plan.names());
            if (role == Role::target)
                targets[targets.size() - plan.target_count() + place] = csv_number<T>(lines, i, plan.names());
            if (role != Role::a_class) continue;
            const std::string text = lines.fields()[i].unquoted();
            if (text.empty()) lines.fail_at(i, plan.names(), "expected a class, found none");
            table.classes.push_back(classes.number_of(text));
            if (table.classes.back() < 0)
                lines.fail_at(i, plan.names(),
                              "expected one of the " + std::to_string(classes.size()) +
                                  " classes that were given, found " + format_quoted(text));
            if (classes.size() > most_csv_classes)
                lines.fail_at(i, plan.names(),
                              "expected at most " + std::to_string(most_csv_classes) +
                                  " classes, found more: are these numbers, for target_columns?");
        }
    } while (lines.next());
    table.inputs = Matrix<T>{std::move(inputs), rows, plan.input_count()};
    if (plan.target_count() > 0) table.targets = Matrix<T>{std::move(targets), rows, plan.target_count()};
    const std::vector<int> numbers = classes.sort();
    for (int& number : table.classes) number = numbers[static_cast<std::size_t>(number)];
    if (options.class_column) table.class_names = classes.names();
    table.input_names = plan.names_of(Role::input);
    table.target_names = plan.names_of(Role::target);
    table.name = path;
    return table;
}

}  // namespace detail

template <class T>
Table<T> load_csv(const std::string& path, const CsvOptions& options) {
    detail::TextSource source{detail::open_for_reading(path), path};
    return detail::read_csv<T>(source, path, options);
}

template <class T>
Table<T> parse_csv(std::string_view text, const std::string& name, const CsvOptions& options) {
    detail::TextSource source{text};
    return detail::read_csv<T>(source, name, options);
}

}  // namespace nib::inline NIB_ABI

#endif
