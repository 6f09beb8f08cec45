import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createTerminal } from '../../test/support/terminal.ts'
import { demoVerb } from './demo.ts'

const wrong: readonly (readonly [args: readonly string[], message: RegExp])[] = [
  [['--requests', '0'], /--requests "0" is not a whole number from 1/],
  [['--requests', 'many'], /--requests "many" is not a whole number/],
  [['--jsn'], /unknown flag --jsn/],
  [['100'], /unexpected argument "100"/],
]
for (const [args, message] of wrong) {
  test(`refused before anything is set up: demo ${args.join(' ')}`, async () => {
    const terminal = createTerminal({ cwd: '/nowhere' })
    await assert.rejects(demoVerb.run(args, terminal), { exitCode: 64, message })
    assert.equal(terminal.stdout() + terminal.stderr(), '')
  })
}

test('a folder that cannot hold the development CA is named, and nothing is left running', async () => {
  const terminal = createTerminal({ cwd: '/dev/null' })
  await assert.rejects(demoVerb.run(['-n', '1'], terminal), {
    code: 'EDEVCA',
    message: /\/dev\/null\/\.fairway\/dev-ca\.pem/,
  })
})
