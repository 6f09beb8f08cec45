import assert from 'node:assert/strict'
import { test } from 'node:test'
import { packageRoot } from '../package-root.ts'
import { isInForce, wordsOfLog } from './log-words.ts'

const line = (level: string, message: string): string => JSON.stringify({ level, message })
const ours = `at HookRun.start (file://${packageRoot}/src/filter/hook-run.ts:39:18)`

const cases: readonly (readonly [line: string, words: string | undefined])[] = [
  [line('warn', 'Filter shop/a: a.ts:3: no'), 'warn: Filter shop/a: a.ts:3: no'],
  [line('info', 'filter shop/a is called again'), 'filter shop/a is called again'],
  [line('info', 'configuration in force'), undefined],
  [line('debug', 'filter'), undefined],
  ['Debugger listening on ws://127.0.0.1:9229/x', 'Debugger listening on ws://127.0.0.1:9229/x'],
  ['For help, see: https://nodejs.org/en/docs/inspector', undefined],
  ['a crash', 'error: a crash'],
  [
    line(
      'error',
      `filter shop/a failed (throw): Error: no\n    at f (/x/a.ts:3:1)\n    ${ours}\n    at node:internal:1`,
    ),
    'error: filter shop/a failed (throw): Error: no\n    at f (/x/a.ts:3:1)',
  ],
]

for (const [written, words] of cases) {
  test(`${written.slice(0, 60)}: ${words ?? 'nothing'}`, () => assert.equal(wordsOfLog(written), words))
}

test('it is known when a configuration has taken over', () => {
  assert.ok(isInForce(line('info', 'configuration in force')))
  assert.ok(!isInForce(line('info', 'draining')))
})
