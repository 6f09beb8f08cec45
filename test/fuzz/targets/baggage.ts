import assert from 'node:assert/strict'
import { decodeSpiffeId } from '../../../src/model/identity.ts'
import { describeSource, parseBaggage } from '../../../src/proxy/hbone/baggage.ts'
import { textMutator } from '../mutate/text.ts'
import type { FuzzTarget } from '../engine/target.ts'

const PRINCIPAL = decodeSpiffeId('spiffe://cluster.local/ns/shop/sa/web')
const LONGEST_VALUE = 253

/** Whatever a client says of itself is read without harm, and believed only where its certificate agrees. */
export const baggageTarget: FuzzTarget = {
  name: 'baggage',
  format: 'text',
  maxInputBytes: 65_536,
  shortRounds: 500,
  seeds: () => [Buffer.from('k8s.namespace.name=shop,k8s.deployment.name=web,service.name=web,service.version=v1')],
  mutate: textMutator([
    ...['k8s.namespace.name=shop', 'k8s.pod.name=', 'k8s.cluster.name=a', 'app.name=b', 'app.version=c', ';p=1'],
    ...[',', '=', ' ', '%2C', '__proto__=1', '\t', 'x'.repeat(250)],
  ]),
  check: (input) => {
    const text = input.toString('latin1')
    const baggage = parseBaggage(text)
    for (const value of Object.values(baggage)) {
      if (value === undefined) continue
      assert.ok(typeof value === 'string' && value !== '' && value.length <= LONGEST_VALUE && !value.includes(','))
      assert.equal(value, value.trim())
    }
    assert.ok(PRINCIPAL !== undefined)
    const source = describeSource(PRINCIPAL, '10.0.0.1', text)
    assert.deepEqual([source.namespace, source.serviceAccount], ['shop', 'web'])
    if (baggage.namespace !== 'shop') assert.equal(source.workload ?? source.app ?? source.cluster, undefined)
    return Object.entries(baggage)
      .filter(([, value]) => value !== undefined)
      .map(([name]) => name)
      .join()
  },
}
