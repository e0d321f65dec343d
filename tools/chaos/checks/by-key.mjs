/** The calls on each key, in the order given. */
export function byKey(calls) {
  const groups = new Map()
  for (const call of calls) {
    if (groups.has(call.key)) groups.get(call.key).push(call)
    else groups.set(call.key, [call])
  }
  return groups
}
