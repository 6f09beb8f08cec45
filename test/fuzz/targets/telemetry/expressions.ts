import assert from 'node:assert/strict'
import { compileCondition, compileExpression } from '../../../../src/lib/expression/compile-expression.ts'
import {
  checkValueExpression,
  findFilterFault,
  type TextFault,
} from '../../../../src/model/telemetry/check-expression.ts'
import { exchangeAttributes } from '../../../../src/model/telemetry/attributes.ts'
import { attributeScope, shownScope } from '../../../../src/telemetry/log/attribute-scope.ts'
import { textMutator } from '../../mutate/text.ts'
import type { FuzzTarget } from '../../engine/target.ts'
import { toldExchanges } from './told.ts'

/** What a value of each type is when it is run. */
const kinds: Readonly<Record<string, string>> = { bool: 'boolean', string: 'string', int: 'number', double: 'number' }

/** Whatever stands in a Telemetry object is refused with its place, or runs on every exchange to a value of its type. */
export const expressionsTarget: FuzzTarget = {
  name: 'expressions',
  format: 'text',
  maxInputBytes: 16_384,
  shortRounds: 400,
  seeds: () =>
    [
      "response.code >= 500 || request.duration > duration('1s') && sample(0.01)",
      "request.headers['x-a'].startsWith('b') ? response.code in [200, 404] : !connection.mtls",
      "request.url_path.matches('^/[a-z]+') || has(request.headers.referer) || response.flags_text.contains('UF')",
      "string(response.code) + downstream_peer.workload == 'a' || size(request.path) > 3u",
    ].map((text) => Buffer.from(text)),
  mutate: textMutator([
    ...Object.keys(exchangeAttributes),
    ...[
      '&&',
      '||',
      '!',
      '(',
      ')',
      '[',
      ']',
      '?',
      ':',
      '==',
      '!=',
      '<=',
      '>',
      ' in ',
      '+',
      '-',
      '.',
      ',',
      '"',
      "'",
      '\\',
    ],
    ...[
      '1',
      '0.5',
      '-1',
      '9223372036854775807',
      '1e400',
      '0x10',
      '2u',
      'true',
      'null',
      "'x'",
      'r"\\"',
      '\n',
      '//',
      '{}',
    ],
    ...[
      "['x-a']",
      'duration(',
      'sample(',
      'has(',
      'size(',
      'string(',
      'int(',
      '.matches(',
      '.contains(',
      "'1s'",
      '(?:a+)+',
    ],
  ]),
  check: (input) => {
    const text = input.toString('utf8')
    const outcome = checkValue(text)
    return `${checkFilter(text)} ${outcome}`
  },
}

const checkFilter = (text: string): string => {
  const fault = findFilterFault(text)
  const compiled = compileCondition(
    text,
    attributeScope(() => 0.5),
  )
  assert.equal(compiled.ok, fault === undefined, 'what is accepted can be carried out')
  if (fault !== undefined) checkFault(fault, text)
  if (!compiled.ok) return 'no condition'
  return toldExchanges
    .map((told) => {
      const is = compiled.value(told)
      assert.equal(typeof is, 'boolean')
      assert.equal(compiled.value(told), is)
      return is
    })
    .join()
}

const checkValue = (text: string): string => {
  const checked = checkValueExpression(text)
  const compiled = compileExpression(text, shownScope)
  assert.equal(compiled.ok, checked.ok, 'what is accepted can be carried out')
  if (!checked.ok) {
    checkFault(checked.fault, text)
    // What is wrong, without the names in it.
    return checked.fault.message.replaceAll(/[^a-z ]\S*|\S*[^a-z ]\S*/g, '').slice(0, 40)
  }
  if (!compiled.ok) return 'no value'
  for (const told of toldExchanges) {
    const value = compiled.value.run(told)
    if (value !== undefined) assert.equal(typeof value, kinds[checked.type] ?? typeof value, checked.type)
  }
  return checked.type
}

const checkFault = ({ message, column }: TextFault, text: string): void => {
  assert.ok(message !== '')
  assert.ok(Number.isInteger(column) && column >= 1 && column <= text.length + 1, `column ${column} of ${text.length}`)
}
