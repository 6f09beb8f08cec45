import { setImmediate } from 'node:timers/promises'

/** Items written in one go: so many routes take about a millisecond. */
const ITEMS_PER_SLICE = 50

/**
 * Writes one JSON object whose lists may be very long, in slices between which the event loop runs: `fields` first, then
 * each list under its name.
 */
export async function* streamJson(
  fields: Readonly<Record<string, unknown>>,
  lists: Readonly<Record<string, readonly unknown[]>>,
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
    for (let i = 0; i < items.length; i += ITEMS_PER_SLICE) {
      const slice = items.slice(i, i + ITEMS_PER_SLICE).map((item) => JSON.stringify(item))
      yield `${i === 0 ? '' : ','}\n${slice.join(',\n')}`
      await setImmediate()
    }
    yield ']'
  }
  yield separator === '{' ? '{}\n' : '}\n'
}
