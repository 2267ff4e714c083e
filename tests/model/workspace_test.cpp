#include <nib/model/workspace.hpp>

#include "../support.hpp"

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

TEST_CASE("a workspace keeps the inputs, with lists of their non-zeros where most are zero") {
    nib::Workspace<float> workspace;
    nib::Matrix<float> x(2, 6);
    x(0, 1) = 3;
    x(1, 5) = 4;
    workspace.find_nonzeros(x);
    REQUIRE(workspace.inputs().is_sparse());
    CHECK(workspace.inputs().sparse().row(0).size() == 1);
    CHECK(workspace.inputs().sparse().row(1)[0].column == 5);
    for (float& value : x.values()) value = 1;
    workspace.find_nonzeros(x);
    CHECK(!workspace.inputs().is_sparse());
    CHECK(workspace.inputs().matrix().data() == x.data());
}
