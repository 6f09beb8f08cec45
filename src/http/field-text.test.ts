import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fieldText } from './field-text.ts'

const inBytes = (text: string): string => Buffer.from(text, 'utf8').toString('latin1')

const cases: readonly (readonly [what: string, value: string, text: string])[] = [
  ['ASCII', 'curl/8.1', 'curl/8.1'],
  ['UTF-8', inBytes('Müller € 🐈'), 'Müller € 🐈'],
  ['Latin-1, which is no UTF-8', 'M\u00fcller', 'M\u00fcller'],
  ['UTF-8 that breaks off', inBytes('€').slice(0, 2), inBytes('€').slice(0, 2)],
  ['what has been read already', 'Müller €', 'Müller €'],
  ['nothing', '', ''],
]

for (const [what, value, text] of cases) test(`the text of ${what}`, () => assert.equal(fieldText(value), text))
