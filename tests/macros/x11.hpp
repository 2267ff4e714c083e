// Of X11. (See hostile.hpp.)
#pragma once

#undef Yes
#define Yes NIB_HOSTILE
#undef No
#define No NIB_HOSTILE
#undef None
#define None NIB_HOSTILE
#undef Success
#define Success NIB_HOSTILE
#undef Status
#define Status NIB_HOSTILE
#undef Bool
#define Bool NIB_HOSTILE
#undef True
#define True NIB_HOSTILE
#undef False
#define False NIB_HOSTILE
#undef Always
#define Always NIB_HOSTILE
#undef Never
#define Never NIB_HOSTILE
#undef Above
#define Above NIB_HOSTILE
#undef Below
#define Below NIB_HOSTILE
#undef Opposite
#define Opposite NIB_HOSTILE
#undef Unsorted
#define Unsorted NIB_HOSTILE
#undef Complex
#define Complex NIB_HOSTILE
#undef Convex
#define Convex NIB_HOSTILE
#undef Nonconvex
#define Nonconvex NIB_HOSTILE
#undef CurrentTime
#define CurrentTime NIB_HOSTILE
#undef KeyPress
#define KeyPress NIB_HOSTILE
#undef FocusIn
#define FocusIn NIB_HOSTILE
#undef FocusOut
#define FocusOut NIB_HOSTILE
#undef Expose
#define Expose NIB_HOSTILE
#undef ControlMask
#define ControlMask NIB_HOSTILE
#undef DestroyAll
#define DestroyAll NIB_HOSTILE
#undef Button1
#define Button1 NIB_HOSTILE
#undef CursorShape
#define CursorShape NIB_HOSTILE
#undef ScreenCount
#define ScreenCount NIB_HOSTILE
#undef AnyKey
#define AnyKey NIB_HOSTILE
#undef GrayScale
#define GrayScale NIB_HOSTILE
#undef PseudoColor
#define PseudoColor NIB_HOSTILE
#undef Absolute
#define Absolute NIB_HOSTILE
