// Ctrl-C asks a sweep to stop between two steps; a second one ends the program at once.
#pragma once

namespace memsweep {

void catch_interrupts();
[[nodiscard]] bool interrupt_requested();

}  // namespace memsweep
