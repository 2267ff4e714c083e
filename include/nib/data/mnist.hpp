// Labelled images in pairs of IDX files, as MNIST and Fashion-MNIST come: images u8 [N, rows, cols], labels u8 [N].
//
//   load_mnist    one of the two sets in a folder; the files are named train-images-idx3-ubyte or
//                 train-images.idx3-ubyte, …-labels-idx1-ubyte or .idx1-ubyte, and t10k-… for the test set
//   load_images   any pair
//   save_images   PREFIX-images-idx3-ubyte and PREFIX-labels-idx1-ubyte, through AtomicFile
//
// Refused by Error: files that are missing or not unpacked, of another type or rank, without images or pixels, or whose
// numbers of images and labels differ.
#pragma once

#include <nib/core/config.hpp>
#include <nib/data/dataset.hpp>

#include <string>

namespace nib::inline NIB_ABI {

enum class Split { train, test };

[[nodiscard]] NIB_API Dataset load_images(const std::string& images_path, const std::string& labels_path);

[[nodiscard]] NIB_API Dataset load_mnist(const std::string& folder, Split split);

// Both files are on the disk before the old labels are removed, the images put in place and then the labels. Whenever
// the program is killed there is the old pair, the new one, or images without labels, which load_images refuses; never
// images with the labels of others. Fails on labels that a byte cannot hold.
NIB_API void save_images(const Dataset& dataset, const std::string& prefix);

}  // namespace nib::inline NIB_ABI

#if NIB_BODIES

#include <nib/core/algorithm.hpp>
#include <nib/core/error.hpp>
#include <nib/core/storage.hpp>
#include <nib/data/idx.hpp>
#include <nib/io/atomic_file.hpp>
#include <nib/io/file.hpp>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <span>
#include <vector>

namespace nib::inline NIB_ABI {

namespace detail {

inline bool mnist_file_exists(const std::string& path) {
    errno = 0;
    const FileHandle file{std::fopen(path.c_str(), "rb")};
    return file || (errno != ENOENT && errno != ENOTDIR);
}

// `stem` is "train-images" or the like, `suffix` "idx3-ubyte" or "idx1-ubyte".
inline std::string find_mnist_file(const std::string& folder, const std::string& stem, const std::string& suffix) {
    if (!mnist_file_exists(folder + "/."))
        fail(folder + ": expected a folder, found " + (mnist_file_exists(folder) ? "a file" : "none"));
    const std::array<std::string, 2> names{stem + "-" + suffix, stem + "." + suffix};
    for (const std::string& name : names)
        if (mnist_file_exists(folder + "/" + name)) return folder + "/" + name;
    for (const std::string& name : names)
        if (mnist_file_exists(folder + "/" + name + ".gz"))
            fail(folder + "/" + name + ".gz: is gzip-compressed: unpack it first with gunzip");
    fail(folder + ": expected " + names[0] + " or " + names[1] + ", found neither");
}

// The bytes of a u8 IDX file of rank shape.size(), whose sizes go to `shape`; read into the place where they stay.
template <class Bytes>
Bytes load_idx_bytes(const std::string& path, std::span<std::size_t> shape, const char* what) {
    InputFile file{path};
    const IdxHeader header = read_idx_header(file);
    if (header.type != IdxType::u8 || header.shape.size() != shape.size())
        fail(path + ": byte 2: expected " + what + ", which are u8 of rank " + std::to_string(shape.size()) +
             ", found " + std::string(idx_type_name(header.type)) + " of rank " + std::to_string(header.shape.size()));
    copy_values(header.shape.data(), header.shape.size(), shape.data());
    Bytes bytes(header.bytes);
    file.read({reinterpret_cast<std::byte*>(bytes.data()), bytes.size()});
    return bytes;
}

inline std::vector<std::uint8_t> labels_as_bytes(const Dataset& dataset, const std::string& path) {
    std::vector<std::uint8_t> bytes(dataset.size());
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        const int label = dataset.labels[i];
        if (label < 0 || label > 255)
            fail(path + ": expected labels from 0 to 255, label " + std::to_string(i) + " is " + std::to_string(label));
        bytes[i] = static_cast<std::uint8_t>(label);
    }
    return bytes;
}

}  // namespace detail

NIB_API Dataset load_images(const std::string& images_path, const std::string& labels_path) {
    std::size_t images_shape[3] = {};
    std::size_t labels_shape[1] = {};
    Dataset dataset;
    dataset.pixels = detail::load_idx_bytes<AlignedVector<std::uint8_t>>(images_path, {images_shape, 3}, "images");
    const auto labels = detail::load_idx_bytes<std::vector<std::uint8_t>>(labels_path, {labels_shape, 1}, "labels");
    if (images_shape[0] != labels_shape[0])
        fail(images_path + ": byte 4: holds " + std::to_string(images_shape[0]) + " images, but " + labels_path +
             " holds " + std::to_string(labels_shape[0]) + " labels");
    if (dataset.pixels.empty())
        fail(images_path + ": byte 4: expected at least one image of one pixel, found " +
             detail::idx_shape_text({images_shape, 3}));
    dataset.rows = images_shape[1];
    dataset.cols = images_shape[2];
    dataset.labels.resize(labels.size());
    copy_values(labels.data(), labels.size(), dataset.labels.data());
    dataset.name = images_path;
    return dataset;
}

NIB_API Dataset load_mnist(const std::string& folder, Split split) {
    const std::string set = split == Split::train ? "train" : "t10k";
    const std::string images = detail::find_mnist_file(folder, set + "-images", "idx3-ubyte");
    return load_images(images, detail::find_mnist_file(folder, set + "-labels", "idx1-ubyte"));
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
