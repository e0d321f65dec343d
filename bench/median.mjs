/** The middle one of some numbers. */
export function median(numbers) {
  const sorted = [...numbers].sort((one, other) => one - other)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}

/** Of objects with the same fields, the object of each field's median. */
export function medians(objects) {
  const fields = Object.keys(objects[0])
  return Object.fromEntries(fields.map((field) => [field, median(objects.map((object) => object[field]))]))
}
