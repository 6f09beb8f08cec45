import assert from 'node:assert/strict'
import { it } from 'node:test'
import type { Issue } from './decoded.ts'
import { formatIssue } from './format-issue.ts'

const cases: readonly (readonly [name: string, issue: Issue, line: string])[] = [
  [
    'file, line, column, object, field, value and what was expected',
    {
      message: 'wrong value',
      path: 'spec.rules[0].name',
      found: 'X',
      expected: 'a section name',
      object: 'HTTPRoute shop/api',
      position: { file: 'a.yaml', line: 3, column: 7 },
    },
    'a.yaml:3:7: HTTPRoute shop/api spec.rules[0].name: wrong value: found "X", expected a section name',
  ],
  ['a message alone', { message: 'cannot be read' }, 'cannot be read'],
  ['an empty path is no field', { message: 'wrong', path: '', object: 'Pod a/b' }, 'Pod a/b: wrong'],
  [
    'nothing is no quoted value',
    { message: 'is missing', path: 'kind', found: 'nothing' },
    'kind: is missing: found nothing',
  ],
  ['a number has no quotes', { message: 'wrong', found: '80' }, 'wrong: found 80'],
  ['a number that is a text has them once', { message: 'wrong', found: '"80"' }, 'wrong: found "80"'],
  ['what is in braces is as it was written', { message: 'wrong', found: '{"a":1}' }, 'wrong: found {"a":1}'],
  ['a hidden value is no quoted value', { message: 'wrong', found: '(not shown)' }, 'wrong: found (not shown)'],
  [
    'foreign control characters stay one line',
    { message: 'bad\nline\u2028\u001b[31m' },
    'bad\\u000aline\\u2028\\u001b[31m',
  ],
]
for (const [name, issue, line] of cases) it(name, () => assert.equal(formatIssue(issue), line))
