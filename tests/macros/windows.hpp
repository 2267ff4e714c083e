// Of <windows.h>. (See hostile.hpp.)
#pragma once

#undef min
#undef max
#define min(a, b) NIB_HOSTILE
#define max(a, b) NIB_HOSTILE

#undef ERROR
#define ERROR NIB_HOSTILE
#undef NO_ERROR
#define NO_ERROR NIB_HOSTILE
#undef near
#define near NIB_HOSTILE
#undef far
#define far NIB_HOSTILE
#undef small
#define small NIB_HOSTILE
#undef hyper
#define hyper NIB_HOSTILE
#undef pascal
#define pascal NIB_HOSTILE
#undef cdecl
#define cdecl NIB_HOSTILE
#undef interface
#define interface NIB_HOSTILE
#undef uuid
#define uuid NIB_HOSTILE
#undef IN
#define IN NIB_HOSTILE
#undef OUT
#define OUT NIB_HOSTILE
#undef OPTIONAL
#define OPTIONAL NIB_HOSTILE
#undef CONST
#define CONST NIB_HOSTILE
#undef VOID
#define VOID NIB_HOSTILE
#undef CALLBACK
#define CALLBACK NIB_HOSTILE
#undef STRICT
#define STRICT NIB_HOSTILE
#undef DELETE
#define DELETE NIB_HOSTILE
#undef TEXT
#define TEXT NIB_HOSTILE
#undef TRUE
#define TRUE NIB_HOSTILE
#undef FALSE
#define FALSE NIB_HOSTILE
#undef BOOL
#define BOOL NIB_HOSTILE
#undef THIS
#define THIS NIB_HOSTILE
#undef IGNORE
#define IGNORE NIB_HOSTILE
#undef INFINITE
#define INFINITE NIB_HOSTILE
#undef ABSOLUTE
#define ABSOLUTE NIB_HOSTILE
#undef RELATIVE
#define RELATIVE NIB_HOSTILE
#undef TRANSPARENT
#define TRANSPARENT NIB_HOSTILE
#undef OPAQUE
#define OPAQUE NIB_HOSTILE
#undef DIFFERENCE
#define DIFFERENCE NIB_HOSTILE
#undef PASSTHROUGH
#define PASSTHROUGH NIB_HOSTILE
#undef Yield
#define Yield NIB_HOSTILE
#undef GetObject
#define GetObject NIB_HOSTILE
#undef CreateFile
#define CreateFile NIB_HOSTILE
#undef LoadImage
#define LoadImage NIB_HOSTILE
#undef SendMessage
#define SendMessage NIB_HOSTILE
#undef DrawText
#define DrawText NIB_HOSTILE
#undef GetMessage
#define GetMessage NIB_HOSTILE
#undef GetCurrentTime
#define GetCurrentTime NIB_HOSTILE
#undef SearchPath
#define SearchPath NIB_HOSTILE
#undef rad1
#define rad1 NIB_HOSTILE
#undef grp1
#define grp1 NIB_HOSTILE
#undef MAX_PATH
#define MAX_PATH NIB_HOSTILE
#undef EXPORT
#define EXPORT NIB_HOSTILE
#undef IMPORT
#define IMPORT NIB_HOSTILE
