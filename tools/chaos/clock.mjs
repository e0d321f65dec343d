// Milliseconds on the machine's monotonic clock, which all processes of a run share and which goes on in a frozen one.

export const now = () => Number(process.hrtime.bigint()) / 1e6
