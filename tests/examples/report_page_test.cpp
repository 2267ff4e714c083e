#include <report.hpp>
#include <report_page.hpp>

#include "../support.hpp"

#include <nib/core/random.hpp>
#include <nib/model/mlp.hpp>
#include <nib/model/sequential.hpp>

#include <cmath>
#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

using examples::ReportPage;
using support::contains;

namespace {

// What is wrong with the page as XML, which HTML's parsers take too: "" where each tag is closed by its own.
std::string problem(std::string_view page) {
    std::vector<std::string> open;
    const std::string_view type = "<!DOCTYPE html>\n";
    if (!page.starts_with(type)) return "no type";
    page.remove_prefix(type.size());
    while (!page.empty()) {
        const std::size_t start = page.find('<');
        const std::string_view text = page.substr(0, start);
        if (contains(text, ">")) return "a > in text";
        if (start == page.npos) break;
        const std::size_t end = page.find('>', start);
        if (end == page.npos) return "no end of a tag";
        const std::string_view tag = page.substr(start + 1, end - start - 1);
        page.remove_prefix(end + 1);
        const std::string name{tag.substr(0, tag.find_first_of(" /", 1))};
        if (tag.starts_with("/")) {
            if (open.empty() || "/" + open.back() != tag) return std::string(tag);
            open.pop_back();
        } else if (!tag.ends_with("/")) {
            open.push_back(name);
        }
    }
    return open.empty() ? "" : open.back();
}

std::size_t count(std::string_view text, std::string_view part) {
    std::size_t result = 0;
    for (std::size_t at = text.find(part); at != text.npos; at = text.find(part, at + 1)) ++result;
    return result;
}

// Two classes: 30 examples of the first, one of them mistaken, and 5 of the second.
ReportPage small_page() {
    ReportPage page{
        "A <test> & \"more\" of 'it'\n\xff", {{"<name>", "a&b"}}, {}, nib::Evaluation{2}, 0.75, {}, {}, {}, {}};
    for (int i = 0; i < 30; ++i) page.evaluation.add(0, i == 0 ? 1 : 0);
    for (int i = 0; i < 5; ++i) page.evaluation.add(1, 1);
    page.evaluation.loss = 0.1234;
    for (int i = 0; i < 4; ++i) page.calibration.add(0.95, i > 0);
    return page;
}

examples::PageImage image(const std::string& caption) {
    return {examples::Picture{3, 2, examples::PixelFormat::grey, examples::black}, caption, "0.9876",
            examples::Verdict::wrong};
}

}  // namespace

TEST_CASE("base64 is that of RFC 4648") {
    const std::pair<const char*, const char*> vectors[] = {{"", ""},
                                                           {"f", "Zg=="},
                                                           {"fo", "Zm8="},
                                                           {"foo", "Zm9v"},
                                                           {"foob", "Zm9vYg=="},
                                                           {"fooba", "Zm9vYmE="},
                                                           {"foobar", "Zm9vYmFy"},
                                                           {"\xfb\xff\xfe", "+//+"}};
    for (const auto& [bytes, text] : vectors) CHECK(examples::base64(bytes) == text);
}

TEST_CASE("a report's page is well-formed, holds the numbers, and needs nothing else") {
    const std::string page = examples::html(small_page());
    CHECK(problem(page) == "");
    for (const char* const text :
         {"<b>97.14%</b><span>accuracy</span>", "<b>75.00%</b><span>top-3 accuracy</span>",
          "<b>1</b><span>mistakes in 35 images</span>", "<b>0.1234</b><span>loss</span>",
          "<b>20.00%</b><span>calibration error (ECE)</span>",
          "<tr><th>0</th><td>30</td><td>1.0000</td><td>0.9667</td><td>0.9831</td></tr>",
          "<tr><th>1</th><td>5</td><td>0.8333</td><td>1.0000</td><td>0.9091</td></tr>",
          "<tr><th>mean</th><td>35</td><td>0.9167</td><td>0.9833</td><td>0.9461</td></tr>",
          "<td class=\"full\" style=\"--a:0.98\">29</td><td class=\"some\" style=\"--a:0.18\">1</td>",
          "<td class=\"none\" style=\"--a:0.00\">0</td>", "0.93 to 1.00: 4 answers, 75.00% right"})
        CHECK_MESSAGE(contains(page, text), text);
    CHECK(contains(page, "<h1>A &lt;test&gt; &amp; &quot;more&quot; of &#39;it&#39;\\n\\xff</h1>"));
    CHECK(contains(page, "<dt>&lt;name&gt;</dt><dd>a&amp;b</dd>"));
    for (const char* const text :
         {"<script", "http", "url(", "@import", "<h2>Loss", "<h2>Worst", "<h2>Weights", ">nan"})
        CHECK_MESSAGE(!contains(page, text), text);
}

