// Whether a namespace of a program's own can have a name: whether it is none of the language's, the compiler's, the
// standard library's or nib's, and no macro of common headers.
#pragma once

#include <nib/core/config.hpp>

#include <string>
#include <string_view>

namespace nib::inline NIB_ABI::detail {

// Whether `name` is one of `words`, which have a space before and behind each.
inline bool is_one_of(std::string_view words, std::string_view name) {
    return words.find(std::string(" ").append(name).append(" ")) != std::string_view::npos;
}

inline constexpr std::string_view cpp_keywords =
    " alignas alignof and and_eq asm auto bitand bitor bool break case catch char char16_t char32_t"
    " char8_t class co_await co_return co_yield compl concept const const_cast consteval constexpr"
    " constinit continue decltype default delete do double dynamic_cast else enum explicit export extern"
    " false float for friend goto if inline int long mutable namespace new noexcept not not_eq nullptr"
    " operator or or_eq private protected public register reinterpret_cast requires return short signed"
    " sizeof static static_assert static_cast struct switch template this thread_local throw true try"
    " typedef typeid typename union unsigned using virtual void volatile wchar_t while xor xor_eq ";

// Common macros of the standard's, POSIX's, Windows' and microcontrollers' headers, and of compilers.
inline constexpr std::string_view common_macros =
    " assert errno stdin stdout stderr offsetof setjmp va_start va_arg va_end va_copy signbit isnan isinf isfinite"
    " isnormal isgreater isless isunordered fpclassify complex imaginary I NULL EOF NAN INFINITY HUGE_VAL TRUE FALSE"
    " BUFSIZ RAND_MAX CHAR_BIT CHAR_MAX INT_MAX INT_MIN LONG_MAX PATH_MAX DBL_MAX FLT_MAX FLT_EPSILON M_PI EDOM ERANGE"
    " SIGINT SIGTERM linux unix i386 min max near far small interface ERROR IN OUT OPTIONAL CONST VOID DEBUG NDEBUG"
    " major minor makedev check B0 B1 F_CPU PI HIGH LOW INPUT OUTPUT bit abs round radians degrees sq ";

// Functions and types of C's headers, which stand outside of all namespaces.
inline constexpr std::string_view c_names =
    " abort acos acosh asin asinh atan atan2 atanh atexit atof atoi atol atoll bsearch calloc cbrt ceil clock clock_t"
    " copysign cos cosh ctime div div_t exit exp exp2 expm1 fabs fclose fdim fflush fgetc fgets floor fma fmax fmin "
    "fmod"
    " fopen fpos_t fprintf fputc fputs fread free frexp fscanf fseek ftell fwrite gamma getc getchar getenv gets gmtime"
    " hypot ilogb index int8_t int16_t int32_t int64_t intmax_t intptr_t j0 j1 jn labs ldexp ldiv lgamma localeconv"
    " localtime log log10 log1p log2 logb lrint lround malloc max_align_t mblen memchr memcmp memcpy memmove memset"
    " mktime modf nan nearbyint nextafter perror pow printf ptrdiff_t putc putchar puts qsort raise rand random read"
    " realloc remainder remove remquo rename rewind rindex rint scalbn scanf select setlocale signal sin sinh size_t"
    " snprintf sprintf sqrt srand sscanf strcat strchr strcmp strcpy strlen strncpy strstr strtod strtol system tan "
    "tanh"
    " tgamma time time_t tm tmpfile trunc uint8_t uint16_t uint32_t uint64_t uintmax_t uintptr_t ungetc vprintf wait"
    " write y0 y1 yn ";

// Whether `name` is "std" or "std" and a number: namespaces that the standard keeps for itself.
inline bool is_standard_namespace(std::string_view name) {
    return name.starts_with("std") && name.find_first_not_of("0123456789", 3) == std::string_view::npos;
}

// Why a namespace, the outermost one or one within it, cannot have that name; "" where it can. Continues the sentence
// "expected a C++ name, found 'int'".
inline std::string_view namespace_name_problem(std::string_view name, bool outermost) {
    if (is_one_of(cpp_keywords, name)) return ", a word of the language";
    if (name[0] == '_' || name.find("__") != std::string_view::npos)
        return ": names that start with an underscore or hold two in a row belong to the compiler";
    if (is_one_of(common_macros, name)) return ", which is a macro in common headers";
    if (is_standard_namespace(name) || name == "nib" || name == "posix") return ": that namespace is somebody else's";
    if (outermost && is_one_of(c_names, name)) return ", which is a function or type of C's headers";
    return "";
}

// Letters, digits and underscores, and no digit first.
inline bool is_identifier(std::string_view name) {
    const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
    for (const char c : name)
        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || is_digit(c))) return false;
    return !name.empty() && !is_digit(name[0]);
}

}  // namespace nib::inline NIB_ABI::detail
