// Labelled images in pairs of IDX files, as MNIST and Fashion-MNIST come: images u8 [N, rows, cols], labels u8 [N].
//
//   load_mnist    one of the two sets in a folder; the files are named train-images-idx3-ubyte or
//                 train-images.idx3-ubyte, …-labels-idx1-ubyte or .idx1-ubyte, and t10k-… for the test set. They may be
//                 in a folder of such a name (as Kaggle has them), end in .gz, and lie in MNIST/raw or raw below the
//                 folder (as torchvision has them)
//   load_images   any pair; what gzip has packed is unpacked on the way
//   save_images   PREFIX-images-idx3-ubyte and PREFIX-labels-idx1-ubyte, through AtomicFile
//
// Refused by Error: files that are missing or damaged, of another type or rank, without images or pixels, of images
// larger than 4096 x 4096, or whose numbers of images and labels differ. Both headers are compared before anything else
// is read.
#pragma once

#include <nib/core/config.hpp>
#include <nib/data/dataset.hpp>

#include <string>

namespace nib::inline NIB_ABI {

enum class Split { train, test };

[[nodiscard]] Dataset load_images(const std::string& images_path, const std::string& labels_path);

[[nodiscard]] Dataset load_mnist(const std::string& folder, Split split);

// Both files are on the disk before the old labels are removed, the images put in place and then the labels. Whenever
// the program is killed there is the old pair, the new one, or images without labels, which load_images refuses; never
// images with the labels of others. Fails on labels that a byte cannot hold.
void save_images(const Dataset& dataset, const std::string& prefix);

}  // namespace nib::inline NIB_ABI

#if NIB_BODIES

#include <nib/core/detail/algorithm.hpp>
#include <nib/core/detail/join.hpp>
#include <nib/core/detail/storage.hpp>
#include <nib/core/error.hpp>
#include <nib/data/idx.hpp>
#include <nib/io/atomic_file.hpp>
#include <nib/io/detail/byte_source.hpp>
#include <nib/io/file.hpp>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <initializer_list>
#include <span>
#include <string_view>
#include <vector>

#if NIB_POSIX_FILES || defined(_WIN32) || defined(__wasi__)
#include <sys/stat.h>
#endif

namespace nib::inline NIB_ABI {

namespace detail {

[[gnu::cold]] inline bool mnist_path_exists(const std::string& path) {
    errno = 0;
    const FileHandle file{std::fopen(path.c_str(), "rb")};
    return file || (errno != ENOENT && errno != ENOTDIR);
}

[[gnu::cold]] inline bool is_mnist_folder(const std::string& path) {
#if defined(_WIN32)
    struct _stat64 status {};  // of a folder that ends in a slash there is none, but of the dot in it
    return ::_stat64(join({path, "/."}).c_str(), &status) == 0 && (status.st_mode & _S_IFMT) == _S_IFDIR;
#elif NIB_POSIX_FILES || defined(__wasi__)
    struct stat status {};  // not of the dot in it, which of a folder that may not be entered is not told
    return ::stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode);
#else
    return mnist_path_exists(join({path, "/."}));
#endif
}

// Not a folder; something that cannot be read may be one, and is refused when it is opened.
[[gnu::cold]] inline bool is_mnist_file(const std::string& path) {
    return mnist_path_exists(path) && !is_mnist_folder(path);
}

// The path of a file of MNIST in a folder; "" where there is none. `stem` is "train-images" or the like, `suffix`
// "idx3-ubyte" or "idx1-ubyte".
[[gnu::cold]] inline std::string find_mnist_file(std::string_view folder, std::string_view stem,
                                                 std::string_view suffix) {
    const std::string with_dash = join({"/", stem, "-", suffix}), with_dot = join({"/", stem, ".", suffix});
    const std::string_view dash = with_dash, dot = with_dot, none = "", packed = ".gz";
    const std::string_view places[][2] = {{dash, none}, {dot, none}, {dash, dash},   {dash, dot},
                                          {dot, dash},  {dot, dot},  {dash, packed}, {dot, packed}};
    for (const auto& [first, second] : places) {
        std::string path = join({folder, first, second});
        if (is_mnist_file(path)) return path;
    }
    return "";
}

struct MnistPaths {
    std::string images;
    std::string labels;
};

// Of `set`, "train" or "t10k": both from one place.
[[gnu::cold]] inline MnistPaths find_mnist(const std::string& folder, const char* set) {
    if (!is_mnist_folder(folder))
        fail({folder, ": expected a folder, found ", mnist_path_exists(folder) ? "a file" : "none"});
    const std::string images_stem = join({set, "-images"}), labels_stem = join({set, "-labels"});
    std::string alone;  // one of the pair, without the other
    bool labels_miss = false;
    for (const char* const place : {"", "/MNIST/raw", "/raw"}) {
        const std::string here = join({folder, place});
        MnistPaths paths{find_mnist_file(here, images_stem, "idx3-ubyte"),
                         find_mnist_file(here, labels_stem, "idx1-ubyte")};
        if (!paths.images.empty() && !paths.labels.empty()) return paths;
        if (!alone.empty()) continue;
        labels_miss = !paths.images.empty();
        alone = labels_miss ? paths.images : paths.labels;
    }
    const std::string& stem = labels_miss ? labels_stem : images_stem;
    const char* const suffix = labels_miss ? "idx1-ubyte" : "idx3-ubyte";
    fail({folder, ": expected ", stem, "-", suffix, " or ", stem, ".", suffix,
          ", as it is, in a folder of that name or as .gz, here or in MNIST/raw or raw; found none",
          alone.empty() ? "" : " beside ", alone});
}

// Fails where the header is not that of u8 values of this rank.
[[gnu::cold]] inline void check_idx_header(const std::string& path, const IdxHeader& header, std::size_t rank,
                                           const char* what) {
    if (header.type != IdxType::u8 || header.shape.size() != rank)
        fail({path, ": byte 2: expected ", what, ", which are u8 of rank ", rank, ", found ",
              idx_type_name(header.type), " of rank ", header.shape.size()});
}

inline std::vector<std::uint8_t> labels_as_bytes(const Dataset& dataset, const std::string& path) {
    std::vector<std::uint8_t> bytes(dataset.size());
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        const int label = dataset.labels[i];
        if (label < 0 || label > 255) fail({path, ": expected labels from 0 to 255, label ", i, " is ", label});
        bytes[i] = static_cast<std::uint8_t>(label);
    }
    return bytes;
}

}  // namespace detail

