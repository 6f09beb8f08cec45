import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { parse } from 'yaml'
import { createTerminal } from '../../../test/support/terminal.ts'
import { runProgram } from '../program.ts'
import { verbs } from '../verbs.ts'

const generate = async (...args: readonly string[]) => {
  const terminal = createTerminal()
  const code = await runProgram({ version: '0', verbs }, ['waypoint', 'generate', ...args], terminal)
  return { code, out: terminal.stdout(), err: terminal.stderr() }
}

describe('fairway waypoint generate', () => {
  it('prints the Gateway that apply applies, without a cluster', async () => {
    const { code, out } = await generate()
    assert.equal(code, 0)
    assert.equal(
      out,
      [
        'apiVersion: gateway.networking.k8s.io/v1',
        'kind: Gateway',
        'metadata:',
        '  name: waypoint',
        'spec:',
        '  gatewayClassName: fairway-waypoint',
        '  listeners:',
        '    - name: mesh',
        '      port: 15008',
        '      protocol: HBONE',
        '',
      ].join('\n'),
    )
  })

  it('with all that the flags say, as YAML and as JSON', async () => {
    const args = ['-n', 'shop', '--name', 'jobs', '--for', 'workload', '-r', 'canary', '--class', 'big']
    const found = parse((await generate(...args)).out)
    assert.deepEqual(found.metadata, {
      name: 'jobs',
      namespace: 'shop',
      labels: { 'istio.io/waypoint-for': 'workload', 'istio.io/rev': 'canary' },
    })
    assert.equal(found.spec.gatewayClassName, 'big')
    assert.deepEqual(JSON.parse((await generate(...args, '-o', 'json')).out), found)
  })

  const wrong: readonly (readonly [args: readonly string[], message: RegExp])[] = [
    [
      ['--name', 'none'],
      /--name none: a Gateway of that name cannot be used\n {2}label istio\.io\/use-waypoint=none is a no/,
    ],
    [['--name', 'Way_Point'], /--name "Way_Point" is no name: at most 63 of/],
    [['--name', 'a'.repeat(64)], /is no name: at most 63/],
    [['--for', 'services'], /--for "services" is none of service, workload, all, none/],
    [['-r', 'a b'], /--revision "a b" cannot be the value of a label/],
    [['-n', 'a.b'], /--namespace "a\.b" is no name of a namespace/],
    [['-o', 'table'], /--output "table" is none of yaml, json/],
    [['x'], /unexpected argument "x"/],
  ]
  for (const [args, message] of wrong) {
    it(`refuses ${args.join(' ')}`, async () => {
      const { code, err } = await generate(...args)
      assert.equal(code, 64)
      assert.match(err, message)
    })
  }
})
