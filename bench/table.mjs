// Tables that read well on a terminal and are Markdown.

/** The first column is text, the others are figures and stand to the right. */
export function table(head, rows) {
  const lines = [head, ...rows].map((line) => line.map(String))
  const widths = head.map((_, column) => Math.max(3, ...lines.map((line) => line[column].length)))
  const pad = (cell, column) => (column === 0 ? cell.padEnd(widths[column]) : cell.padStart(widths[column]))
  const rule = widths.map((width, column) => (column === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`))
  const [first, ...others] = lines.map((line) => `| ${line.map(pad).join(' | ')} |`)
  return [first, `| ${rule.join(' | ')} |`, ...others].join('\n')
}

/** A figure with three digits that count, or all of a larger number's. */
export function figure(number) {
  if (!Number.isFinite(number)) return '-'
  if (Math.abs(number) >= 100) return Math.round(number).toLocaleString('en-US')
  // Through Number again, which drops the zeros and the exponent that toPrecision may leave.
  return String(Number(number.toPrecision(3)))
}

export const times = (ratio) => (Number.isFinite(ratio) ? `${figure(ratio)} x` : '-')
