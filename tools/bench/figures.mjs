// Medians, and tables that are readable on a terminal and valid Markdown.

export function median(numbers) {
  const sorted = [...numbers].sort((one, other) => one - other)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}

/** The value below which a share of the numbers is, one of them. */
export function quantile(numbers, share) {
  const sorted = [...numbers].sort((one, other) => one - other)
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)]
}

/** The median of each field of objects with the same fields. */
export function medians(objects) {
  const fields = Object.keys(objects[0])
  return Object.fromEntries(fields.map((field) => [field, median(objects.map((object) => object[field]))]))
}

/** A table whose first column is text and whose other columns are figures, but for the columns that `texts` names. */
export function table(head, rows, texts = [0]) {
  const lines = [head, ...rows].map((line) => line.map(String))
  const widths = head.map((_, column) => Math.max(3, ...lines.map((line) => line[column].length)))
  const isText = (column) => texts.includes(column)
  const pad = (cell, column) => (isText(column) ? cell.padEnd(widths[column]) : cell.padStart(widths[column]))
  const rule = widths.map((width, column) =>
    isText(column) ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`,
  )
  const [first, ...others] = lines.map((line) => `| ${line.map(pad).join(' | ')} |`)
  return [first, `| ${rule.join(' | ')} |`, ...others].join('\n')
}

/** A figure with three significant digits, or all digits of a larger one. */
export function figure(number) {
  if (!Number.isFinite(number)) return '-'
  if (Math.abs(number) >= 100) return Math.round(number).toLocaleString('en-US')
  // Number drops the zeros and the exponent that toPrecision may leave.
  return String(Number(number.toPrecision(3)))
}

export const times = (ratio) => (Number.isFinite(ratio) ? `${figure(ratio)} x` : '-')

export const count = (number) => number.toLocaleString('en-US')