TEST_CASE("curves have a point an epoch, pictures are in the page") {
    ReportPage content = small_page();
    for (int epoch = 3; epoch <= 5; ++epoch) {
        nib::EpochReport training;
        training.epoch = epoch;
        training.loss = 1.0 / epoch;
        if (epoch < 5) training.validation_loss = 0.5;
        content.epochs.push_back({training, 0.4, 0.9});
    }
    content.mistakes = {image("1, is 7"), image("<b>")};
    content.weights = {image("0")};
    const std::string page = examples::html(content);
    CHECK(problem(page) == "");
    CHECK(count(page, "<circle class=\"s1\"") == 3);
    CHECK(count(page, "<circle class=\"s2\"") == 6);  // of the loss and of the accuracy
    CHECK(contains(page, "<title>epoch 4, training: 0.2500</title>"));
    CHECK(contains(page, "<title>epoch 5, test: 0.9000</title>"));
    CHECK(contains(page, "<title>epoch 4, validation: 0.5000</title>"));
    CHECK(count(page, "src=\"data:image/png;base64,iVBORw0KGgo") == 3);
    CHECK(contains(page, "<b class=\"wrong\">1, is 7</b><span>0.9876</span>"));
    CHECK(contains(page, "<b class=\"wrong\">&lt;b&gt;</b>"));

    // One epoch; one that did not go well; more than fit as dots.
    content.epochs.resize(1);
    CHECK(problem(examples::html(content)) == "");
    content.epochs[0].training.loss = std::numeric_limits<double>::quiet_NaN();
    content.evaluation.loss = std::numeric_limits<double>::infinity();
    const std::string bad = examples::html(content);
    CHECK(problem(bad) == "");
    CHECK(contains(bad, "<b>not finite</b>"));
    CHECK_FALSE(contains(bad, ",nan"));
    CHECK(count(bad, "<circle class=\"s1\"") == 0);
    CHECK(count(bad, "<circle class=\"s2\"") == 2);
    content.epochs[0].training.loss = 1e30;
    CHECK(problem(examples::html(content)) == "");
    for (int epoch = 1; epoch < 200; ++epoch) {
        content.epochs.push_back({content.epochs[0].training, 0.4, 0.9});
        content.epochs.back().training.epoch = epoch;
    }
    CHECK(count(examples::html(content), "<circle") == 0);
}

TEST_CASE("the first layer's weights are pictures where it takes the images") {
    nib::Rng rng{1};
    const nib::Mlp net{{6, 5, 2}, rng};
    const auto weights = examples::weights_of_images(net.tensors(), net.parameters(), 6);
    REQUIRE(weights.rows() == 6);
    REQUIRE(weights.cols() == 5);
    CHECK(weights.data() == net.parameters().data());
    CHECK(examples::weights_of_images(net.tensors(), net.parameters(), 7).empty());
    CHECK(examples::weights_of_images({}, {}, 6).empty());
}

TEST_CASE(
    "answers are counted once, whatever the pieces, and one without a probability is no part of the reliability") {
    nib::Matrix<float> outputs(3, 2);
    outputs(0, 0) = std::log(0.25f);
    outputs(0, 1) = std::log(0.75f);
    outputs(1, 1) = -100;
    outputs(2, 0) = outputs(2, 1) = std::nanf("");
    examples::Answers answers;
    answers.add(outputs.view().middle_rows(0, 1), std::vector<int>{0});
    answers.add(outputs.view().middle_rows(1, 2), std::vector<int>{0, 1});
    REQUIRE(answers.samples.size() == 3);
    CHECK(answers.samples[0].answer == 1);
    CHECK(answers.samples[0].probability == doctest::Approx(0.75f));
    REQUIRE(answers.mistakes.size() == 2);
    CHECK(answers.mistakes[0].index == 0);
    CHECK(answers.mistakes[1].index == 2);
    CHECK(answers.calibration.total() == 2);
}
