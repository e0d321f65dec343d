// Milliseconds of the machine's monotonic clock, which all processes of a run share and which runs while they are frozen.

export const now = () => Number(process.hrtime.bigint()) / 1e6
