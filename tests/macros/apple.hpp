// Of macOS. (See hostile.hpp.)
#pragma once

#undef check
#define check NIB_HOSTILE
#undef verify
#define verify NIB_HOSTILE
#undef require
#define require NIB_HOSTILE
#undef check_string
#define check_string NIB_HOSTILE
#undef verify_noerr
#define verify_noerr NIB_HOSTILE
#undef require_action
#define require_action NIB_HOSTILE
#undef nil
#define nil NIB_HOSTILE
#undef Nil
#define Nil NIB_HOSTILE
#undef YES
#define YES NIB_HOSTILE
#undef NO
#define NO NIB_HOSTILE
