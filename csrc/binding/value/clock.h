/* clock.h: how long something takes. */
#ifndef HMAP_BINDING_CLOCK_H
#define HMAP_BINDING_CLOCK_H

/* lclock_now: seconds of a clock that only goes forward. */
double lclock_now(void);

#endif
