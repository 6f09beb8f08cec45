import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decodeLogLine, LogWatch } from './log-line.ts'

const line = (level: string, message: string): string => JSON.stringify({ time: 'now', level, message })

const cases: readonly (readonly [text: string, expected: ReturnType<typeof decodeLogLine>])[] = [
  [line('warn', 'hm'), { level: 'warn', text: 'hm' }],
  [line('strange', 'hm'), { level: 'info', text: 'hm' }],
  ['{"level":"info","message":"in force","generation":3}', { level: 'info', text: 'in force (generation 3)' }],
  ['{"event":"ready"}', undefined],
  ['', undefined],
  ['null', undefined],
  ['TypeError: x', { level: 'error', text: 'TypeError: x' }],
  [line('error', 'a\u001b[2J\u009bb\nc'), { level: 'error', text: 'a [2J b c' }],
]
for (const [text, expected] of cases) {
  test(`log line ${JSON.stringify(text)}`, () => assert.deepEqual(decodeLogLine(text), expected))
}

test('the first complaint is not wiped out by what comes right behind it, but by the next news', () => {
  const watch = new LogWatch()
  const shown: (string | undefined)[] = [watch.shown?.text]
  for (const text of [
    line('info', 'one'),
    line('warn', 'bad'),
    line('error', 'so it is closed'),
    line('info', 'two'),
    line('debug', 'noise'),
    line('info', 'three'),
  ]) {
    watch.note(text)
    shown.push(watch.shown?.text)
  }
  assert.deepEqual(shown, [undefined, 'one', 'bad', 'bad', 'bad', 'bad', 'three'])
})
