#include "core/base/priority.h"

#include <sched.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace attune {

void lowerPriority(int niceness)
{
    // A batch thread never takes the core from one that has just woken up.
    const sched_param none{};
    (void)sched_setscheduler(0, SCHED_BATCH, &none);
    // Linux keeps it for each thread.
    (void)setpriority(PRIO_PROCESS, static_cast<id_t>(syscall(SYS_gettid)), niceness);
}

} // namespace attune
