// Of Arduino. (See hostile.hpp.)
#pragma once

#undef F
#define F(...) NIB_HOSTILE
#undef HIGH
#define HIGH NIB_HOSTILE
#undef LOW
#define LOW NIB_HOSTILE
#undef INPUT
#define INPUT NIB_HOSTILE
#undef OUTPUT
#define OUTPUT NIB_HOSTILE
#undef DEFAULT
#define DEFAULT NIB_HOSTILE
#undef EXTERNAL
#define EXTERNAL NIB_HOSTILE
#undef INTERNAL
#define INTERNAL NIB_HOSTILE
#undef PI
#define PI NIB_HOSTILE
#undef HALF_PI
#define HALF_PI NIB_HOSTILE
#undef TWO_PI
#define TWO_PI NIB_HOSTILE
#undef SERIAL
#define SERIAL NIB_HOSTILE
#undef DISPLAY
#define DISPLAY NIB_HOSTILE
#undef sq
#define sq(...) NIB_HOSTILE
#undef abs
#define abs(...) NIB_HOSTILE
#undef round
#define round(...) NIB_HOSTILE
#undef radians
#define radians(...) NIB_HOSTILE
#undef degrees
#define degrees(...) NIB_HOSTILE
#undef constrain
#define constrain NIB_HOSTILE
#undef bit
#define bit(...) NIB_HOSTILE
#undef bitRead
#define bitRead NIB_HOSTILE
#undef bitSet
#define bitSet NIB_HOSTILE
#undef bitClear
#define bitClear NIB_HOSTILE
#undef bitWrite
#define bitWrite NIB_HOSTILE
#undef lowByte
#define lowByte NIB_HOSTILE
#undef highByte
#define highByte NIB_HOSTILE
#undef interrupts
#define interrupts NIB_HOSTILE
#undef noInterrupts
#define noInterrupts NIB_HOSTILE
#undef cbi
#define cbi NIB_HOSTILE
#undef sbi
#define sbi NIB_HOSTILE
#undef _BV
#define _BV NIB_HOSTILE
#undef PROGMEM
#define PROGMEM NIB_HOSTILE
#undef DEC
#define DEC NIB_HOSTILE
#undef HEX
#define HEX NIB_HOSTILE
#undef OCT
#define OCT NIB_HOSTILE
#undef BIN
#define BIN NIB_HOSTILE
#undef A0
#define A0 NIB_HOSTILE
#undef D0
#define D0 NIB_HOSTILE
#undef D1
#define D1 NIB_HOSTILE
#undef SS
#define SS NIB_HOSTILE
