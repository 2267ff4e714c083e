#include <fit_choices.hpp>

#include "../support.hpp"

#include <nib/ink/synthetic.hpp>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

TEST_CASE("a word names a schedule; without one it goes with the augmentation") {
    const auto text = [](const std::string& word, bool augment) {
        examples::FitChoices choices;
        choices.schedule = word;
        return examples::schedule_of(choices, 30, augment).description();
    };
    CHECK(text("", false) == "constant");
    CHECK(text("", true) == "WarmupCosine");
    CHECK(text("constant", true) == "constant");
    CHECK(text("step", false) == "StepLR(step_size=10, gamma=0.1)");
    CHECK(text("exponential", false) == "ExponentialLR(gamma=0.9)");
    CHECK(text("cosine", true).starts_with("CosineAnnealingLR("));
    CHECK(text("one-cycle", false).starts_with("OneCycleLR("));
    CHECK(text("plateau", false).starts_with("ReduceLROnPlateau(factor=0.5, patience=2"));
    CHECK(text("warmup-cosine", false) == "WarmupCosine");
}

TEST_CASE("images are taken aside at random, each once, and the same for the same seed") {
    const nib::Dataset all = nib::synthetic_digits(50, 1);
    const auto images_of = [](const nib::Dataset& data) {
        std::vector<std::pair<int, std::vector<std::uint8_t>>> images;
        for (std::size_t i = 0; i < data.size(); ++i)
            images.push_back({data.labels[i], {data.image(i).begin(), data.image(i).end()}});
        return images;
    };
    nib::Dataset rest = all;
    const nib::Dataset aside = examples::take_aside(rest, 20, 1);
    CHECK(aside.size() == 20);
    CHECK(rest.size() == 30);
    auto both = images_of(aside), expected = images_of(all);
    nib::append_values(both, images_of(rest));
    std::ranges::sort(both);
    std::ranges::sort(expected);
    CHECK((both == expected));
    nib::Dataset again = all, other = all;
    CHECK((images_of(examples::take_aside(again, 20, 1)) == images_of(aside)));
    CHECK((images_of(examples::take_aside(other, 20, 2)) != images_of(aside)));
    CHECK(examples::take_aside(again, 0, 1).size() == 0);
    CHECK(again.size() == 30);
    CHECK(support::error_of([&] { return examples::take_aside(again, 30, 1); }) ==
          "--validation: expected fewer than the 30 training images, found 30");
}
