// cuFFT: plans remember what was set, transforms leave their results on the device and have nothing to do
// here (names.txt). Numbers are those of cuFFT 12.
//
// How large a work area is, only the library knows. It is assumed to be as large as the complex values of the
// transforms: that is what cuFFT tells of 15 two-dimensional transforms of 100 x 100 to 100 x 1500 values
// that ArrayFire's issue 1443 lists. Large prime factors take up to eight times as much, as its documentation
// says.
#include <cstdint>
#include <span>

#include "harness/standin/library.h"
#include "harness/standin/library_version.h"

namespace memsweep::standin {
namespace {

constexpr std::string_view kPlan = "cufftCreate";
constexpr Library kFourier{.no_handle = 1, .failed = 6};  // CUFFT_INVALID_PLAN, CUFFT_EXEC_FAILED
constexpr int kInvalidValue = 4, kInvalidSize = 8, kAllocationFailed = 2;

struct Plan {
  int number = 0;
  cudaStream_t stream = nullptr;
  bool allocates = true;  // its work area, by itself
  Address own_area = 0;   // that area; 0: none
  void* work_area = nullptr;
  std::size_t work_bytes = 0;
};

/// Null where no plan has that number.
Plan* find_plan(const DriverModel& model, int number) {
  Plan* found = nullptr;
  model.handles.for_each<Plan>(kPlan, [&](Plan& plan) {
    if (plan.number == number) found = &plan;
  });
  return found;
}

template <class Body>
int plan_call(std::string_view function, int number, Body body) {
  return kFourier.call(function, [&](DriverModel& model) {
    Plan* const plan = find_plan(model, number);
    return plan == nullptr ? kFourier.no_handle : body(model, *plan);
  });
}

bool is_real(int type) { return type < 4 || type == 14; }  // as cudaDataType counts

/// Complex values of the transforms: real ones have no more than half of the last extent.
std::size_t complex_values(std::span<const long long> extents, bool real, long long batch) {
  auto values = static_cast<std::size_t>(batch);
  for (const long long extent : extents.first(extents.size() - 1)) values *= static_cast<std::size_t>(extent);
  const auto last = static_cast<std::size_t>(extents.back());
  return values * (real ? last / 2 + 1 : last);
}

void give_back_area(DriverModel& model, Plan& plan) {
  if (plan.own_area != 0) (void)model.memory.free(plan.own_area);
  plan.own_area = 0;
}

}  // namespace

extern "C" {

int cufftCreate(int* plan) {
  static int made = 0;
  return kFourier.call(kPlan, [&](DriverModel& model) {
    *plan = model.handles.create(kPlan, Plan{.number = ++made})->number;
    return 0;
  });
}

int cufftDestroy(int number) {
  return plan_call("cufftDestroy", number, [&](DriverModel& model, Plan& plan) {
    give_back_area(model, plan);
    return model.handles.destroy(kPlan, &plan) ? 0 : kFourier.no_handle;
  });
}

int cufftSetStream(int number, cudaStream_t stream) {
  return plan_call("cufftSetStream", number, [&](const DriverModel&, Plan& plan) {
    plan.stream = stream;
    return 0;
  });
}

int cufftSetAutoAllocation(int number, int on) {
  return plan_call("cufftSetAutoAllocation", number, [&](const DriverModel&, Plan& plan) {
    plan.allocates = on != 0;
    return 0;
  });
}

int cufftSetWorkArea(int number, void* area) {
  return plan_call("cufftSetWorkArea", number, [&](DriverModel& model, Plan& plan) {
    give_back_area(model, plan);
    plan.work_area = area;
    return 0;
  });
}

int cufftXtMakePlanMany(int number, int rank, long long* extents, long long*, long long, long long, int from,
                        long long*, long long, long long, int to, long long batch, std::size_t* bytes,
                        int execution) {
  return plan_call("cufftXtMakePlanMany", number, [&](DriverModel& model, Plan& plan) {
    if (rank < 1 || rank > 3 || batch < 1) return kInvalidSize;
    const std::size_t complex_bytes = bytes_of_type(execution);
    if (complex_bytes == 0 || is_real(execution)) return kInvalidValue;
    const std::span shape(extents, static_cast<std::size_t>(rank));
    plan.work_bytes = complex_values(shape, is_real(from) || is_real(to), batch) * complex_bytes;
    model.observations.note_estimate("cufftXtMakePlanMany", plan.work_bytes);
    *bytes = plan.work_bytes;
    if (!plan.allocates) return 0;
    give_back_area(model, plan);
    const cudaError_t status = model.memory.allocate(current_device(), plan.work_bytes, plan.own_area);
    return status == cudaSuccess ? 0 : kAllocationFailed;
  });
}

int cufftGetSize(int number, std::size_t* bytes) {
  return plan_call("cufftGetSize", number, [&](const DriverModel&, const Plan& plan) {
    *bytes = plan.work_bytes;
    return 0;
  });
}

int cufftXtExec(int number, void*, void*, int) {
  return plan_call("cufftXtExec", number, [](const DriverModel&, const Plan&) { return 0; });
}

int cufftGetVersion(int* version) {
  *version = cufft_version();
  return 0;
}

}  // extern "C"
}  // namespace memsweep::standin
