import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createTerminal } from '../../../test/support/terminal.ts'
import { CliError } from '../verb.ts'
import { codes } from './checks.ts'
import { doctorVerb } from './doctor.ts'

const refusals: readonly (readonly [args: readonly string[], message: RegExp, next?: RegExp])[] = [
  [['-o', 'wide'], /^--output "wide" is none of table, short, json, yaml$/],
  [['--failure-threshold', 'bad'], /^--failure-threshold "bad" is none of error, warning, info$/],
  [['--suppress', 'FW0106,FW0107'], /^there is no code "FW0106,FW0107"$/],
  [['--suppress', 'FW060'], /^there is no code "FW060"$/, /^did you mean FW060\d\?$/],
  [['--suppress', 'FW0601=shop'], /^--suppress "FW0601=shop" names no object$/, /KIND\/NAMESPACE\/NAME/],
  [['--explain', 'FW9999'], /^there is no code "FW9999"$/],
  [['--wait', '--wait-timeout', 'soon'], /^--wait-timeout "soon" is not /],
  [['-n', 'Shop'], /^--namespace "Shop" is no name of a namespace/],
  [['-n', 'shop', '-A'], /^--namespace and --all-namespaces are two answers to one question$/],
  [['--istio-namespace', 'a.b'], /^--istio-namespace "a\.b" is no name of a namespace$/],
  [['shop'], /^unexpected argument "shop"$/],
]

const inCluster = { KUBECONFIG: new URL('../../../test/support/doctor/nowhere.kubeconfig', import.meta.url).pathname }

describe('a command line that cannot be meant', () => {
  for (const [args, message, next] of refusals) {
    it(`is refused: ${args.join(' ')}`, async () => {
      const terminal = createTerminal({ env: inCluster })
      await assert.rejects(doctorVerb.run(args, terminal), (error) => {
        assert.ok(error instanceof CliError, String(error))
        assert.equal(error.exitCode, 64)
        assert.match(error.message, message)
        if (next !== undefined) assert.match(error.next ?? '', next)
        return true
      })
      assert.equal(terminal.stdout(), '')
    })
  }
})

describe('a code', () => {
  for (const [code, { title, cause, cure, level }] of codes) {
    it(`is explained without a cluster: ${code}`, async () => {
      const terminal = createTerminal()
      assert.equal(await doctorVerb.run(['--explain', code.toLowerCase()], terminal), 0)
      assert.equal(terminal.stdout(), `${code} (${level}): ${title}\n\n${cause}\n\n${cure}\n`)
      assert.ok(!/[.]$/.test(title) && /[.]$/.test(cause) && /[.]$/.test(cure), code)
    })
  }
})
