#include <nib/model/workspace.hpp>

#include "../reference.hpp"
#include "../support.hpp"

#include <utility>

TEST_CASE("a workspace grows to the largest batch and then hands out the same memory") {
    nib::Workspace<float> workspace;
    const auto first = workspace.activation(2, 15, 64);
    CHECK(first.rows() == 15);
    CHECK(first.cols() == 64);
    CHECK(workspace.activation(2, 3, 64).data() == first.data());
    CHECK(workspace.activation(2, 15, 64).data() == first.data());
    CHECK(workspace.activation(1, 15, 64).data() != first.data());
    CHECK(workspace.activation(2, 15, 64).data() == first.data());
}

TEST_CASE("each layer has a gradient of its own") {
    nib::Workspace<float> workspace;
    const auto first = workspace.gradient(4, 2, 3);
    CHECK(workspace.gradient(2, 2, 3).data() != first.data());
    CHECK(workspace.gradient(4, 2, 3).data() == first.data());
}

TEST_CASE("a pass's inputs are a sparse matrix where that pays and is allowed, else a dense one") {
    nib::Workspace<float> workspace;
    nib::Matrix<float> x(2, 6);
    x(0, 1) = 3;
    x(1, 5) = 4;
    workspace.begin(x, true, {});
    REQUIRE(workspace.inputs().is_sparse());
    const auto sparse = workspace.inputs().sparse();
    CHECK(sparse.row(0).size() == 1);
    CHECK(sparse.row(1)[0].column == 5);
    workspace.begin(x, false, {});
    CHECK(workspace.inputs().matrix().data() == x.data());
    workspace.begin(sparse, true, {});
    CHECK(workspace.inputs().sparse().lists == sparse.lists);
    workspace.begin(sparse, false, {});
    REQUIRE(!workspace.inputs().is_sparse());
    CHECK(reference::same_bits<float>(workspace.inputs().matrix().values(), std::as_const(x).values()));
    for (float& value : x.values()) value = 1;
    workspace.begin(x, true, {});
    CHECK(!workspace.inputs().is_sparse());
    CHECK(workspace.inputs().matrix().data() == x.data());
}
