import { setImmediate } from 'node:timers/promises'

/** Items written in one go: so many routes take about a millisecond. */
const ITEMS_PER_SLICE = 50

/**
 * Writes one JSON object whose lists may be very long, in slices between which the event loop runs: `fields` first, then
 * each list under its name.
 */
export async function* streamJson(
  fields: Readonly<Record<string, unknown>>,
  lists: Readonly<Record<string, Iterable<unknown>>>,
): AsyncGenerator<string, void, undefined> {
  let separator = '{'
  for (const [name, value] of Object.entries(fields)) {
    // As in any JSON, what is undefined is left out.
    if (value === undefined) continue
    yield `${separator}${JSON.stringify(name)}:${JSON.stringify(value)}`
    separator = ','
  }
  for (const [name, items] of Object.entries(lists)) {
    yield `${separator}\n${JSON.stringify(name)}:[`
    separator = ','
    let comma = ''
    for (const slice of slicesOf(items)) {
      yield `${comma}\n${slice.map((item) => JSON.stringify(item)).join(',\n')}`
      comma = ','
      await setImmediate()
    }
    yield ']'
  }
  yield separator === '{' ? '{}\n' : '}\n'
}

function* slicesOf(items: Iterable<unknown>): Generator<readonly unknown[], void, undefined> {
  let slice: unknown[] = []
  for (const item of items) {
    slice.push(item)
    if (slice.length < ITEMS_PER_SLICE) continue
    yield slice
    slice = []
  }
  if (slice.length > 0) yield slice
}