NIB_API Dataset load_images(const std::string& images_path, const std::string& labels_path) {
    constexpr std::size_t most_pixels = std::size_t{4096} * 4096;  // of an image
    detail::IdxInput images{ByteSource{images_path}};
    const detail::IdxHeader images_header = detail::read_idx_header(images);
    detail::check_idx_header(images_path, images_header, 3, "images");
    detail::IdxInput labels{ByteSource{labels_path}};
    const detail::IdxHeader labels_header = detail::read_idx_header(labels);
    detail::check_idx_header(labels_path, labels_header, 1, "labels");
    const std::vector<std::size_t>& shape = images_header.shape;
    if (shape[0] != labels_header.shape[0])
        fail({images_path, ": byte 4: holds ", shape[0], " images, but ", labels_path, " holds ",
              labels_header.shape[0], " labels"});
    if (images_header.bytes == 0)
        fail({images_path, ": byte 4: expected at least one image of one pixel, found ",
              detail::idx_shape_text({shape.data(), 3})});
    if (shape[1] > most_pixels / shape[2])
        fail({images_path, ": byte 8: expected images of at most ", most_pixels, " pixels, found ", shape[1], "x",
              shape[2]});
    Dataset dataset;
    dataset.rows = shape[1];
    dataset.cols = shape[2];
    dataset.name = images_path;
    {
        AlignedVector<std::uint8_t> bytes;  // as pixels are, so that what reads these is compiled once
        detail::read_idx_values(labels, labels_header, bytes);
        dataset.labels.resize(bytes.size());
        copy_values(bytes.data(), bytes.size(), dataset.labels.data());
    }
    detail::read_idx_values(images, images_header, dataset.pixels);
    return dataset;
}

NIB_API Dataset load_mnist(const std::string& folder, Split split) {
    const detail::MnistPaths paths = detail::find_mnist(folder, split == Split::train ? "train" : "t10k");
    return load_images(paths.images, paths.labels);
}

NIB_API void save_images(const Dataset& dataset, const std::string& prefix) {
    const std::string images_path = prefix + "-images-idx3-ubyte";
    const std::string labels_path = prefix + "-labels-idx1-ubyte";
    const std::size_t shape[] = {dataset.size(), dataset.rows, dataset.cols};
    const std::vector<std::uint8_t> labels = detail::labels_as_bytes(dataset, labels_path);
    AtomicFile images_file{images_path};
    AtomicFile labels_file{labels_path};
    detail::write_idx(images_file, images_path, IdxType::u8, {shape, 3}, bytes_of(dataset.pixels));
    detail::write_idx(labels_file, labels_path, IdxType::u8, {shape, 1}, bytes_of(labels));
    images_file.flush();
    labels_file.flush();
    labels_file.remove_old();
    images_file.commit();
    labels_file.commit();
}

}  // namespace nib::inline NIB_ABI

#endif
