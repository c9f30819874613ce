// What a process did with the modelled devices, as a file that outlives it.
#pragma once

namespace memsweep::standin {

struct DriverModel;

/// Writes device-PID.json into the folder that the setting `report` names; nothing where it names none, or
/// where no device was used. To be called under model_mutex().
void write_report(const DriverModel& model);

/// The same when the process ends, with what is loaded then and had no part in the model. Of that it writes
/// even where no device was used.
void write_last_report(DriverModel& model);

/// The same if the memory in use has a new peak, a few times a second at most: a process that is killed
/// leaves what was true shortly before.
void write_report_of_growth(DriverModel& model);

}  // namespace memsweep::standin

/// For an end that runs no exit handlers.
extern "C" void memsweep_standin_write_report();
