// Of logging, testing, Qt, zlib and other libraries. (See hostile.hpp.)
#pragma once

#undef CHECK
#define CHECK NIB_HOSTILE
#undef CHECK_EQ
#define CHECK_EQ NIB_HOSTILE
#undef LOG
#define LOG NIB_HOSTILE
#undef DLOG
#define DLOG NIB_HOSTILE
#undef VLOG
#define VLOG NIB_HOSTILE
#undef DCHECK
#define DCHECK NIB_HOSTILE
#undef FATAL
#define FATAL NIB_HOSTILE
#undef INFO
#define INFO NIB_HOSTILE
#undef WARNING
#define WARNING NIB_HOSTILE
#undef DEBUG
#define DEBUG NIB_HOSTILE
#undef PANIC
#define PANIC NIB_HOSTILE
#undef NOTICE
#define NOTICE NIB_HOSTILE
#undef emit
#define emit NIB_HOSTILE
#undef signals
#define signals NIB_HOSTILE
#undef slots
#define slots NIB_HOSTILE
#undef foreach
#define foreach NIB_HOSTILE
#undef forever
#define forever NIB_HOSTILE
#undef TEST
#define TEST NIB_HOSTILE
#undef FAIL
#define FAIL NIB_HOSTILE
#undef SUCCEED
#define SUCCEED NIB_HOSTILE
#undef REQUIRE
#define REQUIRE NIB_HOSTILE
#undef MESSAGE
#define MESSAGE NIB_HOSTILE
#undef ASSERT
#define ASSERT NIB_HOSTILE
#undef UNUSED
#define UNUSED NIB_HOSTILE
#undef PACKED
#define PACKED NIB_HOSTILE
#undef ALIGN
#define ALIGN NIB_HOSTILE
#undef INLINE
#define INLINE NIB_HOSTILE
#undef FORCEINLINE
#define FORCEINLINE NIB_HOSTILE
#undef RESTRICT
#define RESTRICT NIB_HOSTILE
#undef LIKELY
#define LIKELY NIB_HOSTILE
#undef UNLIKELY
#define UNLIKELY NIB_HOSTILE
#undef OK
#define OK NIB_HOSTILE
#undef ERR
#define ERR NIB_HOSTILE
#undef EOFS
#define EOFS NIB_HOSTILE
#undef OF
#define OF NIB_HOSTILE
#undef ZEXPORT
#define ZEXPORT NIB_HOSTILE
#undef SIZE
#define SIZE NIB_HOSTILE
#undef COUNT
#define COUNT NIB_HOSTILE
#undef LENGTH
#define LENGTH NIB_HOSTILE
#undef RED
#define RED NIB_HOSTILE
#undef GREEN
#define GREEN NIB_HOSTILE
#undef BLUE
#define BLUE NIB_HOSTILE
#undef WIDTH
#define WIDTH NIB_HOSTILE
#undef HEIGHT
#define HEIGHT NIB_HOSTILE
