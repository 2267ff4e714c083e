// Recipes of train: options that belong together, under one name.
#pragma once

#include "command_line.hpp"

#include <string>

namespace examples {

// Declares --recipe.
void add_recipe(CommandLine& line, std::string& name);

// Sets the options of the recipe that the command line does not have itself, and returns a line that spells out all of
// them; "" without a recipe. Throws UsageError where a run goes on from a checkpoint, which has its options.
std::string take_recipe(CommandLine& line, const std::string& name);

}  // namespace examples
