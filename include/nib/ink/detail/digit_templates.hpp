// The ways of writing the ten digits that synthetic digits start from: a designer's templates, fitted to no data.
//
// A template is a path through control points in a box of [0, 1] x [0, 1], y downwards. A stroke begins at each
// `start`; at a `corner` the path turns sharply, through `smooth` points (the default) it runs as a curve.
#pragma once

#include <nib/core/config.hpp>
#include <nib/core/detail/array_view.hpp>

#include <cstddef>
#include <cstdint>

namespace nib::inline NIB_ABI {

enum class Knot : std::uint8_t { smooth, corner, start };

struct ControlPoint {
    float x = 0;
    float y = 0;
    Knot knot = Knot::smooth;
};

struct DigitTemplate {
    int digit = 0;
    const char* name = "";
    detail::ArrayView<ControlPoint> points;

    template <std::size_t Size>
    constexpr DigitTemplate(int of, const char* called, const ControlPoint (&through)[Size])
        : digit{of}, name{called}, points{through} {}
};

namespace detail::templates {

inline constexpr Knot start = Knot::start;
inline constexpr Knot corner = Knot::corner;

inline constexpr ControlPoint zero_oval_from_the_top[] = {{0.52f, 0, start}, {0.2f, 0.1f}, {0.02f, 0.5f},
                                                          {0.2f, 0.9f},      {0.5f, 1},    {0.82f, 0.88f},
                                                          {0.98f, 0.5f},     {0.8f, 0.1f}, {0.48f, 0.01f}};
inline constexpr ControlPoint zero_oval_from_the_upper_right_overlapping[] = {
    {0.75f, 0.08f, start}, {0.4f, 0},     {0.08f, 0.3f},  {0.05f, 0.7f}, {0.35f, 1},
    {0.75f, 0.9f},         {0.97f, 0.5f}, {0.85f, 0.15f}, {0.6f, 0.04f}, {0.42f, 0.08f}};
inline constexpr ControlPoint zero_oval_clockwise[] = {{0.4f, 0.03f, start}, {0.75f, 0.05f}, {1, 0.4f},
                                                       {0.9f, 0.8f},         {0.5f, 1},      {0.12f, 0.85f},
                                                       {0, 0.45f},           {0.15f, 0.1f},  {0.45f, 0}};
inline constexpr ControlPoint zero_with_a_tail_at_the_top[] = {{0.92f, 0, start}, {0.5f, 0.04f}, {0.1f, 0.35f},
                                                               {0.1f, 0.75f},     {0.4f, 1},     {0.8f, 0.86f},
                                                               {0.95f, 0.5f},     {0.8f, 0.14f}, {0.5f, 0.05f}};
inline constexpr ControlPoint zero_open_at_the_top[] = {{0.4f, 0.05f, start}, {0.1f, 0.3f},  {0.03f, 0.65f},
                                                        {0.3f, 0.97f},        {0.7f, 0.95f}, {0.97f, 0.6f},
                                                        {0.9f, 0.2f},         {0.62f, 0.03f}};
inline constexpr ControlPoint zero_with_a_small_curl_inside_the_top[] = {
    {0.62f, 0, start}, {0.25f, 0.08f}, {0.02f, 0.5f}, {0.22f, 0.93f}, {0.6f, 1},     {0.95f, 0.7f},
    {0.95f, 0.3f},     {0.7f, 0.06f},  {0.5f, 0.1f},  {0.58f, 0.2f},  {0.78f, 0.18f}};
inline constexpr ControlPoint zero_with_a_slash[] = {
    {0.52f, 0, start}, {0.2f, 0.1f}, {0.02f, 0.5f},  {0.2f, 0.9f},        {0.5f, 1},           {0.82f, 0.88f},
    {0.98f, 0.5f},     {0.8f, 0.1f}, {0.48f, 0.01f}, {0.2f, 0.8f, start}, {0.8f, 0.2f, corner}};
inline constexpr ControlPoint zero_closed_across_the_top[] = {
    {0.3f, 0.05f, start}, {0.05f, 0.4f}, {0.1f, 0.8f},  {0.45f, 1},    {0.85f, 0.85f}, {0.98f, 0.45f},
    {0.75f, 0.1f},        {0.4f, 0.12f}, {0.2f, 0.28f}, {0.5f, 0.38f}, {0.9f, 0.3f}};
inline constexpr ControlPoint one_plain[] = {{0.5f, 0, start}, {0.5f, 1, corner}};
inline constexpr ControlPoint one_slightly_bent[] = {{0.56f, 0, start}, {0.51f, 0.5f}, {0.45f, 1}};
inline constexpr ControlPoint one_slanted[] = {{0.72f, 0, start}, {0.34f, 1, corner}};
inline constexpr ControlPoint one_bent_the_other_way[] = {{0.5f, 0, start}, {0.54f, 0.5f}, {0.46f, 1}};
inline constexpr ControlPoint one_short_upstroke[] = {{0.28f, 0.24f, start}, {0.55f, 0, corner}, {0.55f, 1, corner}};
inline constexpr ControlPoint one_long_upstroke[] = {{0.08f, 0.48f, start}, {0.55f, 0, corner}, {0.53f, 1, corner}};
inline constexpr ControlPoint one_curved_upstroke[] = {
    {0.2f, 0.32f, start}, {0.4f, 0.2f}, {0.6f, 0, corner}, {0.57f, 0.5f}, {0.52f, 1}};
inline constexpr ControlPoint one_upstroke_and_foot[] = {
    {0.25f, 0.22f, start}, {0.52f, 0, corner}, {0.52f, 1, corner}, {0.15f, 1, start}, {0.9f, 1, corner}};
inline constexpr ControlPoint one_curved_upstroke_and_foot[] = {{0.15f, 0.3f, start}, {0.4f, 0.18f}, {0.6f, 0, corner},
                                                                {0.56f, 0.5f},        {0.5f, 1},     {0.1f, 1, start},
                                                                {0.95f, 1, corner}};
inline constexpr ControlPoint one_very_long_upstroke[] = {{0.04f, 0.58f, start}, {0.62f, 0, corner}, {0.5f, 1, corner}};
inline constexpr ControlPoint one_foot_alone[] = {
    {0.5f, 0, start}, {0.5f, 1, corner}, {0.22f, 1, start}, {0.8f, 1, corner}};
inline constexpr ControlPoint two_sharp_base[] = {{0.08f, 0.25f, start}, {0.3f, 0.02f}, {0.7f, 0.02f},
                                                  {0.9f, 0.27f},         {0.65f, 0.6f}, {0.05f, 1, corner},
                                                  {1, 1, corner}};
inline constexpr ControlPoint two_loop_at_the_base[] = {
    {0.1f, 0.22f, start}, {0.35f, 0},     {0.75f, 0.08f}, {0.85f, 0.35f}, {0.55f, 0.7f}, {0.2f, 0.97f},
    {0.03f, 0.9f},        {0.15f, 0.78f}, {0.45f, 0.88f}, {0.75f, 1},     {1, 0.92f}};
inline constexpr ControlPoint two_large_loop_at_the_base[] = {
    {0.1f, 0.2f, start}, {0.4f, 0},     {0.8f, 0.12f}, {0.75f, 0.45f}, {0.4f, 0.84f}, {0.12f, 0.98f},
    {0, 0.83f},          {0.2f, 0.69f}, {0.5f, 0.8f},  {0.8f, 0.98f},  {1, 1}};
inline constexpr ControlPoint two_wavy_base[] = {{0.1f, 0.2f, start}, {0.4f, 0},      {0.8f, 0.12f},
                                                 {0.8f, 0.4f},        {0.45f, 0.75f}, {0.05f, 0.98f, corner},
                                                 {0.35f, 0.9f},       {0.65f, 0.98f}, {1, 0.93f}};
inline constexpr ControlPoint two_long_hook[] = {{0.12f, 0.38f, start}, {0.06f, 0.17f}, {0.35f, 0},
                                                 {0.8f, 0.1f},          {0.88f, 0.36f}, {0.5f, 0.74f},
                                                 {0, 1, corner},        {0.5f, 0.97f},  {1, 1}};
inline constexpr ControlPoint two_round_base[] = {{0.05f, 0.2f, start}, {0.4f, 0},      {0.85f, 0.15f},
                                                  {0.75f, 0.5f},        {0.35f, 0.82f}, {0.1f, 0.96f},
                                                  {0.3f, 0.97f},        {0.6f, 0.95f},  {1, 1}};
inline constexpr ControlPoint two_like_a_z[] = {
    {0.05f, 0.1f, start}, {0.4f, 0.02f}, {0.9f, 0.06f, corner}, {0.05f, 0.98f, corner}, {0.98f, 0.97f, corner}};
inline constexpr ControlPoint two_slim[] = {{0.25f, 0.18f, start}, {0.45f, 0},    {0.72f, 0.08f},
                                            {0.72f, 0.32f},        {0.5f, 0.68f}, {0.2f, 1, corner},
                                            {0.85f, 0.98f, corner}};
inline constexpr ControlPoint two_small_head_wide_base[] = {{0.3f, 0.2f, start}, {0.45f, 0.02f}, {0.64f, 0.1f},
                                                            {0.6f, 0.36f},       {0.36f, 0.74f}, {0, 0.97f, corner},
                                                            {0.5f, 0.93f},       {1, 0.96f}};
inline constexpr ControlPoint two_curled_head_crossed_base[] = {
    {0.2f, 0.3f, start}, {0.18f, 0.1f},  {0.5f, 0},    {0.82f, 0.16f}, {0.74f, 0.5f}, {0.44f, 0.82f},
    {0.16f, 0.98f},      {0.02f, 0.84f}, {0.2f, 0.7f}, {0.52f, 0.84f}, {1, 0.98f}};
inline constexpr ControlPoint three_two_bowls[] = {
    {0.08f, 0.12f, start}, {0.45f, 0},     {0.85f, 0.15f}, {0.75f, 0.38f}, {0.38f, 0.47f, corner},
    {0.8f, 0.55f},         {0.95f, 0.78f}, {0.55f, 1},     {0.05f, 0.88f}};
inline constexpr ControlPoint three_short_top_large_bowl[] = {
    {0.3f, 0.1f, start}, {0.55f, 0},    {0.76f, 0.15f}, {0.62f, 0.36f}, {0.4f, 0.44f, corner},
    {0.85f, 0.55f},      {0.95f, 0.8f}, {0.5f, 1},      {0, 0.9f}};
inline constexpr ControlPoint three_loop_in_the_middle[] = {
    {0.1f, 0.1f, start}, {0.5f, 0},     {0.85f, 0.2f}, {0.65f, 0.42f}, {0.38f, 0.48f}, {0.36f, 0.41f},
    {0.6f, 0.45f},       {0.95f, 0.7f}, {0.7f, 0.97f}, {0.3f, 1},      {0.02f, 0.85f}};
inline constexpr ControlPoint three_flat_top[] = {{0.05f, 0.03f, start}, {0.85f, 0.03f, corner}, {0.42f, 0.4f, corner},
                                                  {0.85f, 0.52f},        {0.92f, 0.8f},          {0.5f, 1},
                                                  {0.05f, 0.9f}};
inline constexpr ControlPoint three_soft_notch[] = {{0.12f, 0.15f, start}, {0.45f, 0},    {0.8f, 0.14f},
                                                    {0.7f, 0.38f},         {0.5f, 0.46f}, {0.75f, 0.55f},
                                                    {0.93f, 0.77f},        {0.6f, 0.99f}, {0.08f, 0.9f}};
inline constexpr ControlPoint three_deep_notch[] = {{0.02f, 0.16f, start}, {0.45f, 0},           {0.85f, 0.18f},
                                                    {0.65f, 0.4f},         {0.2f, 0.5f, corner}, {0.7f, 0.5f},
                                                    {0.95f, 0.74f},        {0.6f, 0.98f},        {0, 0.9f}};
inline constexpr ControlPoint four_open_two_strokes[] = {
    {0.15f, 0, start}, {0.05f, 0.58f, corner}, {1, 0.55f, corner}, {0.75f, 0.02f, start}, {0.7f, 1, corner}};
inline constexpr ControlPoint four_open_curved_one_stroke[] = {
    {0.1f, 0, start},       {0.05f, 0.32f},        {0.25f, 0.5f},     {0.62f, 0.47f},
    {0.86f, 0.25f, corner}, {0.9f, 0.02f, corner}, {0.82f, 1, corner}};
inline constexpr ControlPoint four_open_curved_two_strokes[] = {
    {0.2f, 0, start},       {0.08f, 0.3f},        {0.12f, 0.5f},     {0.4f, 0.53f},
    {0.95f, 0.46f, corner}, {0.8f, 0.05f, start}, {0.72f, 1, corner}};
inline constexpr ControlPoint four_closed_one_stroke[] = {
    {0.68f, 1, start}, {0.68f, 0, corner}, {0, 0.68f, corner}, {1, 0.68f, corner}};
inline constexpr ControlPoint four_closed_two_strokes[] = {
    {0.62f, 0, start}, {0, 0.62f, corner}, {1, 0.62f, corner}, {0.66f, 0.02f, start}, {0.62f, 1, corner}};
inline constexpr ControlPoint four_narrow_short_stem[] = {{0.45f, 0, start},     {0.35f, 0.35f},
                                                          {0.2f, 0.72f, corner}, {0.82f, 0.66f, corner},
                                                          {0.56f, 0.44f, start}, {0.58f, 1, corner}};
inline constexpr ControlPoint four_low_stem[] = {
    {0.4f, 0, start}, {0.02f, 0.56f, corner}, {0.95f, 0.52f, corner}, {0.7f, 0.28f, start}, {0.58f, 1, corner}};
inline constexpr ControlPoint four_short_stem[] = {{0.38f, 0, start},      {0.18f, 0.34f},       {0.02f, 0.68f, corner},
                                                   {0.96f, 0.64f, corner}, {0.58f, 0.4f, start}, {0.52f, 1, corner}};
inline constexpr ControlPoint four_low_bar_short_stem[] = {
    {0.42f, 0, start}, {0.05f, 0.8f, corner}, {0.9f, 0.76f, corner}, {0.86f, 0.44f, start}, {0.76f, 1, corner}};
inline constexpr ControlPoint four_slim_low_bar_short_stem[] = {{0.4f, 0, start},      {0.28f, 0.4f},
                                                                {0.16f, 0.8f, corner}, {0.72f, 0.8f, corner},
                                                                {0.76f, 0.5f, start},  {0.7f, 1, corner}};
inline constexpr ControlPoint five_bar_last[] = {{0.2f, 0.03f, start}, {0.15f, 0.42f, corner}, {0.5f, 0.35f},
                                                 {0.9f, 0.55f},        {0.85f, 0.85f},         {0.45f, 1},
                                                 {0.02f, 0.9f},        {0.2f, 0.03f, start},   {0.92f, 0, corner}};
inline constexpr ControlPoint five_one_stroke_from_the_right[] = {{0.92f, 0.02f, start},
                                                                  {0.22f, 0.03f, corner},
                                                                  {0.15f, 0.43f, corner},
                                                                  {0.5f, 0.36f},
                                                                  {0.9f, 0.6f},
                                                                  {0.8f, 0.88f},
                                                                  {0.4f, 1},
                                                                  {0, 0.9f}};
inline constexpr ControlPoint five_like_an_s[] = {{0.92f, 0.04f, start}, {0.5f, 0.02f}, {0.2f, 0.15f},
                                                  {0.25f, 0.38f},        {0.6f, 0.48f}, {0.85f, 0.7f},
                                                  {0.65f, 0.95f},        {0.3f, 1},     {0.02f, 0.9f}};
inline constexpr ControlPoint five_slanted_small_bowl[] = {
    {0.35f, 0.05f, start}, {0.2f, 0.45f, corner}, {0.55f, 0.4f}, {0.8f, 0.62f}, {0.65f, 0.92f}, {0.3f, 1}, {0, 0.92f},
    {0.35f, 0.05f, start}, {0.65f, 0.08f},        {1, 0}};
inline constexpr ControlPoint five_detached_bar[] = {{0.25f, 0.1f, start}, {0.2f, 0.44f, corner}, {0.5f, 0.4f},
                                                     {0.82f, 0.58f},       {0.78f, 0.86f},        {0.45f, 1},
                                                     {0.05f, 0.93f},       {0.38f, 0.04f, start}, {1, 0.02f, corner}};
inline constexpr ControlPoint five_long_rising_bar_one_stroke[] = {
    {1, 0, start}, {0.42f, 0.1f, corner}, {0.32f, 0.42f, corner}, {0.55f, 0.44f}, {0.66f, 0.7f}, {0.42f, 1},
    {0, 0.97f}};
inline constexpr ControlPoint five_long_rising_bar_last[] = {
    {0.4f, 0.14f, start}, {0.28f, 0.44f, corner}, {0.58f, 0.44f}, {0.7f, 0.7f}, {0.45f, 0.99f},
    {0, 0.94f},           {0.4f, 0.14f, start},   {1, 0, corner}};
inline constexpr ControlPoint five_short_neck_wide_bowl[] = {
    {0.25f, 0.03f, start}, {0.16f, 0.36f, corner}, {0.5f, 0.32f}, {0.88f, 0.56f}, {0.76f, 0.9f}, {0.36f, 1}, {0, 0.88f},
    {0.25f, 0.03f, start}, {0.9f, 0.06f, corner}};
inline constexpr ControlPoint six_straight_back[] = {{0.65f, 0, start}, {0.25f, 0.3f}, {0.05f, 0.65f},
                                                     {0.2f, 0.95f},     {0.55f, 1},    {0.88f, 0.8f},
                                                     {0.7f, 0.58f},     {0.4f, 0.58f}, {0.12f, 0.75f}};
inline constexpr ControlPoint six_large_loop[] = {{0.8f, 0.05f, start}, {0.4f, 0.1f},   {0.08f, 0.45f},
                                                  {0.08f, 0.82f},       {0.45f, 1},     {0.9f, 0.85f},
                                                  {0.9f, 0.58f},        {0.55f, 0.45f}, {0.15f, 0.6f}};
inline constexpr ControlPoint six_tiny_loop[] = {{0.5f, 0, start}, {0.25f, 0.35f}, {0.1f, 0.7f},
                                                 {0.15f, 0.94f},   {0.4f, 1},      {0.6f, 0.87f},
                                                 {0.45f, 0.74f},   {0.2f, 0.8f},   {0.12f, 0.9f}};
inline constexpr ControlPoint six_curled_inside[] = {{0.75f, 0, start}, {0.35f, 0.2f}, {0.05f, 0.6f},
                                                     {0.2f, 0.95f},     {0.6f, 0.98f}, {0.9f, 0.75f},
                                                     {0.7f, 0.55f},     {0.4f, 0.62f}, {0.35f, 0.78f}};
inline constexpr ControlPoint six_hooked_top[] = {{0.9f, 0.12f, start}, {0.65f, 0},     {0.25f, 0.2f},
                                                  {0.05f, 0.6f},        {0.2f, 0.95f},  {0.6f, 1},
                                                  {0.92f, 0.77f},       {0.65f, 0.52f}, {0.2f, 0.66f}};
inline constexpr ControlPoint six_like_a_b[] = {{0.36f, 0, start}, {0.12f, 0.36f}, {0.04f, 0.74f},
                                                {0.28f, 1},        {0.76f, 0.95f}, {1, 0.66f},
                                                {0.8f, 0.42f},     {0.46f, 0.54f}, {0.24f, 0.86f}};
inline constexpr ControlPoint six_short_stem_wide_loop[] = {
    {0.5f, 0.02f, start}, {0.16f, 0.3f}, {0, 0.66f},     {0.18f, 0.96f}, {0.62f, 1},
    {0.98f, 0.72f},       {0.9f, 0.4f},  {0.56f, 0.36f}, {0.34f, 0.62f}, {0.36f, 0.86f}};
inline constexpr ControlPoint seven_plain[] = {{0, 0.05f, start}, {0.95f, 0.02f, corner}, {0.4f, 1, corner}};
inline constexpr ControlPoint seven_curved_stem[] = {
    {0, 0.08f, start}, {0.5f, 0.06f}, {0.98f, 0.02f, corner}, {0.65f, 0.4f}, {0.48f, 1}};
inline constexpr ControlPoint seven_crossed[] = {
    {0, 0.05f, start}, {0.95f, 0.03f, corner}, {0.4f, 1, corner}, {0.2f, 0.52f, start}, {0.9f, 0.48f, corner}};
inline constexpr ControlPoint seven_hooked[] = {
    {0.03f, 0.22f, start}, {0.05f, 0.04f, corner}, {0.95f, 0.05f, corner}, {0.6f, 0.45f}, {0.42f, 1}};
inline constexpr ControlPoint seven_wavy_top_crossed_low[] = {
    {0, 0.15f, start}, {0.2f, 0.03f}, {0.5f, 0.08f},         {1, 0, corner},
    {0.65f, 0.45f},    {0.5f, 1},     {0.25f, 0.62f, start}, {0.92f, 0.54f, corner}};
inline constexpr ControlPoint seven_hooked_shoulder_crossed_low[] = {
    {0.04f, 0.25f, start}, {0.1f, 0.05f}, {0.5f, 0.02f},        {0.86f, 0.08f},
    {0.8f, 0.4f},          {0.5f, 1},     {0.2f, 0.66f, start}, {0.95f, 0.64f, corner}};
inline constexpr ControlPoint seven_round_shoulder[] = {
    {0.05f, 0.12f, start}, {0.45f, 0}, {0.88f, 0.1f}, {0.8f, 0.4f}, {0.5f, 1}};
inline constexpr ControlPoint seven_round_shoulder_crossed[] = {
    {0, 0.14f, start},     {0.4f, 0}, {0.85f, 0.08f}, {0.78f, 0.4f}, {0.42f, 1}, {0.15f, 0.55f, start},
    {0.95f, 0.55f, corner}};
inline constexpr ControlPoint eight_like_an_s_closed[] = {
    {0.78f, 0.12f, start}, {0.5f, 0},     {0.2f, 0.14f}, {0.25f, 0.36f}, {0.65f, 0.54f}, {0.9f, 0.78f}, {0.5f, 1},
    {0.1f, 0.8f},          {0.3f, 0.56f}, {0.7f, 0.36f}, {0.8f, 0.12f}};
inline constexpr ControlPoint eight_from_the_middle[] = {
    {0.5f, 0.47f, start}, {0.2f, 0.35f}, {0.2f, 0.1f}, {0.5f, 0},     {0.8f, 0.1f},   {0.78f, 0.35f}, {0.5f, 0.47f},
    {0.12f, 0.65f},       {0.12f, 0.9f}, {0.5f, 1},    {0.88f, 0.9f}, {0.86f, 0.64f}, {0.5f, 0.47f}};
inline constexpr ControlPoint eight_from_the_top[] = {{0.52f, 0, start}, {0.85f, 0.12f}, {0.75f, 0.34f}, {0.4f, 0.5f},
                                                      {0.1f, 0.75f},     {0.3f, 0.98f},  {0.7f, 0.98f},  {0.9f, 0.75f},
                                                      {0.5f, 0.5f},      {0.2f, 0.3f},   {0.2f, 0.08f},  {0.5f, 0}};
inline constexpr ControlPoint eight_open_at_the_top[] = {
    {0.92f, 0.12f, start}, {0.5f, 0.02f}, {0.15f, 0.18f}, {0.3f, 0.4f}, {0.7f, 0.58f}, {0.85f, 0.82f}, {0.5f, 1},
    {0.12f, 0.85f},        {0.3f, 0.6f},  {0.75f, 0.35f}, {1, 0.06f}};
inline constexpr ControlPoint eight_two_circles[] = {
    {0.5f, 0.44f, start}, {0.22f, 0.32f}, {0.22f, 0.1f}, {0.5f, 0}, {0.78f, 0.1f}, {0.78f, 0.32f}, {0.5f, 0.44f},
    {0.5f, 0.44f, start}, {0.12f, 0.6f},  {0.1f, 0.88f}, {0.5f, 1}, {0.9f, 0.88f}, {0.88f, 0.6f},  {0.52f, 0.44f}};
inline constexpr ControlPoint eight_open_with_a_tail[] = {
    {0.82f, 0.04f, start}, {0.45f, 0.04f}, {0.28f, 0.24f}, {0.52f, 0.48f}, {0.65f, 0.76f}, {0.4f, 1},
    {0.14f, 0.84f},        {0.36f, 0.6f},  {0.76f, 0.3f},  {1, 0}};
inline constexpr ControlPoint eight_slim_slanted[] = {
    {0.9f, 0.1f, start}, {0.6f, 0.02f}, {0.35f, 0.18f}, {0.5f, 0.42f}, {0.66f, 0.68f},
    {0.45f, 0.98f},      {0.15f, 0.9f}, {0.3f, 0.64f},  {0.7f, 0.36f}, {0.9f, 0.14f}};
inline constexpr ControlPoint eight_slim_upper_loop[] = {
    {0.75f, 0.05f, start}, {0.5f, 0.1f}, {0.42f, 0.28f}, {0.6f, 0.5f},   {0.82f, 0.78f}, {0.5f, 1},
    {0.12f, 0.85f},        {0.3f, 0.6f}, {0.65f, 0.36f}, {0.82f, 0.12f}, {0.68f, 0.03f}};
inline constexpr ControlPoint eight_slim_lower_loop[] = {
    {0.85f, 0.15f, start}, {0.5f, 0},     {0.1f, 0.15f}, {0.3f, 0.4f},  {0.55f, 0.6f}, {0.62f, 0.85f}, {0.45f, 1},
    {0.3f, 0.85f},         {0.42f, 0.6f}, {0.8f, 0.35f}, {0.88f, 0.14f}};
inline constexpr ControlPoint eight_small_upper_loop_long_tail[] = {
    {0.72f, 0.1f, start}, {0.45f, 0.06f}, {0.36f, 0.26f}, {0.56f, 0.46f}, {0.8f, 0.72f}, {0.6f, 1},
    {0.22f, 0.92f},       {0.24f, 0.66f}, {0.6f, 0.4f},   {0.95f, 0}};
inline constexpr ControlPoint nine_straight_stem[] = {{0.84f, 0.16f, start},  {0.5f, 0},        {0.15f, 0.12f},
                                                      {0.12f, 0.4f},          {0.45f, 0.52f},   {0.75f, 0.38f},
                                                      {0.85f, 0.12f, corner}, {0.8f, 1, corner}};
inline constexpr ControlPoint nine_curved_tail[] = {{0.85f, 0.15f, start}, {0.5f, 0},     {0.1f, 0.2f},
                                                    {0.2f, 0.46f},         {0.6f, 0.46f}, {0.87f, 0.15f},
                                                    {0.92f, 0.5f},         {0.7f, 0.9f},  {0.2f, 1}};
inline constexpr ControlPoint nine_small_loop_long_curl[] = {
    {0.8f, 0.15f, start}, {0.5f, 0},      {0.2f, 0.14f},  {0.3f, 0.33f}, {0.6f, 0.3f},
    {0.82f, 0.08f},       {0.95f, 0.45f}, {0.85f, 0.82f}, {0.5f, 1},     {0.1f, 0.92f}};
inline constexpr ControlPoint nine_slanted_stem[] = {{0.9f, 0.12f, start}, {0.5f, 0},      {0.1f, 0.22f},
                                                     {0.25f, 0.48f},       {0.68f, 0.42f}, {0.92f, 0.1f, corner},
                                                     {0.7f, 0.55f},        {0.4f, 1}};
inline constexpr ControlPoint nine_oval_loop_slanted_stem[] = {{0.92f, 0.06f, start},  {0.6f, 0},      {0.2f, 0.18f},
                                                               {0.12f, 0.42f},         {0.4f, 0.5f},   {0.75f, 0.3f},
                                                               {0.93f, 0.04f, corner}, {0.75f, 0.45f}, {0.55f, 1}};
inline constexpr ControlPoint nine_round_loop_smooth_stem[] = {{0.85f, 0.2f, start}, {0.55f, 0},     {0.12f, 0.12f},
                                                               {0.1f, 0.36f},        {0.45f, 0.46f}, {0.8f, 0.3f},
                                                               {0.86f, 0.12f},       {0.83f, 0.5f},  {0.76f, 1}};
inline constexpr ControlPoint nine_loop_clockwise[] = {{0.8f, 0.42f, start}, {0.4f, 0.5f},   {0.1f, 0.3f},
                                                       {0.35f, 0.02f},       {0.75f, 0.06f}, {0.9f, 0.35f},
                                                       {0.85f, 0.7f},        {0.75f, 1}};
inline constexpr ControlPoint nine_bent_like_a_g[] = {
    {0.85f, 0.1f, start},  {0.5f, 0},     {0.12f, 0.18f}, {0.15f, 0.42f}, {0.5f, 0.48f},
    {0.85f, 0.1f, corner}, {0.87f, 0.5f}, {0.8f, 0.85f},  {0.55f, 1},     {0.25f, 0.95f}};
inline constexpr ControlPoint nine_narrow_slanted_loop[] = {{0.95f, 0.1f, start},   {0.6f, 0.02f},  {0.2f, 0.2f},
                                                            {0.1f, 0.4f},           {0.35f, 0.46f}, {0.75f, 0.27f},
                                                            {0.95f, 0.05f, corner}, {0.72f, 0.5f},  {0.5f, 1}};
inline constexpr ControlPoint nine_loop_open_at_the_top[] = {
    {0.7f, 0.05f, start}, {0.3f, 0.04f},          {0.08f, 0.28f},    {0.3f, 0.46f},
    {0.68f, 0.38f},       {0.85f, 0.08f, corner}, {0.75f, 1, corner}};
inline constexpr ControlPoint nine_flat_loop[] = {{0.9f, 0.1f, start},   {0.5f, 0.02f}, {0.1f, 0.15f},
                                                  {0.12f, 0.36f},        {0.5f, 0.42f}, {0.85f, 0.2f},
                                                  {0.9f, 0.06f, corner}, {0.86f, 0.5f}, {0.78f, 1}};

inline constexpr DigitTemplate all[] = {
    {0, "oval from the top", zero_oval_from_the_top},
    {0, "oval from the upper right, overlapping", zero_oval_from_the_upper_right_overlapping},
    {0, "oval clockwise", zero_oval_clockwise},
    {0, "with a tail at the top", zero_with_a_tail_at_the_top},
    {0, "open at the top", zero_open_at_the_top},
    {0, "with a small curl inside the top", zero_with_a_small_curl_inside_the_top},
    {0, "with a slash", zero_with_a_slash},
    {0, "closed across the top", zero_closed_across_the_top},
    {1, "plain", one_plain},
    {1, "slightly bent", one_slightly_bent},
    {1, "slanted", one_slanted},
    {1, "bent the other way", one_bent_the_other_way},
    {1, "short upstroke", one_short_upstroke},
    {1, "long upstroke", one_long_upstroke},
    {1, "curved upstroke", one_curved_upstroke},
    {1, "upstroke and foot", one_upstroke_and_foot},
    {1, "curved upstroke and foot", one_curved_upstroke_and_foot},
    {1, "very long upstroke", one_very_long_upstroke},
    {1, "foot alone", one_foot_alone},
    {2, "sharp base", two_sharp_base},
    {2, "loop at the base", two_loop_at_the_base},
    {2, "large loop at the base", two_large_loop_at_the_base},
    {2, "wavy base", two_wavy_base},
    {2, "long hook", two_long_hook},
    {2, "round base", two_round_base},
    {2, "like a z", two_like_a_z},
    {2, "slim", two_slim},
    {2, "small head, wide base", two_small_head_wide_base},
    {2, "curled head, crossed base", two_curled_head_crossed_base},
    {3, "two bowls", three_two_bowls},
    {3, "short top, large bowl", three_short_top_large_bowl},
    {3, "loop in the middle", three_loop_in_the_middle},
    {3, "flat top", three_flat_top},
    {3, "soft notch", three_soft_notch},
    {3, "deep notch", three_deep_notch},
    {4, "open, two strokes", four_open_two_strokes},
    {4, "open, curved, one stroke", four_open_curved_one_stroke},
    {4, "open, curved, two strokes", four_open_curved_two_strokes},
    {4, "closed, one stroke", four_closed_one_stroke},
    {4, "closed, two strokes", four_closed_two_strokes},
    {4, "narrow, short stem", four_narrow_short_stem},
    {4, "low stem", four_low_stem},
    {4, "short stem", four_short_stem},
    {4, "low bar, short stem", four_low_bar_short_stem},
    {4, "slim, low bar, short stem", four_slim_low_bar_short_stem},
    {5, "bar last", five_bar_last},
    {5, "one stroke from the right", five_one_stroke_from_the_right},
    {5, "like an s", five_like_an_s},
    {5, "slanted, small bowl", five_slanted_small_bowl},
    {5, "detached bar", five_detached_bar},
    {5, "long rising bar, one stroke", five_long_rising_bar_one_stroke},
    {5, "long rising bar last", five_long_rising_bar_last},
    {5, "short neck, wide bowl", five_short_neck_wide_bowl},
    {6, "straight back", six_straight_back},
    {6, "large loop", six_large_loop},
    {6, "tiny loop", six_tiny_loop},
    {6, "curled inside", six_curled_inside},
    {6, "hooked top", six_hooked_top},
    {6, "like a b", six_like_a_b},
    {6, "short stem, wide loop", six_short_stem_wide_loop},
    {7, "plain", seven_plain},
    {7, "curved stem", seven_curved_stem},
    {7, "crossed", seven_crossed},
    {7, "hooked", seven_hooked},
    {7, "wavy top, crossed low", seven_wavy_top_crossed_low},
    {7, "hooked shoulder, crossed low", seven_hooked_shoulder_crossed_low},
    {7, "round shoulder", seven_round_shoulder},
    {7, "round shoulder, crossed", seven_round_shoulder_crossed},
    {8, "like an s, closed", eight_like_an_s_closed},
    {8, "from the middle", eight_from_the_middle},
    {8, "from the top", eight_from_the_top},
    {8, "open at the top", eight_open_at_the_top},
    {8, "two circles", eight_two_circles},
    {8, "open, with a tail", eight_open_with_a_tail},
    {8, "slim, slanted", eight_slim_slanted},
    {8, "small upper loop, long tail", eight_small_upper_loop_long_tail},
    {8, "slim upper loop", eight_slim_upper_loop},
    {8, "slim lower loop", eight_slim_lower_loop},
    {9, "straight stem", nine_straight_stem},
    {9, "curved tail", nine_curved_tail},
    {9, "small loop, long curl", nine_small_loop_long_curl},
    {9, "slanted stem", nine_slanted_stem},
    {9, "oval loop, slanted stem", nine_oval_loop_slanted_stem},
    {9, "round loop, smooth stem", nine_round_loop_smooth_stem},
    {9, "loop clockwise", nine_loop_clockwise},
    {9, "bent like a g", nine_bent_like_a_g},
    {9, "narrow slanted loop", nine_narrow_slanted_loop},
    {9, "loop open at the top", nine_loop_open_at_the_top},
    {9, "flat loop", nine_flat_loop},
};

}  // namespace detail::templates

// Ordered by digit.
inline constexpr detail::ArrayView<DigitTemplate> digit_templates{detail::templates::all};

// Those of one digit, 0 to 9.
constexpr detail::ArrayView<DigitTemplate> templates_of(int digit) {
    std::size_t first = 0;
    while (first < digit_templates.size() && digit_templates[first].digit < digit) ++first;
    std::size_t last = first;
    while (last < digit_templates.size() && digit_templates[last].digit == digit) ++last;
    return {digit_templates.data() + first, last - first};
}

}  // namespace nib::inline NIB_ABI
