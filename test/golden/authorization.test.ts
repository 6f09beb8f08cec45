/**
 * AuthorizationPolicies as an operator writes them, and whom they let in. Each file of `authorization` goes through
 * loader, translation and compilation; what is asked is what the data path asks.
 */
import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { readCases, verdicts, type AuthorizationCase, type CaseRequest } from '../support/authorization/case-file.ts'
import { Judge } from '../support/authorization/judge.ts'

const folder = join(import.meta.dirname, 'authorization')
const files = readdirSync(folder)
  .filter((name) => name.endsWith('.yaml'))
  .toSorted()
  .map((name) => ({ name, cases: readCases(join(folder, name)) }))

const formatRequest = ({ from, to, http, tcp, ...rest }: CaseRequest): string => {
  const { by: _by, notes: _notes, ...parts } = rest
  const others = Object.entries(parts).map(([name, value]) => `${name} ${JSON.stringify(value)}`)
  return [tcp ? 'a connection' : http, `from ${from} to ${to}`, ...others].join(', ')
}

const declare = (one: AuthorizationCase): void => {
  describe(one.it, () => {
    const judge = new Judge(one)
    for (const verdict of verdicts) {
      for (const request of one[verdict]) {
        it(`${verdict}: ${formatRequest(request)}`, () => {
          const outcome = judge.ask(request)
          assert.equal(outcome.verdict, verdict, `by ${outcome.by}`)
          if (request.by !== undefined) assert.equal(outcome.by, request.by)
          if (request.notes !== undefined) assert.deepEqual(outcome.notes, request.notes)
        })
      }
    }
  })
}

for (const { name, cases } of files) describe(name, () => cases.forEach(declare))

it('there are at least 300 cases, and no two of a file are called the same', (context) => {
  const count = files
    .flatMap(({ cases }) => cases)
    .reduce((sum, one) => sum + verdicts.reduce((some, verdict) => some + one[verdict].length, 0), 0)
  context.diagnostic(`${count} cases in ${files.length} files`)
  assert.ok(count >= 300, `${count} cases`)
  for (const { name, cases } of files) assert.equal(new Set(cases.map((one) => one.it)).size, cases.length, name)
})
