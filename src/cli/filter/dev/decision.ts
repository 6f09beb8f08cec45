/** What became of one request, in words: what the waypoint decided, and what filters changed on the way. */
import type { Colours } from '../../terminal/colours.ts'

/** A request or a response; of the latter `method` and `target` are empty. */
export interface Message {
  readonly method: string
  readonly target: string
  /** Names in lower case. */
  readonly headers: readonly (readonly [name: string, value: string])[]
  readonly body: Buffer
}

/** One exchange as it was seen on all sides. */
export interface Decision {
  /** What the client sent, and what the backend got of it, if it was asked. */
  readonly sent: Message
  readonly arrived: Message | undefined
  readonly status: number
  /** What the backend answered, and what the client got. */
  readonly answered: Message | undefined
  readonly received: Message
  /** Why it ended so, by the access log: `via_upstream`, or the reason of a reply. */
  readonly reason: string
  readonly durationMs: number
}

/** A line for the request, and one for each thing that is not as it was. */
export const formatDecision = (decision: Decision, colours: Colours): string => {
  const { sent, arrived, answered, received, status, reason, durationMs } = decision
  const paint = status >= 500 ? colours.red : status >= 400 ? colours.yellow : colours.green
  const why = reason === 'via_upstream' ? '' : ` ${printable(reason)}`
  const head = `${sent.method} ${printable(sent.target)} ${paint(String(status))}${why} ${colours.dim(`${durationMs} ms`)}`
  const changes = [
    ...(arrived === undefined ? [] : changesOf(sent, arrived).map((change) => `  request   ${change}`)),
    ...(answered === undefined ? [] : changesOf(answered, received).map((change) => `  response  ${change}`)),
  ]
  return [head, ...changes.map(printable)].map((line) => `${line}\n`).join('')
}

/** Set anew on each hop, or ours. */
const passing: ReadonlySet<string> = new Set([
  ...['connection', 'keep-alive', 'transfer-encoding', 'content-length', 'date', 'x-fairway-dev'],
  ...['x-forwarded-for', 'x-forwarded-proto'],
])

const changesOf = (before: Message, after: Message): readonly string[] => [
  ...(before.method === after.method ? [] : [`${before.method} → ${after.method}`]),
  ...(before.target === after.target ? [] : [`${before.target} → ${after.target}`]),
  ...headerChanges(before.headers, after.headers),
  ...(before.body.equals(after.body) ? [] : [`body ${before.body.length} → ${after.body.length} bytes`]),
]

const headerChanges = (before: Message['headers'], after: Message['headers']): readonly string[] => {
  const names = new Set([...before, ...after].map(([name]) => name).filter((name) => !passing.has(name)))
  return [...names].flatMap((name) => {
    const was = valueOf(before, name)
    const is = valueOf(after, name)
    if (was === is) return []
    if (was === undefined) return [`+ ${name}: ${is ?? ''}`]
    return is === undefined ? [`- ${name}: ${was}`] : [`~ ${name}: ${was} → ${is}`]
  })
}

const valueOf = (headers: Message['headers'], name: string): string | undefined => {
  const values = headers.flatMap(([candidate, value]) => (candidate === name ? [value] : []))
  return values.length === 0 ? undefined : values.join(', ')
}

/** What clients and filters write must not steer the terminal. */
const printable = (text: string): string => text.replaceAll(/\p{Cc}+/gu, ' ')
