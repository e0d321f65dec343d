/** Prints what the addon has logged: levels and texts in turn. */
export function print(log: readonly string[]): void {
  for (let i = 0; i < log.length; i += 2) {
    try {
      console[log[i] as 'info' | 'warn' | 'error'](`redlatch: ${log[i + 1]}`)
    } catch {
      // Some tests replace the console with one that throws. No call must fail for that.
    }
  }
}
