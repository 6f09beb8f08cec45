import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { cleanObjects, meshOf, objectsIn } from '../../../test/support/doctor/mesh-case.ts'
import { createTerminal } from '../../../test/support/terminal.ts'
import { createColours } from '../terminal/colours.ts'
import { formatReport, formatShort } from './format-report.ts'
import { createDocument } from './report-document.ts'
import { runChecks, type Report } from './run-checks.ts'

const clean = cleanObjects(objectsIn(readFileSync(join(import.meta.dirname, 'cases/clean.yaml'), 'utf8')))
const mesh = meshOf(clean, {
  change: [
    { kind: 'Service', metadata: { name: 'api', namespace: 'shop', labels: { 'istio.io/use-waypoint': 'waypiont' } } },
  ],
  served: { 'PodMetrics.metrics.k8s.io': [] },
})
const report = runChecks(mesh)
const lookOf = (isTty: boolean) => {
  const { out, env } = createTerminal({ isTty })
  return { colours: createColours(out, env), maxWidth: isTty ? 80 : undefined }
}

const ESCAPE = String.fromCodePoint(27)

describe('for people', () => {
  it('findings stand below the claim that they are against, each with what to do next', () => {
    const text = formatReport(report, lookOf(false))
    assert.ok(
      text.includes(`Services and their waypoints
────────────────────────────
× what asks for a waypoint has one
    FW0601 Service shop/api: asks for waypoint shop/waypiont, which is not there: traffic goes past routes and policies; did you mean waypoint?
      → kubectl label service api -n shop --overwrite istio.io/use-waypoint=waypoint
- Services with a waypoint have an address, and Pods that can be reached in the mesh  no Service with a waypoint
`),
      text,
    )
    assert.match(text, /✓ the MeshConfig can be read {2}trust domain cluster\.local\n/)
    assert.match(
      text,
      /\n‼ waypoints can be scaled, and their nodes drained\n {4}FW0509 metrics\.k8s\.io is not served/,
    )
    assert.match(text, /\n32 checks: 1 error, 1 warning\nfairway doctor --explain CODE says more of each/)
    assert.ok(!text.includes(ESCAPE))
  })

  it('on a terminal there are colours, and lines end where it does', () => {
    const text = formatReport(report, lookOf(true))
    assert.ok(text.includes(`${ESCAPE}[31m×${ESCAPE}[39m`))
    const lines = text.replaceAll(new RegExp(`${ESCAPE}\\[\\d+m`, 'g'), '').split('\n')
    const below = lines.filter((line) => /^ {4,}[^ →]/.test(line))
    assert.ok(below.length >= 3)
    for (const line of below) assert.ok(line.length <= 80, line)
  })

  it('in short, findings alone', () => {
    const lines = formatShort(report, lookOf(false)).split('\n')
    assert.deepEqual(
      lines.map((line) => line.split(' ').slice(0, 2).join(' ')),
      ['‼ FW0509', '× FW0601', '32 checks:', 'fairway doctor', ''],
    )
  })

  it('that all is fine', () => {
    assert.equal(formatShort(runChecks(meshOf(clean, {})), lookOf(false)), '32 checks: all fine\n')
  })

  it('how much was left out', () => {
    const some = runChecks(mesh, [{ code: 'FW0509', object: undefined }])
    assert.match(formatShort(some, lookOf(false)), /32 checks: 1 error; 1 finding left out by --suppress/)
  })
})

it('what an object says cannot steer a terminal, nor show a secret', () => {
  const check = { name: 'x', section: 'cluster', title: 'x' } as const
  const message = `a${ESCAPE}[2Jb\nc Authorization: Bearer abcdefghijklmnop.qrstuvwxyz`
  const one = { code: 'FW0801', level: 'error', message, next: `kubectl\u2028get` } as const
  const hostile: Report = { results: [{ check, state: 'error', findings: [one], detail: undefined }], suppressed: 0 }
  for (const text of [
    formatReport(hostile, lookOf(false)),
    formatShort(hostile, lookOf(false)),
    JSON.stringify(createDocument(hostile, mesh)),
  ]) {
    assert.ok(!text.includes(ESCAPE) && !text.includes('qrstuvwxyz') && !text.includes('\u2028'), text)
  }
})

it('for programs, one document', () => {
  const { checks, ...head } = createDocument(report, mesh)
  assert.deepEqual(head, {
    apiVersion: 'cli.fairway.dev/v1alpha1',
    kind: 'DoctorReport',
    cluster: { server: 'https://10.0.0.1:6443', version: 'v1.34.1' },
    summary: { checks: 32, errors: 1, warnings: 1, infos: 0, suppressed: 0 },
  })
  assert.deepEqual(
    checks.find(({ name }) => name === 'bound'),
    {
      name: 'bound',
      section: 'services',
      title: 'what asks for a waypoint has one',
      state: 'error',
      findings: [
        {
          code: 'FW0601',
          level: 'error',
          object: { kind: 'Service', namespace: 'shop', name: 'api' },
          message:
            'asks for waypoint shop/waypiont, which is not there: traffic goes past routes and policies; did you mean waypoint?',
          next: 'kubectl label service api -n shop --overwrite istio.io/use-waypoint=waypoint',
        },
      ],
    },
  )
})
