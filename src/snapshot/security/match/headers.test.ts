import assert from 'node:assert/strict'
import { test } from 'node:test'
import { HeaderList } from '../../../http/header-list.ts'
import type { RequestPart } from '../request-facts.ts'
import { compileHeader, compileListHeader } from './headers.ts'

const request = (lines: readonly (readonly [name: string, value: string])[], upgrade?: string): RequestPart => ({
  method: 'GET',
  authority: 'shop',
  path: '/',
  query: '',
  headers: new HeaderList(lines.flat()),
  upgrade,
})

const twoLines = request([
  ['x-a', 'one'],
  ['x-b', 'other'],
  ['x-a', 'two'],
])
const cookies = request([
  ['cookie', 'a=1'],
  ['cookie', 'b=2'],
])

const cases: readonly (readonly [what: string, fits: boolean, expected: boolean])[] = [
  ['lines are joined by a comma', compileHeader('x-a', ['one,two'], 'joined')(twoLines), true],
  ['and by nothing else', compileHeader('x-a', ['one, two'], 'joined')(twoLines), false],
  ['a line is not the value', compileHeader('x-a', ['two'], 'joined')(twoLines), false],
  ['but is one, where it is refused', compileHeader('x-a', ['two'], 'each')(twoLines), true],
  ['cookies are one line', compileHeader('cookie', ['a=1; b=2'], 'joined')(cookies), true],
  ['one of a list', compileListHeader('x-a', ['two'])(twoLines), true],
  ['the list as a whole', compileListHeader('x-a', ['one,two'])(twoLines), true],
  ['the list as it is not', compileListHeader('x-a', ['one, two'])(twoLines), false],
  ['the Upgrade of the connection', compileHeader('upgrade', ['WebSocket'], 'joined')(request([], 'websocket')), true],
  ['one of two protocols', compileListHeader('upgrade', ['websocket'])(request([], 'foo, websocket')), true],
  ['no Upgrade', compileHeader('upgrade', ['*'], 'joined')(request([])), false],
  [
    'what the endpoint is told of the scheme',
    compileHeader('x-forwarded-proto', ['http'], 'joined')(request([])),
    true,
  ],
  [
    'what it was told already',
    compileHeader('x-forwarded-proto', ['http'], 'joined')(request([['x-forwarded-proto', 'https']])),
    false,
  ],
]

for (const [what, fits, expected] of cases)
  test(`header fields in policies: ${what}`, () => assert.equal(fits, expected))
