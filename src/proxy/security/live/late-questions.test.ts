import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { modelOf, noFilters } from '../../../../test/support/models.ts'
import { compile } from '../../../snapshot/compile.ts'
import type { RulePlan } from '../../../snapshot/security/policy-plans.ts'
import type { AskedConnection, ConnectionAnswer, ConnectionAuthorizer } from '../ext-authz/connection-authorizer.ts'
import { LateQuestions } from './late-questions.ts'

const snapshot = compile(modelOf([]), { generation: 7, filters: noFilters })
const rule = { policy: { key: 'shop/ask', provider: 'login' } } as unknown as RulePlan
const about = (name: string, rules = [rule]) => ({ name, rules }) as unknown as Omit<AskedConnection, 'snapshot'>

/** Questions to somebody who answers when the test says so. */
const start = () => {
  const open: { readonly asked: AskedConnection; readonly answer: Parameters<ConnectionAuthorizer['check']>[1] }[] = []
  const errors: string[] = []
  const questions = new LateQuestions({
    authorizer: {
      check: (asked, answer) => {
        open.push({ asked, answer })
        return () => {}
      },
    },
    snapshot: () => snapshot,
    onError: (message) => errors.push(message),
  })
  return { questions, open, errors }
}

describe('questions about what is under way', () => {
  it('are put a few at a time, each in its turn', () => {
    const { questions, open } = start()
    const answered: number[] = []
    for (let i = 0; i < 600; i++) questions.ask({ about: () => about(`${i}`), onAnswer: () => answered.push(i) })
    assert.equal(open.length, 256)
    assert.equal(open[0]?.asked.snapshot.generation, 7)
    for (let i = 0; i < 600; i++) open[i]?.answer(undefined)
    assert.deepEqual([open.length, answered.length, answered[599]], [600, 600, 599])
  })

  it('are not put when there is nothing left to ask, and others have their turn', () => {
    const { questions, open } = start()
    const answers: (ConnectionAnswer['details'] | undefined)[] = []
    for (const what of [undefined, about('no rules', []), about('one')]) {
      questions.ask({ about: () => what, onAnswer: (refusal) => answers.push(refusal?.details) })
    }
    assert.deepEqual(answers, [undefined, undefined])
    open[0]?.answer({ rule, details: 'ext_authz_denied' })
    assert.deepEqual([open.length, answers[2]], [1, 'ext_authz_denied'])
  })

  it('go on after one whose answer could not be dealt with', () => {
    const { questions, open, errors } = start()
    const broken = (): never => {
      throw new Error('a bug')
    }
    for (let i = 0; i < 257; i++) questions.ask({ about: () => about(`${i}`), onAnswer: broken })
    open[0]?.answer(undefined)
    assert.deepEqual([open.length, errors.length], [257, 1])
  })
})
