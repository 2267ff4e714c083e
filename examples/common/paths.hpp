// Before anything is done: whether what a program writes would replace what it reads, and whether it can be written.
#pragma once

#include <string>
#include <vector>

namespace examples {

// A path of the command line and what messages call it: {"MODEL", "a.pth"}. An empty path was not given.
struct NamedPath {
    std::string name;
    std::string path;
};

// Throws UsageError where an output is one of the inputs, or two outputs are the same file, under whatever spelling and
// through symbolic and hard links.
void check_outputs(const std::vector<NamedPath>& inputs, const std::vector<NamedPath>& outputs);

// The same for a folder of pictures whose names png_name makes and which are not known yet: throws UsageError where a
// picture that is there under such a name is one of the inputs. An empty folder was not given.
void check_png_folder(const std::vector<std::string>& inputs, const std::string& folder);

// The same for the pair of files that save_images writes.
void check_idx_pair(const std::vector<std::string>& inputs, const std::string& prefix);

// The data files that train and evaluate may read in `folder`, and what write_report puts into `report`.
std::vector<NamedPath> data_files(const std::string& folder);
std::vector<NamedPath> report_files(const std::string& report);

// check_outputs for train. A checkpoint may take the place of the one that is resumed.
void check_run_files(const std::string& data, const std::string& resume, const std::string& save,
                     const std::string& checkpoint, const std::string& history, const std::string& report);

// Throws UsageError where save_as does not write files that end so, and fails where the network cannot be written
// there. An empty path was not given.
void check_save(const std::string& save);

}  // namespace examples
