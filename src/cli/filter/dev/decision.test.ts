import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createTerminal } from '../../../../test/support/terminal.ts'
import { createColours } from '../../terminal/colours.ts'
import { formatDecision, type Decision, type Message } from './decision.ts'

const message = (changes: Partial<Message> = {}): Message => ({
  method: 'GET',
  target: '/hello',
  headers: [],
  body: Buffer.alloc(0),
  ...changes,
})

const response = (changes: Partial<Message> = {}): Message => message({ method: '', target: '', ...changes })

const decision = (changes: Partial<Decision> = {}): Decision => ({
  sent: message(),
  arrived: message(),
  status: 200,
  answered: response(),
  received: response(),
  reason: 'via_upstream',
  durationMs: 3,
  ...changes,
})

const cases: readonly (readonly [what: string, decision: Decision, lines: readonly string[]])[] = [
  ['nothing was changed', decision(), ['GET /hello 200 3 ms']],
  [
    'a filter replied',
    decision({ arrived: undefined, answered: undefined, status: 403, reason: 'no_tenant' }),
    ['GET /hello 403 no_tenant 3 ms'],
  ],
  [
    'headers of the request',
    decision({
      sent: message({
        headers: [
          ['a', '1'],
          ['b', '2'],
          ['c', '3'],
          ['c', '4'],
        ],
      }),
      arrived: message({
        headers: [
          ['a', '1'],
          ['b', '5'],
          ['d', '6'],
        ],
      }),
    }),
    ['GET /hello 200 3 ms', '  request   ~ b: 2 → 5', '  request   - c: 3, 4', '  request   + d: 6'],
  ],
  [
    'where it goes',
    decision({ arrived: message({ target: '/v2/hello?x' }) }),
    ['GET /hello 200 3 ms', '  request   /hello → /v2/hello?x'],
  ],
  [
    'bodies',
    decision({
      arrived: message({ body: Buffer.from('abc') }),
      answered: response({ body: Buffer.from('abc') }),
      received: response({ body: Buffer.from('***!') }),
    }),
    ['GET /hello 200 3 ms', '  request   body 0 → 3 bytes', '  response  body 3 → 4 bytes'],
  ],
  [
    'what each hop sets anew is no change',
    decision({
      sent: message({ headers: [['connection', 'close']] }),
      arrived: message({
        headers: [
          ['x-fairway-dev', 'id'],
          ['x-forwarded-for', '127.0.0.1'],
          ['transfer-encoding', 'chunked'],
        ],
      }),
    }),
    ['GET /hello 200 3 ms'],
  ],
  [
    'nothing steers the terminal',
    decision({
      sent: message({ target: '/\u001b[2J' }),
      arrived: message({ target: '/', headers: [['a', '\u0007']] }),
    }),
    ['GET / [2J 200 3 ms', '  request   / [2J → /', '  request   + a:  '],
  ],
]

for (const [what, shown, lines] of cases) {
  test(`${what}: ${lines.length} lines`, () => {
    const terminal = createTerminal()
    assert.deepEqual(formatDecision(shown, createColours(terminal.out, {})), `${lines.join('\n')}\n`)
  })
}
