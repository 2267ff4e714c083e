// The program digits.
#include "world.hpp"

#include <string>

using namespace programs;

TEST_CASE("digits trains on a folder, prints four lines and saves a model that evaluate agrees with") {
    const TemporaryDirectory folder;
    const Outcome outcome = run("digits", {world().data()}, {"cd " + quoted(folder.path()) + " && ", ""});
    CHECK(outcome.status == 0);
    CHECK(outcome.err == "");
    const Words lines = lines_of(outcome.out);
    REQUIRE(lines.size() == 4);
    const std::string model = folder.path("digits.safetensors");
    const std::string last = lines_of(results("evaluate", {model, "--data", world().data()})).back();
    const auto accuracy = static_cast<double>(correct_of(last, test_count)) / test_count;
    CHECK(lines[3] == "epoch 4  accuracy " + four_digits(accuracy));
}
