import path from 'node:path'
import type { TestEvent } from 'node:test/reporters'

const STACK_LINES = 12

/**
 * A reporter that says nothing until all is over, and then what failed, once more: among ten thousand lines of TAP
 * nobody finds it, and what shows logs often keeps only their end. Its lines are comments of TAP.
 */
// oxlint-disable-next-line import/no-default-export -- the shape that node:test asks a reporter for
export default async function* failures(events: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  const failed: string[] = []
  for await (const event of events) {
    if (event.type !== 'test:fail') continue
    const { name, classname, file, line, details } = event.data as typeof event.data & { classname?: string }
    const { failureType, cause } = details.error as Error & { failureType?: string }
    // A suite fails with its tests, which are named themselves.
    if (failureType === 'subtestsFailed') continue
    const place = file === undefined ? '' : ` (${path.relative(process.cwd(), file)}:${line ?? 0})`
    const title = `FAILED ${[classname, name].filter(Boolean).join(' > ')}${place}, after ${Math.round(details.duration_ms)} ms`
    const reason = cause instanceof Error ? (cause.stack ?? cause.message) : String(cause ?? details.error.message)
    failed.push(title, ...reason.split('\n', STACK_LINES).map((text) => `    ${text}`))
  }
  if (failed.length > 0) yield `${failed.join('\n').replaceAll(/^/gm, '# ')}\n`
}
