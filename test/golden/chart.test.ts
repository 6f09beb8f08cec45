/**
 * The chart: `chart/NAME/values.yaml` are values, `objects.yaml` what Helm makes of them, without what is generated
 * (roles, dashboards, alerts). `UPDATE_GOLDEN=1` with a Helm at hand writes them anew. Without a Helm the objects are
 * those of the last time, and `sources.json` tells whether the chart has changed since.
 */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { globSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { isNeeded, type Value, type ValueTree } from '../../scripts/generate/chart/value-node.ts'
import { chartValues } from '../../scripts/generate/chart/values.ts'
import {
  chartCaseNames,
  chartCases,
  chartFolder,
  findHelm,
  lintChart,
  parseObjects,
  renderChart,
  whyNoHelm,
} from '../support/chart/chart.ts'

const helm = findHelm() ?? ''
const skip = whyNoHelm(findHelm())
const isUpdate = process.env['UPDATE_GOLDEN'] === '1'

/** Objects of templates that are made of data, which has tests of its own. */
const isGenerated = (document: string): boolean =>
  /^# Source: fairway\/templates\/(?:roles|dashboards|alerts)\.yaml$/m.test(document)

const goldenOf = (rendered: string): string =>
  rendered
    .split(/^---\n/m)
    .filter((document) => document.trim() !== '' && !isGenerated(document))
    .join('---\n')

const read = (...path: readonly string[]): string => readFileSync(join(...path), 'utf8')

/** What the objects depend on, by a hash of each file. */
const sourcesOf = (): string => {
  const files = globSync(['Chart.yaml', 'values.yaml', 'templates/**/*.*'], { cwd: chartFolder })
    .filter((file) => !/(?:roles\.yaml|NOTES\.txt)$/.test(file))
    .toSorted()
  const hashes = files.map((file) => [file, createHash('sha256').update(read(chartFolder, file)).digest('hex')])
  return `${JSON.stringify(Object.fromEntries(hashes), undefined, 2)}\n`
}

describe('the chart makes of', { skip }, () => {
  for (const name of chartCaseNames) {
    it(`${name} what stands in objects.yaml`, () => {
      const rendered = renderChart(helm, ['--values', join(chartCases, name, 'values.yaml')])
      assert.ok(rendered.isGood, rendered.text)
      const golden = goldenOf(rendered.text)
      const file = join(chartCases, name, 'objects.yaml')
      if (isUpdate) writeFileSync(file, golden)
      assert.equal(golden, read(file))
    })
  }
})

it('the objects are those of the chart as it is', () => {
  const file = join(chartCases, 'sources.json')
  if (isUpdate && skip === false) writeFileSync(file, sourcesOf())
  assert.equal(sourcesOf(), read(file), 'the chart has changed: run this test with UPDATE_GOLDEN=1 and a helm on PATH')
})

interface BadCase {
  readonly set: readonly string[]
  readonly message: RegExp
}

const bad: Readonly<Record<string, BadCase>> = {
  'another type': {
    set: ['controller.replicas=two'],
    message: /at '\/controller\/replicas': got string, want integer/,
  },
  'a typing mistake': {
    set: ['waypoint.rplicas=3'],
    message: /at '\/waypoint': additional properties 'rplicas' not allowed/,
  },
  'an unknown value at the top': {
    set: ['replicaCount=3'],
    message: /additional properties 'replicaCount' not allowed/,
  },
  'a word that is none of those': {
    set: ['controller.spread=Always'],
    message: /at '\/controller\/spread': value must be one of 'ScheduleAnyway', 'DoNotSchedule', 'None'/,
  },
  'a digest without its algorithm': {
    set: ['image.digest=0123'],
    message: /at '\/image\/digest': '0123' does not match pattern/,
  },
  'memory of a quantity that is none': {
    set: ['waypoint.resources.limits.memory=1 GB'],
    message: /at '\/waypoint\/resources\/limits\/memory': 'oneOf' failed/,
  },
  'a label by which waypoints are found': {
    set: ['waypoint.podLabels.istio\\.io/dataplane-mode=ambient'],
    message: /at '\/waypoint\/podLabels'.*propertyNames|invalid propertyName 'istio.io\/dataplane-mode'/,
  },
  'a group that is taken away, as one that an older chart had not': {
    set: ['mesh=null', 'controller.replicas=null'],
    message: /at '': missing property 'mesh'\n- at '\/controller': missing property 'replicas'/,
  },
  'no port of the API server': {
    set: ['networkPolicy.apiServerPorts={0}'],
    message: /at '\/networkPolicy\/apiServerPorts\/0': minimum: got 0, want 1/,
  },
  'replicas beside an autoscaler': {
    set: ['waypoint.replicas=3'],
    message: /waypoint\.replicas is 3, and waypoint\.autoscaling\.enabled is true: .*Set one of them/,
  },
  'fewer replicas at most than at least': {
    set: ['waypoint.autoscaling.minReplicas=20'],
    message: /minReplicas is 20, more than maxReplicas, which is 10/,
  },
  'a format of a log that there is not': {
    set: ['waypoint.accessLog.format=%DURATION%'],
    message: /waypoint\.accessLog has a format or a filter, and no encoding: set waypoint\.accessLog\.encoding/,
  },
  'a filter of flows that go nowhere': {
    set: ['waypoint.flowLog.filter=sample(0.1)'],
    message: /waypoint\.flowLog has a filter, and goes nowhere/,
  },
  'more than all': {
    set: ['waypoint.tracing.samplingPercent=101'],
    message: /at '\/waypoint\/tracing\/samplingPercent': 'oneOf' failed/,
  },
  'an account that is not named': {
    set: ['serviceAccount.create=false'],
    message: /serviceAccount\.name is empty: with serviceAccount\.create=false/,
  },
}

describe('the chart refuses', { skip }, () => {
  for (const [name, { set, message }] of Object.entries(bad)) {
    it(name, () => {
      const rendered = renderChart(
        helm,
        set.flatMap((one) => ['--set', one]),
      )
      assert.ok(!rendered.isGood, rendered.text)
      assert.match(rendered.text, message)
    })
  }

  it('a Kubernetes that is too old', () => {
    const rendered = renderChart(helm, ['--kube-version=1.29.9'])
    assert.match(
      rendered.text,
      /chart requires kubeVersion: >=1\.30\.0-0 which is incompatible with Kubernetes v1\.29\.9/,
    )
  })

  it('a cluster without Gateway API, and says where it comes from', () => {
    // What only a live cluster has, and helm template is told that it is one.
    const rendered = renderChart(helm, ['--api-versions=apiregistration.k8s.io/v1'])
    assert.match(rendered.text, /Gateway API is not installed in this cluster: .*gateway-api\.sigs\.k8s\.io/)
    const there = [
      '--api-versions=apiregistration.k8s.io/v1',
      '--api-versions=gateway.networking.k8s.io/v1/GatewayClass',
    ]
    assert.ok(renderChart(helm, there).isGood)
  })
})

it('null is as good as nothing for all that can be done without', { skip }, () => {
  const optional = pathsOf(chartValues, '').filter(({ node }) => !isNeeded(node))
  assert.ok(optional.length > 20)
  const switches = pathsOf(chartValues, '').filter(({ node }) => node.byDefault === false)
  const rendered = renderChart(helm, [
    ...optional.map(({ path }) => `--set=${path}=null`),
    ...switches.map(({ path }) => `--set=${path}=true`),
  ])
  assert.ok(rendered.isGood, rendered.text)
  assert.ok(parseObjects(rendered.text).length > 20)
})

const pathsOf = (values: ValueTree, prefix: string): readonly { readonly path: string; readonly node: Value }[] =>
  Object.entries(values).flatMap(([key, node]) =>
    node.kind === 'group' ? pathsOf(node.values, `${prefix}${key}.`) : [{ path: `${prefix}${key}`, node }],
  )

describe('the chart is without fault', { skip }, () => {
  for (const name of chartCaseNames) {
    it(`to helm lint --strict, with the values of ${name}`, () => {
      const { isGood, text } = lintChart(helm, ['--values', join(chartCases, name, 'values.yaml')])
      assert.ok(isGood, text)
      assert.doesNotMatch(text, /\[(?:INFO|WARNING|ERROR)\]/)
    })
  }
})
