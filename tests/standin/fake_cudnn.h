// What a test tells the library of fake_cudnn.cpp, and what the library was told.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

struct FakeCudnn {
  std::size_t version = 91900;
  std::int64_t workspace = 12345;  // of every plan, bytes
  int plan_status = 0;             // what becomes of every plan
  int create_status = 0;           // of every descriptor but the device's
  int set_status = 0;              // of every attribute but the device's

  int handles = 0;       // that attributes were set to
  std::string device;    // as it was described
  std::size_t live = 0;  // descriptors
};

extern "C" FakeCudnn* fake_cudnn();
