import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { formatIssue } from '../../../lib/format-issue.ts'
import { decodeParameters } from './decode-parameters.ts'

const refused: readonly {
  readonly what: string
  readonly data: Readonly<Record<string, string>>
  readonly issue: RegExp
}[] = [
  {
    what: 'an unknown key',
    data: { deploymnet: '{}' },
    issue: /data\.deploymnet.*unknown key; did you mean deployment\?/,
  },
  { what: 'no YAML', data: { service: 'a: [' }, issue: /data\.service.*no YAML/ },
  { what: 'a list', data: { service: '[a]' }, issue: /data\.service.*expected the fields to change/ },
  {
    what: 'a Deployment that is wished away',
    data: { deployment: 'null' },
    issue: /data\.deployment.*cannot be done without/,
  },
  { what: 'another name', data: { service: 'metadata: {name: other}' }, issue: /metadata\.name.*not for parameters/ },
  { what: 'another selector', data: { deployment: 'spec: {selector: {}}' }, issue: /spec\.selector/ },
  {
    what: 'a label by which Pods are found',
    data: { deployment: 'spec: {template: {metadata: {labels: {gateway.networking.k8s.io/gateway-name: x}}}}' },
    issue: /spec\.template\.metadata\.labels\["gateway\.networking\.k8s\.io\/gateway-name"\]/,
  },
  {
    what: 'all metadata taken away',
    data: { deployment: 'metadata: null' },
    issue: /data\.deployment: metadata: is not/,
  },
  { what: 'labels taken away', data: { service: 'metadata: {labels: null}' }, issue: /metadata\.labels: is not/ },
  {
    what: 'labels in place of ours',
    data: { deployment: 'spec: {template: {metadata: {labels: {$patch: replace, a: b}}}}' },
    issue: /spec\.template\.metadata\.labels: is not/,
  },
  {
    what: 'another object',
    data: { service: '{$patch: replace, spec: {}}' },
    issue: /data\.service: all of it: is not/,
  },
  { what: 'a spec that is none', data: { service: 'spec: 7' }, issue: /data\.service: spec: is not/ },
  { what: 'an alias bomb', data: { service: bomb() }, issue: /data\.service/ },
]

function bomb(): string {
  const lines = Array.from(
    { length: 10 },
    (_, i) =>
      `a${i}: &a${i} [${Array(9)
        .fill(i === 0 ? '1' : `*a${i - 1}`)
        .join(',')}]`,
  )
  return lines.join('\n')
}

describe('parameters', () => {
  for (const { what, data, issue } of refused) {
    it(`${what} is refused, by name`, () => {
      const decoded = decodeParameters(data, 'ConfigMap shop/sizes')
      assert.ok(!decoded.ok)
      assert.match(decoded.issues.map(formatIssue).join('\n'), issue)
      assert.ok(decoded.issues.every(({ object }) => object === 'ConfigMap shop/sizes'))
    })
  }

  it('an object that can be done without may be wished away', () => {
    const decoded = decodeParameters({ horizontalPodAutoscaler: 'null', podDisruptionBudget: '', service: '{}' }, 'x')
    assert.deepEqual(decoded, {
      ok: true,
      value: { horizontalPodAutoscaler: null, podDisruptionBudget: {}, service: {} },
    })
  })
})
